/* SPDX-License-Identifier: MIT
 * The boot word profile=HZ, and the way of its samples out of the kernel: frames that the kernel
 * itself sends, before a frame of others' and at the end of the boot. Ring 3 cannot read them.
 * Called by the boot's order, by `trace:` and by the wire. */
#ifndef TACH_CORE_SAMPLER_H
#define TACH_CORE_SAMPLER_H

/* Begins where the boot word asks for it; a rate or a machine that cannot be ends the boot. */
void sampler_begin(void);

/* Sends what was sampled since; nothing where the sampler is off. */
void sampler_send(void);

/* The same at the end of the boot, and one line of what there was. */
void sampler_finish(void);

#endif

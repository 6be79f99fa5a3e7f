/* SPDX-License-Identifier: MIT
 * What a run does beside its work: CR3, GS, the counters and records of the trace variants. */
#ifndef TACH_FASTPATH_TEST_EFFECTS_H
#define TACH_FASTPATH_TEST_EFFECTS_H

#include <stdbool.h>

/* Before the run: the machine as a user of the world's caller leaves it. Variant: 2 * isolation +
 * trace. fault: as the trap stub leaves it, with the kernel's root and GS. */
void effects_expect(unsigned variant, bool fault);

/* After it: everything seen is what this way through this variant has to do. linked: a service in
 * the kernel ran. */
bool effects_good(bool fast, bool linked);

/* Blanks in the world what effects_good has judged. */
void effects_forget(void);

#endif

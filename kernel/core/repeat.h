/* SPDX-License-Identifier: MIT
 * Frames that the line lost, sent again on request: selective repeat, after END, by the boot word
 * repeat=. Invariant: nothing is sent again that was not asked for, and memory is bounded: where it
 * ends, later frames are not kept, and a request for one has no answer. Called by wire.c,
 * interrupts off. */
#ifndef TACH_CORE_REPEAT_H
#define TACH_CORE_REPEAT_H

#include <stdint.h>

/* Reads the boot word. */
void repeat_init(void);

/* Keeps a frame (its header and body, below 2^16 bytes) where the word asks for it. */
void repeat_keep(const uint8_t *frame, uint64_t bytes);

/* Answers requests until the host says that it has all, or has been silent for the time of the
 * word. */
void repeat_serve(uint32_t boot_id);

/* Nothing is kept or answered any more. */
void repeat_drop(void);

#endif

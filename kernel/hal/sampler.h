/* SPDX-License-Identifier: MIT
 * The sampler: where the CPU is, asked at random times around a rate. The PIT's line, or the
 * overflow of the core's cycle counter, comes as an NMI, so that the kernel, which runs with
 * interrupts off, is seen at every instruction. The ring
 * is written by the NMI alone and read by the kernel's stack alone; each moves a counter of its
 * own, so neither ever waits for the other. Off, it costs nothing. */
#ifndef TACH_HAL_SAMPLER_H
#define TACH_HAL_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/wire.h"
#include "kernel/hal/trap.h"

#define SAMPLER_HZ_MIN 30u
#define SAMPLER_HZ_MAX 100000u

/* Takes pages for the ring, and the PIT with its line or the CPU's event counters by `source`
 * (SAMPLES_*), and begins. 0, or why it cannot, in a few words. After irq_init; once; hz within the
 * bounds above, of the cycle counter at the TSC's rate. */
const char *sampler_start(uint32_t hz, uint32_t source);

/* True: no samples are taken until it is called with false. */
void sampler_hold(bool hold);

/* Moves up to max samples, oldest first, and the counters; names stay empty. Returns how many. */
uint64_t sampler_take(struct wire_samples *head, struct wire_sample *to, uint64_t max);

/* Every NMI, on its own stack: faults nowhere, reads the kernel's memory only. */
void sampler_nmi(const struct trap_frame *frame);

#endif

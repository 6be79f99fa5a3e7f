/* SPDX-License-Identifier: MIT
 * The CPU's own event counters: instructions, core cycles, and where the model's encodings are
 * known page walks and misses of the first data cache. Only what CPUID offers is touched, first by
 * accesses that may fault; what faults, forgets or stands still is absent, never 0. Ring 3 never
 * reads one: CR4.PCE is clear for ever. Called by core/counters.c and by the sampler. Own CPU,
 * interrupts off. */
#ifndef TACH_HAL_PMU_H
#define TACH_HAL_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

/* What was counted since pmu_begin: `count` of an entry never wraps, `empty` is 0. */
struct pmu_reading {
    uint8_t version, bits; /* as in struct wire_counters */
    uint32_t entries;
    struct wire_counter list[COUNTERS_MAX];
};

/* Programs the counters that this CPU has, for both rings, and begins to count. Where there are
 * none at all (CPUID 0AH version below 2, and not AMD's extended ones) nothing is touched. */
void pmu_begin(void);

/* Reads them all, the same instructions each time. False: there are none, *out has no entries. */
bool pmu_read(struct pmu_reading *out);

/* The cycle counter becomes the sampler's: it interrupts at its overflow, and nothing else is
 * counted any more. Not armed yet. 0, or why it cannot be, in a few words. */
const char *pmu_sample_begin(void);

/* The next overflow after that many core cycles: 1 to 2^31 - 1. Of the NMI's own stack too. */
void pmu_sample_arm(uint32_t cycles);

/* Whether the counter has overflown; that is acknowledged, or else (AMD before PerfMonV2) stays so
 * until the next arming. Of the NMI's own stack. */
bool pmu_sample_due(void);

#endif

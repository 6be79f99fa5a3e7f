/* SPDX-License-Identifier: MIT
 * Finds out how fast the TSC and the APIC timer run. Called by apic.c, once. */
#ifndef TACH_HAL_CLOCK_H
#define TACH_HAL_CLOCK_H

#include <stdint.h>

/* What was found. */
struct clock_rates {
    uint64_t tsc_hz;
    uint8_t tsc_source;     /* as in struct wire_hello */
    uint64_t timer_per_tsc; /* timer ticks in one TSC tick, times 2^32 */
};

/* The source in words, for people. */
const char *clock_source_name(uint8_t source);

/* Takes 2 to 4 ms, on a PC 20 to 30, more if it is disturbed. timer_count reads the APIC timer,
 * which counts down from 2^32 - 1 meanwhile. */
struct clock_rates clock_measure(uint32_t (*timer_count)(void));

#endif

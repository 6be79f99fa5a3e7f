/* SPDX-License-Identifier: MIT
 * See clock.h. */
#include "kernel/test/guest/lib/clock.h"

#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"

#define SETTLE_NS    200000u
#define SETTLE_TRIES 2000u
#define EXACT_TURNS  100000u /* of two instructions */
#define EXACT_EDGES  3000u   /* the stamps, and perhaps an interrupt */

uint64_t clock_now(void)
{
    return sys_clock(CLOCK_NS);
}

uint64_t clock_in(uint64_t ns)
{
    return clock_now() + ns;
}

void clock_nap(uint64_t ns)
{
    CHECK_EQ(sys_sleep(clock_in(ns)), 0);
}

void clock_settle(void)
{
    long before = sysfile_number("sys:counters", "halts");

    for (unsigned i = 0; i < SETTLE_TRIES; i++) {
        sys_sleep(clock_in(SETTLE_NS));
        if (sysfile_number("sys:counters", "halts") != before)
            return;
    }
}

uint64_t clock_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

bool clock_exact(void)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t start = clock_tsc(), turns = EXACT_TURNS;
        __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns));
        uint64_t ticks = clock_tsc() - start;
        if (ticks < 2 * EXACT_TURNS || ticks > 2 * EXACT_TURNS + EXACT_EDGES)
            return false;
    }
    return true;
}

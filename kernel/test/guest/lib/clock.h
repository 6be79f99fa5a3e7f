/* SPDX-License-Identifier: MIT
 * Time as tests see it. The host may not run this CPU for a fifth of a second at any moment, and
 * the clock goes on meanwhile: whoever sleeps "long enough for the others" has to make sure of it,
 * and upper bounds hold only where the clock counts instructions. */
#ifndef TACH_KERNEL_TEST_CLOCK_H
#define TACH_KERNEL_TEST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define MS 1000000ull /* in ns */

/* CLOCK_NS, now and in ns from now. */
uint64_t clock_now(void);
uint64_t clock_in(uint64_t ns);

/* Sleeps for ns at least; a failed check if anything ended it before. */
void clock_nap(uint64_t ns);

/* Until the CPU has halted: all others wait for something, or sleep. Gives up, without a failed
 * check, where somebody computes on and on. Needs sys:. */
void clock_settle(void);

/* The time stamp counter. */
uint64_t clock_tsc(void);

/* Whether that counts instructions: a loop takes the same every time. */
bool clock_exact(void);

#endif

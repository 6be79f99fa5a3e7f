/* SPDX-License-Identifier: MIT
 * One stream of random numbers for a test program: seeded once, uniform and normal. One program
 * includes it once. */
#ifndef TACH_BENCH_TEST_RANDOM_H
#define TACH_BENCH_TEST_RANDOM_H

#include <math.h>

#include "bench/judge/random.h"

static uint64_t random_state;

static inline void random_seed(uint64_t seed)
{
    random_state = seed;
}

static inline uint64_t random_next(void)
{
    return random_step(&random_state);
}

/* Above 0, below 1. */
static inline double random_part(void)
{
    return ((double)(random_next() >> 11) + 0.5) / 9007199254740992.0;
}

/* Standard normal (Box and Muller, one of the two). */
static inline double random_normal(void)
{
    return sqrt(-2 * log(random_part())) * cos(2 * M_PI * random_part());
}

#endif

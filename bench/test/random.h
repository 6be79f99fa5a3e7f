/* SPDX-License-Identifier: MIT
 * Random numbers of tests and of `make truth`: SplitMix64, the same on every machine and C library,
 * so that a figure names its seed and nothing else. One program includes it once. */
#ifndef TACH_BENCH_TEST_RANDOM_H
#define TACH_BENCH_TEST_RANDOM_H

#include <math.h>
#include <stdint.h>

static uint64_t random_state;

static inline void random_seed(uint64_t seed)
{
    random_state = seed;
}

static inline uint64_t random_next(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
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

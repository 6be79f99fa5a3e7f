/* SPDX-License-Identifier: MIT
 * Random numbers from a seed: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine
 * and C library, so that a figure names its seed and nothing else. Neighbouring seeds give unlike
 * streams. Used by the order of a run's boots, the splits of --aa, detect's permutations and the
 * tests. */
#ifndef TACH_BENCH_JUDGE_RANDOM_H
#define TACH_BENCH_JUDGE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The next number; the state may begin as anything. */
static inline uint64_t random_step(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Below limit, which is 1 to 2^32; uneven by less than limit / 2^32. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return (random_step(state) >> 32) * limit >> 32;
}

/* Every order alike (Fisher and Yates 1938); n is at most 2^32. */
static inline void random_shuffle(uint64_t *state, size_t *list, size_t n)
{
    for (size_t left = n; left > 1; left--) {
        const size_t at = random_below(state, left), last = list[left - 1];
        list[left - 1] = list[at];
        list[at] = last;
    }
}

#endif

/* SPDX-License-Identifier: MIT
 * Boots and histories with noise of a known kind, for `make truth`: what boot-to-boot noise is said
 * to be, what it is at its worst, and what a real machine showed. One random stream, so that a seed
 * gives the same table. Called by truth only. */
#ifndef TACH_BENCH_TEST_NOISE_H
#define TACH_BENCH_TEST_NOISE_H

#include <stddef.h>
#include <stdint.h>

#define NOISE(X)                                                                                   \
    X(NOISE_NORMAL, "normal, 0.3 %")                                                               \
    X(NOISE_STEPS, "0.3 %, in steps of 10 ticks of 5000")                                          \
    X(NOISE_DRIFT, "0.3 %, 1 % of drift, interleaved")                                             \
    X(NOISE_WILD, "0.3 %, each tenth boot 2 % above")                                              \
    X(NOISE_REAL, "of real boots, scaled to 0.3 %")                                                \
    X(NOISE_RAW, "of real boots, as it was")

enum noise {
#define X(name, text) name,
    NOISE(X)
#undef X
        NOISE_COUNT
};

/* What a row of the table is called. */
const char *noise_text(enum noise noise);

/* Begins the random stream. */
void noise_seed(uint64_t seed);

/* Reads the real boots: lines of "cell,boot,number". Returns 0, or -1 having said why not. */
int noise_load(const char *path);

/* A whole number below limit. */
size_t noise_pick(size_t limit);

/* `boots` boots a side at a level of 5000, in the order A B B A, the head shifted by a part. */
void noise_sides(enum noise noise, size_t boots, double shift, double *sides[2]);

/* n points, point i at 5000 shifted by the part level[i]. */
void noise_history(enum noise noise, double *series, size_t n, const double *level);

#endif

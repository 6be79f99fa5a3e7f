/* SPDX-License-Identifier: MIT
 * Payloads at which two routes cost the same. Invariant: a crossover lies between two payloads that
 * both routes were measured at; nothing is extrapolated. Called by the charts and the report. */
#ifndef TACH_BENCH_CROSSOVER_H
#define TACH_BENCH_CROSSOVER_H

#include "bench/figure.h"

#define CROSSOVER_SIZES_MAX 64u

struct crossover {
    unsigned measured;  /* payloads that both routes have */
    double size, whole; /* where they meet; size is negative where they do not */
};

/* Pairs of rungs worth asking about. */
#define CROSSOVER_PAIRS 5u
extern const char *const crossover_pairs[CROSSOVER_PAIRS][2];

/* The payloads of the document, rising; returns how many. */
size_t crossover_sizes(const struct document *document, long sizes[CROSSOVER_SIZES_MAX]);

/* The first payload, isolation off, where the dearer of two rungs becomes the cheaper, on straight
 * lines between measured payloads. */
struct crossover crossover_find(const struct document *document, const char *const pair[2]);

#endif

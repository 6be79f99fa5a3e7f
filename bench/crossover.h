/* SPDX-License-Identifier: MIT
 * Payloads at which two routes cost the same. Invariant: a crossover lies between two payloads that
 * both routes were measured at; nothing is extrapolated. Called by the charts and the report. */
#ifndef TACH_BENCH_CROSSOVER_H
#define TACH_BENCH_CROSSOVER_H

#include "bench/figure.h"

#define CROSSOVER_SIZES_MAX 64u

struct crossover {
    unsigned measured;  /* payloads that both routes have */
    long low, high;     /* the measured payloads around it */
    double size, whole; /* where straight lines between those meet; size -1 where they do not */
};

/* Pairs of rungs worth asking about, and what it would mean. */
struct crossover_pair {
    const char *rungs[2], *meaning;
};
#define CROSSOVER_PAIRS 7u
extern const struct crossover_pair crossover_pairs[CROSSOVER_PAIRS];

/* The payloads of the document, rising; returns how many. */
size_t crossover_sizes(const struct document *document, long sizes[CROSSOVER_SIZES_MAX]);

/* The first payload where the dearer of two rungs becomes the cheaper. */
struct crossover crossover_find(const struct document *document, const struct crossover_pair *pair,
                                bool pti_on);

#endif

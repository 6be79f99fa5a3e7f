/* SPDX-License-Identifier: MIT
 * Statistics of exact histograms. Every function takes entries as a struct histogram holds them
 * (rising values, no zero count) and is pure: the same entries give the same bits. Values are in
 * the unit of the histogram. Called by tach run, and by the host's own benchmarks. */
#ifndef TACH_BENCH_STATS_H
#define TACH_BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

#define STATS_PERMYRIAD 10000u

struct stats {
    double location; /* mean of the central 90 % */
    uint64_t min, p50, p99, p999, max;
    uint64_t mode; /* the value with the most samples, the smallest of several */
    uint64_t samples;
};

/* Mean of what is left when 5 % of the samples are cut from each end; samples at the cuts count by
 * the part of them that stays. 0 for no entries. */
double stats_location(const struct wire_hist_entry *entries, size_t n);

/* The smallest value that at least permyriad / 10000 of the samples do not exceed (nearest rank);
 * permyriad 0 is the minimum. 0 for no entries. */
uint64_t stats_percentile(const struct wire_hist_entry *entries, size_t n, unsigned permyriad);

/* All of struct stats at once; zeroes for no entries. */
struct stats stats_of(const struct wire_hist_entry *entries, size_t n);

#endif

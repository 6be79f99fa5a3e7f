/* SPDX-License-Identifier: MIT
 * Exact histograms: every distinct value with its count, nothing folded. Invariant: entries rise
 * strictly by value, no count is zero, samples is the sum of the counts. They merge over frames and
 * boots without loss, and every statistic is computed from them (bench/stats.h). */
#ifndef TACH_BENCH_HISTOGRAM_H
#define TACH_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

struct histogram {
    struct wire_hist_entry *entries;
    size_t used, room;
    uint64_t samples;
};

/* Adds count samples of one value. Returns 0, or -1 when memory or the 64-bit sum ends; the
 * histogram is then as it was. A count of 0 changes nothing. */
int histogram_add(struct histogram *histogram, uint64_t value, uint64_t count);

/* Adds n rising entries, as a frame carries them, in one pass. Returns 0, or -1 as above and for
 * entries that do not rise or count nothing. */
int histogram_merge(struct histogram *histogram, const struct wire_hist_entry *entries, size_t n);

/* Frees the entries and leaves an empty histogram. */
void histogram_free(struct histogram *histogram);

#endif

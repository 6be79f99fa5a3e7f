/* SPDX-License-Identifier: MIT
 * Exact histograms in fixed memory: every distinct value with its count, in rising order.
 * Invariant: counts sum to samples. When there are more distinct values than entries, a new one
 * goes to the next higher entry that there is, or to the last, and `folded` says so. Used by the
 * measuring files; never inside a region. */
#ifndef TACH_BENCH_GUEST_HISTOGRAM_H
#define TACH_BENCH_GUEST_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/wire.h"

#define HISTOGRAM_ENTRIES 1024u

struct histogram {
    struct wire_hist_entry entry[HISTOGRAM_ENTRIES];
    uint32_t count;
    uint64_t samples;
    bool folded;
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);
/* The value of the sample in the middle; 0 of an empty one. */
uint64_t histogram_median(const struct histogram *h);

#endif

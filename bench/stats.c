/* SPDX-License-Identifier: MIT
 * Statistics of exact histograms; see bench/stats.h. Ranks are computed in integers: a histogram of
 * one value must give exactly that value, however many samples it holds. */
#include "bench/stats.h"

/* A cut of 5 % is one twentieth, so with each sample counted as 20 the cuts are whole numbers. */
#define CUT_SCALE 20u

/* 128 bits: 20 times the number of samples, times a value, must not wrap. */
__extension__ typedef unsigned __int128 wide_t;

static uint64_t samples_count(const struct wire_hist_entry *entries, size_t n)
{
    uint64_t samples = 0;

    for (size_t i = 0; i < n; i++)
        samples += entries[i].count;
    return samples;
}

static wide_t wide_max(wide_t a, wide_t b)
{
    return a > b ? a : b;
}

static wide_t wide_min(wide_t a, wide_t b)
{
    return a < b ? a : b;
}

double stats_location(const struct wire_hist_entry *entries, size_t n)
{
    const wide_t samples = samples_count(entries, n);
    const wide_t low = samples, high = samples * (CUT_SCALE - 1);
    wide_t before = 0;
    long double sum = 0;

    if (!samples)
        return 0;
    /* Offsets from the first value keep the sum exact where the values are large and close. */
    const uint64_t base = entries[0].value;
    for (size_t i = 0; i < n; i++) {
        const wide_t behind = before + (wide_t)entries[i].count * CUT_SCALE;
        const wide_t from = wide_max(before, low), to = wide_min(behind, high);
        if (from < to)
            sum += (long double)(to - from) * (long double)(entries[i].value - base);
        before = behind;
    }
    return (double)((long double)base + sum / (long double)(high - low));
}

uint64_t stats_percentile(const struct wire_hist_entry *entries, size_t n, unsigned permyriad)
{
    const wide_t wanted = (wide_t)samples_count(entries, n) * permyriad;
    wide_t before = 0;

    for (size_t i = 0; i < n; i++) {
        before += (wide_t)entries[i].count * STATS_PERMYRIAD;
        if (before >= wanted)
            return entries[i].value;
    }
    return n ? entries[n - 1].value : 0;
}

struct stats stats_of(const struct wire_hist_entry *entries, size_t n)
{
    struct stats stats = {0};
    uint64_t most = 0;

    if (!n)
        return stats;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].count > most) {
            most = entries[i].count;
            stats.mode = entries[i].value;
        }
    }
    stats.location = stats_location(entries, n);
    stats.samples = samples_count(entries, n);
    stats.min = entries[0].value;
    stats.max = entries[n - 1].value;
    stats.p50 = stats_percentile(entries, n, 5000);
    stats.p99 = stats_percentile(entries, n, 9900);
    stats.p999 = stats_percentile(entries, n, 9990);
    return stats;
}

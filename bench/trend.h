/* SPDX-License-Identifier: MIT
 * Trends of short series, without an assumption about their noise: Kendall's S (Mann 1945) over one
 * series or over several that are compared only within themselves (Hirsch and Slack 1982), with its
 * exact distribution where that is affordable; the slope is Theil's and Sen's. And where a series
 * changes (Pettitt 1979). Pure. Called by bench/drift.c and bench/warmup.c. */
#ifndef TACH_BENCH_TREND_H
#define TACH_BENCH_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One series in the order of time; x rises. */
struct series_xy {
    const double *x, *y;
    size_t n;
};

struct trend {
    long s;       /* pairs that rise less pairs that fall, over all series; ties are neither */
    size_t pairs; /* of how many */
    double p;     /* two-sided; with ties at most too large */
    double slope; /* median of all pairwise slopes, y by x; 0 without a pair */
    bool exact;   /* p is of the exact distribution, not of the normal one */
};

/* The trend that all series share. Returns 0, or -1 when memory ends. */
int trend_of(const struct series_xy *series, size_t count, struct trend *out);

/* Where a series changes its level. */
struct change_point {
    size_t at;            /* first place of the new level; 0: none */
    double before, after; /* medians of the two levels */
    double p;             /* approximate: 2 exp(-6 K^2 / (n^3 + n^2)) */
};

/* The likeliest change point of n values, if its p is below p_max. Returns 0, or -1 when memory
 * ends. */
int change_point_of(const uint64_t *series, size_t n, double p_max, struct change_point *out);

#endif

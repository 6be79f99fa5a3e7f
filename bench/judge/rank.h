/* SPDX-License-Identifier: MIT
 * Order statistics: sorting, medians, spreads, and the differences between two sorted sides without
 * writing them down. Numbers are finite; results are too. Pure; called by all that
 * judges or charts boots. */
#ifndef TACH_BENCH_JUDGE_RANK_H
#define TACH_BENCH_JUDGE_RANK_H

#include <stdbool.h>
#include <stddef.h>

/* Two sides, each rising, each with at least one number. */
struct sides {
    const double *base, *head;
    size_t n, m;
};

/* Sorts in place, rising. */
void rank_sort(double *values, size_t n);

/* Median of rising values; of an even number, halfway between the middle ones. n is not 0. */
double rank_median(const double *sorted, size_t n);

/* The median of n values, which are sorted in place; 0 for none. */
double rank_middle(double *values, size_t n);

/* Median absolute deviation from `centre`; leaves the absolute deviations in `values`, rising. n is
 * not 0. */
double rank_mad(double *values, size_t n, double centre);

/* A standard deviation as it would be without wild numbers: by the median absolute deviation from
 * `centre`, or by the mean one where more than half of them are 0. `values` is overwritten. */
double rank_spread(double *values, size_t n, double centre);

/* The k-th smallest (1 to n * m) of all differences head - base, one that would be infinite taken
 * as the largest finite number. Exact, without memory, O((n + m) * 64). */
double rank_difference(const struct sides *sides, size_t k);

/* The Hodges-Lehmann shift: the median of all differences head - base. */
double rank_shift(const struct sides *sides);

#endif

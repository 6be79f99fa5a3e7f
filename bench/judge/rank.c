/* SPDX-License-Identifier: MIT
 * Order statistics; see bench/judge/rank.h. The k-th difference of two sides is found by bisection
 * over the doubles themselves, in the order of their bits: 64 steps decide it exactly, and each
 * counts the differences below in one pass over both sides. */
#include "bench/judge/rank.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/normal.h"

#define SIGN_BIT (UINT64_C(1) << 63)

static int values_compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

void rank_sort(double *values, size_t n)
{
    qsort(values, n, sizeof(values[0]), values_compare);
}

double rank_median(const double *sorted, size_t n)
{
    return midpoint_of(sorted[(n - 1) / 2], sorted[n / 2]);
}

double rank_middle(double *values, size_t n)
{
    if (!n)
        return 0;
    rank_sort(values, n);
    return rank_median(values, n);
}

double rank_mad(double *values, size_t n, double centre)
{
    for (size_t i = 0; i < n; i++)
        values[i] = finite_of(fabs(values[i] - centre));
    return rank_middle(values, n);
}

double rank_spread(double *values, size_t n, double centre)
{
    const double median_to_sigma = 1.482602218505602, mean_to_sigma = 1.2533141373155003;
    const double mad = rank_mad(values, n, centre);
    double mean = 0;

    for (size_t i = 0; i < n; i++) /* what rank_mad left: the absolute deviations */
        mean += values[i] / (double)n;
    return finite_of(mad > 0 ? mad * median_to_sigma : mean * mean_to_sigma);
}

/* Doubles in rising order have rising keys. */
static uint64_t key_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static double value_of(uint64_t key)
{
    const uint64_t bits = key & SIGN_BIT ? key & ~SIGN_BIT : ~key;
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* How many differences are not above limit. A rounded difference still rises with the head and
 * falls with the base, so one pass over both sides counts exactly what is asked. */
static size_t differences_within(const struct sides *sides, double limit)
{
    size_t count = 0, heads = 0;

    for (size_t i = 0; i < sides->n; i++) {
        while (heads < sides->m && sides->head[heads] - sides->base[i] <= limit)
            heads++;
        count += heads;
    }
    return count;
}

double rank_difference(const struct sides *sides, size_t k)
{
    uint64_t low = key_of(finite_of(sides->head[0] - sides->base[sides->n - 1]));
    uint64_t high = key_of(finite_of(sides->head[sides->m - 1] - sides->base[0]));

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (differences_within(sides, value_of(middle)) >= k)
            high = middle;
        else
            low = middle + 1;
    }
    return value_of(low) + 0.0; /* never -0 */
}

double rank_shift(const struct sides *sides)
{
    const size_t pairs = sides->n * sides->m;
    const double lower = rank_difference(sides, (pairs + 1) / 2);

    return pairs % 2 ? lower : midpoint_of(lower, rank_difference(sides, pairs / 2 + 1));
}

/* SPDX-License-Identifier: MIT
 * Kendall, Theil-Sen, Pettitt; see bench/trend.h. */
#include "bench/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/rank.h"

#define EXACT_PAIRS 20000u /* above, the normal distribution is as good */
#define SLOPES_MAX  200000u

/* Multiplies a distribution by that of a whole number from 0 to width - 1, all alike: a moving sum.
 */
static void distribution_spread(double *chance, size_t used, size_t width, double *scratch)
{
    double sum = 0;

    for (size_t i = 0; i < used + width - 1; i++) {
        sum += i < used ? chance[i] : 0;
        if (i >= width)
            sum -= i - width < used ? chance[i - width] : 0;
        scratch[i] = sum / (double)width;
    }
    memcpy(chance, scratch, (used + width - 1) * sizeof(*chance));
}

/* The chance of an S at least as far from 0, by the generating function of inversions: that of a
 * permutation of n is the product of the uniform ones below 1, 2, ... n. */
static double p_exact(const struct series_xy *series, size_t count, const struct trend *trend)
{
    double *chance = calloc(2 * (trend->pairs + 1), sizeof(*chance)), p = 0;
    size_t used = 1;

    if (!chance)
        return -1;
    chance[0] = 1;
    for (size_t i = 0; i < count; i++)
        for (size_t width = 2; width <= series[i].n; width++) {
            distribution_spread(chance, used, width, chance + trend->pairs + 1);
            used += width - 1;
        }
    for (size_t falls = 0; falls < used; falls++)
        if (labs((long)trend->pairs - 2 * (long)falls) >= labs(trend->s))
            p += chance[falls];
    free(chance);
    return p < 1 ? p : 1;
}

static double p_normal(const struct series_xy *series, size_t count, const struct trend *trend)
{
    double variance = 0;

    for (size_t i = 0; i < count; i++) {
        const double n = (double)series[i].n;
        variance += n * (n - 1) * (2 * n + 5) / 18;
    }
    const double far = trend->s ? (double)labs(trend->s) - 1 : 0;
    return erfc(far / sqrt(2 * variance));
}

/* Adds a series' pairs; slopes (room for SLOPES_MAX) gets as many as fit. */
static size_t pairs_add(const struct series_xy *series, struct trend *trend, double *slopes,
                        size_t used)
{
    for (size_t i = 0; i < series->n; i++)
        for (size_t j = i + 1; j < series->n; j++) {
            const double rise = series->y[j] - series->y[i];
            trend->s += (rise > 0) - (rise < 0);
            trend->pairs++;
            if (used < SLOPES_MAX)
                slopes[used++] = rise / (series->x[j] - series->x[i]);
        }
    return used;
}

int trend_of(const struct series_xy *series, size_t count, struct trend *out)
{
    double *slopes = malloc(SLOPES_MAX * sizeof(*slopes));
    size_t used = 0;

    *out = (struct trend){.p = 1};
    if (!slopes)
        return -1;
    for (size_t i = 0; i < count; i++)
        used = pairs_add(&series[i], out, slopes, used);
    out->slope = rank_middle(slopes, used);
    free(slopes);
    if (!out->pairs)
        return 0;
    out->exact = out->pairs <= EXACT_PAIRS;
    out->p = out->exact ? p_exact(series, count, out) : p_normal(series, count, out);
    return out->p < 0 ? -1 : 0;
}

/* Pettitt's U at each place is a sum over the places before it, so one pass over pairs does. */
static size_t change_find(const uint64_t *series, size_t n, long *largest)
{
    size_t at = 0;
    long u = 0;

    *largest = 0;
    for (size_t t = 0; t + 1 < n; t++) {
        for (size_t i = 0; i < n; i++)
            u += (series[i] > series[t]) - (series[i] < series[t]);
        if (labs(u) > labs(*largest)) {
            *largest = u;
            at = t + 1;
        }
    }
    return at;
}

static double level_of(const uint64_t *series, size_t n, double *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (double)series[i];
    return rank_middle(scratch, n);
}

int change_point_of(const uint64_t *series, size_t n, double p_max, struct change_point *out)
{
    double *scratch = malloc((n + 1) * sizeof(*scratch));
    const double size = (double)n;
    long largest;

    *out = (struct change_point){.p = 1};
    if (!scratch)
        return -1;
    const size_t at = change_find(series, n, &largest);
    const double p =
        at ? 2 * exp(-6.0 * (double)largest * (double)largest / (size * size * size + size * size))
           : 1;
    if (p < p_max)
        *out = (struct change_point){at, level_of(series, at, scratch),
                                     level_of(series + at, n - at, scratch), p};
    free(scratch);
    return 0;
}

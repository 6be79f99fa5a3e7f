/* SPDX-License-Identifier: MIT
 * Step or line; see bench/judge/step.h. Least squares of both, over points of which none is farther
 * from the median of its side than REACH spreads. */
#include "bench/judge/step.h"

#include <math.h>
#include <string.h>

#include "bench/judge/normal.h"
#include "bench/judge/rank.h"

/* Twice the logarithm of how much likelier the levels must be than the line: 20 times. Without it a
 * drift of 0.1 % each five points under 0.3 % noise is called a step in 9 % of histories, with it
 * in 2 %; it costs nothing of the steps of 1 %. */
#define LIKELIER 6.0

#define REACH 5.0 /* median absolute deviations: 3.4 standard deviations of a normal one */

static double side_median(const double *values, size_t n)
{
    double sorted[STEP_MAX];

    memcpy(sorted, values, n * sizeof(sorted[0]));
    return rank_middle(sorted, n);
}

/* Sum of squares around the mean. */
static double squares_level(const double *values, size_t n)
{
    double mean = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sum;
}

/* Sum of squares around the best line over equal steps. */
static double squares_line(const double *values, size_t n)
{
    const double centre = ((double)n - 1) / 2, count = (double)n;
    double product = 0;

    for (size_t i = 0; i < n; i++)
        product += ((double)i - centre) * values[i];
    return squares_level(values, n) - product * product / (count * (count * count - 1) / 12);
}

bool step_is(const double *values, size_t n, size_t m)
{
    const double level[2] = {side_median(values, n), side_median(values + n, m)};
    double rest[STEP_MAX], spread[STEP_MAX];

    for (size_t i = 0; i < n + m; i++)
        rest[i] = spread[i] = values[i] - level[i >= n];
    const double reach = REACH * rank_mad(spread, n + m, 0);
    /* In units of the step, so that no square leaves the range of a double. */
    const double step = finite_of(level[1] - level[0]);
    if (step == 0)
        return false;
    for (size_t i = 0; i < n + m; i++)
        rest[i] = finite_of(fmax(-reach, fmin(reach, rest[i])) / step) + (i >= n);
    const double levels = squares_level(rest, n) + squares_level(rest + n, m);
    return levels * (1 + LIKELIER / (double)(n + m)) < squares_line(rest, n + m);
}

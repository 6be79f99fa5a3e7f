/* SPDX-License-Identifier: MIT
 * Mann and Whitney's distribution; see bench/judge/mannwhitney.h. Without ties the counts are the
 * coefficients of a Gaussian binomial (Harding 1984), in integers modulo 2^128: each one fits, so
 * what wraps on the way comes back. With ties they are counted group by group in doubles; all
 * terms are positive, so nothing cancels. */
#include "bench/judge/mannwhitney.h"

#include <math.h>
#include <stdlib.h>

#include "bench/judge/normal.h"

__extension__ typedef unsigned __int128 wide_t;

#define HALF_MAX (MW_EXACT_PAIRS / 2u)

/* Twice U: 2 for each pair in which the head is above, 1 for each tie. */
static size_t twice_u(const struct sides *sides)
{
    size_t below = 0, upto = 0, sum = 0;

    for (size_t i = 0; i < sides->m; i++) {
        while (below < sides->n && sides->base[below] < sides->head[i])
            below++;
        while (upto < sides->n && sides->base[upto] <= sides->head[i])
            upto++;
        sum += below + upto;
    }
    return sum;
}

/* Walks over the groups of equal values of both sides together. */
struct groups {
    const struct sides *sides;
    size_t i, j;
};

/* The size of the next group, 0 at the end. */
static size_t group_next(struct groups *groups)
{
    const struct sides *s = groups->sides;
    const size_t before = groups->i + groups->j;

    if (before == s->n + s->m)
        return 0;
    const double value =
        groups->j == s->m || (groups->i < s->n && s->base[groups->i] <= s->head[groups->j])
            ? s->base[groups->i]
            : s->head[groups->j];
    while (groups->i < s->n && s->base[groups->i] <= value)
        groups->i++;
    while (groups->j < s->m && s->head[groups->j] <= value)
        groups->j++;
    return groups->i + groups->j - before;
}

/* Sum of t^3 - t over the groups: 0 where nothing is tied. */
static double ties_weight(const struct sides *sides)
{
    struct groups groups = {.sides = sides};
    double weight = 0;

    for (size_t t; (t = group_next(&groups));)
        weight += (double)t * (double)t * (double)t - (double)t;
    return weight;
}

/* Coefficients 0 to `half` of the Gaussian binomial (n + m over n): how many of the ways to mix n
 * and m values have U = u. */
static void counts_make(size_t n, size_t m, size_t half, wide_t *counts)
{
    counts[0] = 1;
    for (size_t u = 1; u <= half; u++)
        counts[u] = 0;
    for (size_t i = 1; i <= n; i++) {
        for (size_t u = half; u + 1 > m + i; u--)
            counts[u] -= counts[u - m - i];
        for (size_t u = i; u <= half; u++)
            counts[u] += counts[u - i];
    }
}

static double choose(size_t n, size_t k)
{
    double ways = 1;

    for (size_t i = 1; i <= k; i++)
        ways = ways * (double)(n - k + i) / (double)i;
    return ways;
}

/* P(U <= u) for u up to half of the pairs, no ties. */
static double tail_exact(size_t n, size_t m, size_t u)
{
    wide_t counts[HALF_MAX + 1], sum = 0;

    counts_make(n < m ? n : m, n < m ? m : n, u, counts);
    for (size_t i = 0; i <= u; i++)
        sum += counts[i];
    return (double)sum / choose(n + m, n < m ? n : m);
}

/* State of the count by groups: ways[k * width + s] of having put k values of the smaller side and
 * reached s = twice U. */
struct tied {
    double *ways;
    size_t small, large, width;
};

/* Deals one group of t equal values, `before` of both sides being smaller: j of them go to the
 * small side. Falling k, so that a row is read before it is added to. */
static void group_deal(struct tied *tied, size_t before, size_t t)
{
    const size_t most = before < tied->small ? before : tied->small;

    for (size_t k = most + 1; k-- > 0;) {
        const double *from = tied->ways + k * tied->width;
        if (before - k > tied->large)
            continue;
        for (size_t j = 1; j <= t && k + j <= tied->small; j++) {
            if (before - k + t - j > tied->large)
                continue;
            const size_t step = j * (2 * (before - k) + t - j);
            const double ways = choose(t, j);
            double *to = tied->ways + (k + j) * tied->width;
            for (size_t s = 0; s + step < tied->width; s++)
                to[s + step] += from[s] * ways;
        }
    }
}

/* Two-sided p given the ties, or -1 without memory. */
static double p_tied(const struct sides *sides)
{
    const bool swap = sides->n < sides->m;
    struct tied tied = {.small = swap ? sides->n : sides->m, .large = swap ? sides->m : sides->n};
    struct groups groups = {.sides = sides};
    double lower = 0, upper = 0;

    tied.width = 2 * sides->n * sides->m + 1;
    tied.ways = calloc((tied.small + 1) * tied.width, sizeof(tied.ways[0]));
    if (!tied.ways)
        return -1;
    tied.ways[0] = 1;
    for (size_t before = 0, t; (t = group_next(&groups)); before += t)
        group_deal(&tied, before, t);
    const size_t u = swap ? tied.width - 1 - twice_u(sides) : twice_u(sides);
    const double *last = tied.ways + tied.small * tied.width;
    for (size_t s = 0; s < tied.width; s++) {
        lower += s <= u ? last[s] : 0;
        upper += s >= u ? last[s] : 0;
    }
    free(tied.ways);
    return fmin(1, 2 * fmin(lower, upper) / choose(sides->n + sides->m, tied.small));
}

static double deviation_of(size_t n, size_t m, double weight)
{
    const double all = (double)(n + m), pairs = (double)n * (double)m;

    return sqrt(fmax(0, pairs / 12 * (all + 1 - weight / (all * (all - 1)))));
}

double mw_p_normal(const struct sides *sides)
{
    const double mean = (double)sides->n * (double)sides->m / 2;
    const double deviation = deviation_of(sides->n, sides->m, ties_weight(sides));
    const double away = fabs((double)twice_u(sides) / 2 - mean) - 0.5;

    return deviation > 0 && away > 0 ? fmin(1, 2 * normal_below(-away / deviation)) : 1;
}

double mw_p(const struct sides *sides)
{
    const size_t pairs = sides->n * sides->m;

    if (ties_weight(sides) > 0)
        return pairs <= MW_TIED_PAIRS ? p_tied(sides) : mw_p_normal(sides);
    if (pairs > MW_EXACT_PAIRS)
        return mw_p_normal(sides);
    const size_t u = twice_u(sides) / 2, least = u < pairs - u ? u : pairs - u;
    return fmin(1, 2 * tail_exact(sides->n, sides->m, least));
}

double mw_p_below(const struct sides *sides, double limit)
{
    const double about = mw_p_normal(sides);
    const double p = about > 10 * limit ? about : mw_p(sides);

    return p < 0 ? about : p;
}

size_t mw_bound_normal(size_t n, size_t m, double tail)
{
    const double mean = (double)n * (double)m / 2;
    const double k = mean + normal_quantile(tail) * deviation_of(n, m, 0) + 0.5;

    return k >= 1 ? (size_t)k : 0;
}

size_t mw_bound(size_t n, size_t m, double tail)
{
    const size_t pairs = n * m, half = (pairs - 1) / 2;
    wide_t counts[HALF_MAX + 1], sum = 0;
    size_t k = 0;

    if (pairs > MW_EXACT_PAIRS)
        return mw_bound_normal(n, m, tail);
    const double allowed = tail * choose(n + m, n < m ? n : m);
    counts_make(n < m ? n : m, n < m ? m : n, half, counts);
    while (k <= half && (double)(sum + counts[k]) <= allowed)
        sum += counts[k++];
    return k;
}

double mw_least_p(size_t n, size_t m)
{
    return fmin(1, 2 / choose(n + m, n < m ? n : m));
}

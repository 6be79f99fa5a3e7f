/* SPDX-License-Identifier: MIT
 * The best split of a segment; see bench/judge/split.h. The distances within and between the sides
 * are kept as the border moves, so all places of n points cost n^2 additions. */
#include "bench/judge/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/mannwhitney.h"
#include "bench/judge/normal.h"
#include "bench/judge/random.h"
#include "bench/judge/rank.h"

/* A place beside the best one is as good, if it keeps so much of the statistic. */
#define NEARLY 0.95

/* Standard deviations: beyond, a point weighs no more than one here. */
#define REACH 3.5

/* Copies the values, each pulled in to REACH spreads around the median, in units of the spread.
 * False where all are equal. */
static bool values_tame(const double *values, size_t n, double *tame)
{
    memcpy(tame, values, n * sizeof(tame[0]));
    rank_sort(tame, n);
    const double median = rank_median(tame, n);
    const double spread = rank_spread(tame, n, median);
    for (size_t i = 0; i < n; i++)
        tame[i] =
            spread > 0 ? fmax(-REACH, fmin(REACH, finite_of((values[i] - median) / spread))) : 0;
    return spread > 0;
}

/* Sums of distances: between the sides, within the left, within the right. */
struct distances {
    double between, left, right;
};

/* Moves the first point of the right side to the left. */
static void border_move(const double *values, size_t n, size_t at, struct distances *d)
{
    double left = 0, right = 0;

    for (size_t i = 0; i < at; i++)
        left += fabs(values[i] - values[at]);
    for (size_t i = at + 1; i < n; i++)
        right += fabs(values[i] - values[at]);
    d->between += right - left;
    d->left += left;
    d->right -= right;
}

/* Energy distance of the sides, times nm / (n + m). */
static double energy_of(const struct distances *d, size_t left, size_t right)
{
    const double n = (double)left, m = (double)right;

    return (2 * d->between / (n * m) - 2 * d->left / (n * (n - 1)) - 2 * d->right / (m * (m - 1))) *
           (n * m / (n + m));
}

/* The energy at each place from SPLIT_SIDE to n - SPLIT_SIDE. */
static void energies_make(const double *values, size_t n, double *energy)
{
    struct distances d = {0};

    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            d.right += fabs(values[i] - values[j]);
    for (size_t at = 0; at + SPLIT_SIDE < n; at++) {
        border_move(values, n, at, &d);
        if (at + 1 >= SPLIT_SIDE)
            energy[at + 1] = energy_of(&d, at + 1, n - at - 1);
    }
}

static size_t energies_best(const double *energy, size_t n, const uint64_t *image)
{
    size_t best = 0;

    for (size_t at = SPLIT_SIDE; at + SPLIT_SIDE <= n; at++) {
        if (image && image[at] && image[at] == image[at - 1])
            continue;
        if (!best || energy[at] > energy[best])
            best = at;
    }
    return best;
}

/* The sides of a segment split at `at`, each sorted into `room`. */
static struct sides sides_at(const struct segment *segment, size_t at, double *room)
{
    memcpy(room, segment->values, segment->n * sizeof(room[0]));
    rank_sort(room, at);
    rank_sort(room + at, segment->n - at);
    return (struct sides){room, room + at, at, segment->n - at};
}

size_t split_best(const struct segment *segment)
{
    double tame[SPLIT_MAX], energy[SPLIT_MAX];

    if (segment->n < 2 * SPLIT_SIDE || segment->n > SPLIT_MAX ||
        !values_tame(segment->values, segment->n, tame))
        return 0;
    energies_make(tame, segment->n, energy);
    const size_t any = energies_best(energy, segment->n, NULL);
    const size_t at = energies_best(energy, segment->n, segment->image);
    return at && energy[any] > 0 && energy[at] >= NEARLY * energy[any] ? at : 0;
}

bool split_holds(const struct segment *segment, size_t at, double p, uint64_t seed)
{
    double tame[SPLIT_MAX], energy[SPLIT_MAX], room[SPLIT_MAX];
    size_t order[SPLIT_MAX];
    const size_t n = segment->n;
    const struct sides sides = sides_at(segment, at, room);
    const double p_ranks = mw_p_below(&sides, p);

    /* The place was chosen out of fewer than n: a rank test that holds n times over holds. One that
     * does not hold at all, though the place was chosen, would not hold among shuffles either. */
    if (p_ranks * (double)n <= p || p_ranks > p)
        return p_ranks <= p;
    values_tame(segment->values, n, tame);
    energies_make(tame, n, energy);
    const double own = energy[at];
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (double round = 1; round < 1 / p; round++) {
        random_shuffle(&seed, order, n);
        for (size_t i = 0; i < n; i++)
            room[i] = tame[order[i]];
        energies_make(room, n, energy);
        if (energy[energies_best(energy, n, NULL)] >= own)
            return false;
    }
    return true;
}

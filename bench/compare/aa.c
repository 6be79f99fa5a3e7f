/* SPDX-License-Identifier: MIT
 * Deals boots of one image into pseudo-sides and judges them; see bench/compare/aa.h. A split deals
 * out whole boots, so all cells of one boot are on the same side, as in a true comparison. */
#include "bench/compare/aa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/aa_cells.h"
#include "bench/exits.h"
#include "bench/judge/judge.h"
#include "bench/judge/random.h"
#include "bench/judge/rank.h"
#include "traces/say.h"

#define FLOOR_QUANTILE 0.999

const unsigned aa_sizes[AA_SIZES] = {5, 10, 20};

/* What one pass over the splits needs. */
struct dealing {
    size_t *order; /* boots; the first half is one side, the second the other */
    uint64_t state;
    uint64_t mask; /* of the present split, where all are made */
    struct judgement *judged;
    double *shifts; /* splits a cell, relative and without sign */
};

static void split_random(struct dealing *dealing, size_t boots)
{
    for (size_t i = 0; i < boots; i++)
        dealing->order[i] = i;
    random_shuffle(&dealing->state, dealing->order, boots);
}

/* The next mask with as many bits (Gosper 1972), dealt out: set bits on one side. Boot 0 is always
 * among them, for a split and its mirror are the same one. */
static void split_next(struct dealing *dealing, size_t boots)
{
    const uint64_t low = dealing->mask & -dealing->mask, carried = dealing->mask + low;
    size_t used[2] = {1, boots / 2};

    dealing->order[0] = 0;
    for (size_t i = 1; i < boots; i++)
        dealing->order[used[dealing->mask >> (i - 1) & 1 ? 0 : 1]++] = i;
    dealing->mask = carried | ((dealing->mask ^ carried) >> 2) / low;
}

/* Ways to deal an even number of boots into halves, at most limit + 1. */
static double splits_all(size_t boots)
{
    return round(exp(lgamma((double)boots + 1) - 2 * lgamma((double)boots / 2 + 1)) / 2);
}

/* Judges one cell under the present split; boots that lack the cell are not on either side. */
static void cell_split(const struct aa_cell *cell, const struct dealing *dealing, size_t boots,
                       const struct judge_rule *rule, struct judgement *out)
{
    double sides[2][JUDGE_BOOTS_MAX];
    size_t counts[2] = {0, 0};

    for (size_t i = 0; i < 2 * (boots / 2); i++) {
        const unsigned side = i >= boots / 2;
        const double number = cell->boots[dealing->order[i]];
        if (figure_has(number) && counts[side] < JUDGE_BOOTS_MAX)
            sides[side][counts[side]++] = number;
    }
    judge_sides(sides[0], counts[0], sides[1], counts[1], rule, out);
}

static bool alarming(const struct judgement *judged)
{
    return judged->verdict == VERDICT_REGRESSED || judged->verdict == VERDICT_IMPROVED;
}

/* Judges all cells under one split, as a family. True for a false alarm. */
static bool split_judge(struct aa *aa, const struct judge_rule *rule, struct dealing *dealing,
                        unsigned split, bool above)
{
    bool alarm = false;

    for (size_t i = 0; i < aa->count; i++) {
        struct judge_rule own = *rule;
        own.floor = above ? aa->cells[i].floor : rule->floor;
        cell_split(&aa->cells[i], dealing, aa->boots, &own, &dealing->judged[i]);
        if (!above)
            dealing->shifts[i * aa->splits + split] = fabs(dealing->judged[i].percent) / 100;
    }
    judge_family(dealing->judged, aa->count, rule);
    for (size_t i = 0; i < aa->count; i++) {
        const bool changed = alarming(&dealing->judged[i]);
        aa->cells[i].alarms += changed && !above;
        alarm |= changed;
    }
    return alarm;
}

static size_t splits_judge(struct aa *aa, const struct judge_rule *rule, struct dealing *dealing,
                           bool above)
{
    size_t alarms = 0;

    dealing->state = aa->seed;
    dealing->mask = (1u << (aa->boots / 2 - 1)) - 1;
    for (unsigned split = 0; split < aa->splits; split++) {
        if (aa->all)
            split_next(dealing, aa->boots);
        else
            split_random(dealing, aa->boots);
        alarms += split_judge(aa, rule, dealing, split, above);
    }
    return alarms;
}

static void floors_set(struct aa *aa, struct dealing *dealing)
{
    for (size_t i = 0; i < aa->count; i++) {
        double *shifts = dealing->shifts + i * aa->splits;
        rank_sort(shifts, aa->splits);
        aa->cells[i].floor = shifts[(size_t)ceil(FLOOR_QUANTILE * aa->splits) - 1];
        aa->floor = fmax(aa->floor, aa->cells[i].floor);
    }
}

/* What sides of some size would find: the boots that there are, thinned or thickened to that many
 * by their quantiles, equal on both sides. */
static void cell_power(struct aa_cell *cell, struct judge_rule rule)
{
    double side[20], *sorted = calloc(cell->count, sizeof(double));
    struct judgement judged;
    size_t known = 0;

    for (size_t i = 0; sorted && i < cell->count; i++)
        if (figure_has(cell->boots[i]))
            sorted[known++] = cell->boots[i];
    if (known)
        rank_sort(sorted, known);
    rule.floor = cell->floor;
    for (unsigned s = 0; known && s < AA_SIZES; s++) {
        for (size_t i = 0; i < aa_sizes[s]; i++) {
            const double at = ((double)i + 0.5) / aa_sizes[s] * (double)known - 0.5;
            const double low = fmin(fmax(floor(at), 0), (double)known - 1);
            const size_t k = (size_t)low, next = k + 1 < known ? k + 1 : k;
            side[i] = sorted[k] + fmax(at - low, 0) * (sorted[next] - sorted[k]);
        }
        judge_sides(side, aa_sizes[s], side, aa_sizes[s], &rule, &judged);
        cell->detectable[s] = judged.detectable;
        if (aa_sizes[s] == 10)
            cell->noise_boot = judged.noise;
    }
    free(sorted);
}

double binomial_upper(size_t k, size_t n, double confidence)
{
    double low = n ? (double)k / (double)n : 1, high = 1;

    if (k >= n)
        return 1;
    for (unsigned step = 0; step < 60; step++) {
        const double p = (low + high) / 2;
        double below = 0; /* P(at most k of n) at this p falls as p rises */
        for (size_t i = 0; i <= k; i++)
            below +=
                exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                    (double)i * log(p) + (double)(n - i) * log1p(-p));
        if (below > 1 - confidence)
            low = p;
        else
            high = p;
    }
    return high;
}

static int aa_judge(struct aa *aa, const struct judge_rule *rule)
{
    struct dealing dealing = {.order = calloc(aa->boots, sizeof(*dealing.order)),
                              .judged = calloc(aa->count, sizeof(*dealing.judged)),
                              .shifts = calloc(aa->count * aa->splits, sizeof(*dealing.shifts))};
    const bool failed = !dealing.order || !dealing.judged || !dealing.shifts;

    if (!failed) {
        aa->alarms = splits_judge(aa, rule, &dealing, false);
        floors_set(aa, &dealing);
        aa->alarms_above = splits_judge(aa, rule, &dealing, true);
        for (size_t i = 0; i < aa->count; i++)
            cell_power(&aa->cells[i], *rule);
        aa->rate = (double)aa->alarms / aa->splits;
        aa->bound = aa->all ? aa->rate : binomial_upper(aa->alarms, aa->splits, AA_CONFIDENCE);
    }
    free(dealing.order);
    free(dealing.judged);
    free(dealing.shifts);
    return failed ? TACH_INTERNAL : TACH_OK;
}

int aa_make(const char *verb, const struct aa_input *input, struct aa *out)
{
    *out = (struct aa){.splits = input->splits, .seed = input->seed};
    const int status = aa_cells(verb, input, out);

    if (status)
        return status;
    if (out->boots < AA_BOOTS_MIN || out->boots > JUDGE_BOOTS_MAX)
        return say_error(TACH_INCONCLUSIVE, verb, input->paths[0],
                         "%zu boots of one image; %u to %u are needed", out->boots, AA_BOOTS_MIN,
                         JUDGE_BOOTS_MAX);
    if (out->boots % 2 == 0 && splits_all(out->boots) <= out->splits) {
        out->all = true;
        out->splits = (unsigned)splits_all(out->boots);
    }
    return aa_judge(out, &input->rule);
}

void aa_free(struct aa *aa)
{
    for (size_t i = 0; i < aa->count; i++)
        free(aa->cells[i].boots);
    free(aa->cells);
    *aa = (struct aa){0};
}

/* SPDX-License-Identifier: MIT
 * From judged metrics to the verdict of a figure and of a whole comparison; see bench/compare.h.
 * Invariant: an inconclusive figure is never counted as a good one, and one that vanished never as
 * none. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/exits.h"

static const struct {
    const char *name, *text;
} readings[READING_COUNT] = {
    [READING_NONE] = {"", ""},
    [READING_BOTH] = {"both", "instructions and cycles moved: the path changed"},
    [READING_ICOUNT] = {"icount", "instructions only: the path changed, and it is free here"},
    [READING_CYCLES] = {"cycles", "cycles only: layout, caches, TLB or noise; more boots before "
                                  "blame"},
    [READING_NEITHER] = {"neither", "neither instructions nor cycles moved"},
};

const char *reading_name(enum reading reading)
{
    return readings[reading].name;
}

const char *reading_text(enum reading reading)
{
    return readings[reading].text;
}

bool metric_moved(const struct compared_metric *metric)
{
    return metric->there && (metric->judged.verdict == VERDICT_REGRESSED ||
                             metric->judged.verdict == VERDICT_IMPROVED);
}

/* One family: the metrics from first up to end of all figures that are judged over boots. */
static int family_judge(struct comparison *comparison, enum metric first, enum metric end)
{
    const size_t room = comparison->count * (size_t)(end - first);
    struct judgement *all = calloc(room + 1, sizeof(*all));
    size_t used = 0, taken = 0;

    if (!all)
        return -1;
    for (size_t i = 0; i < comparison->count; i++)
        for (enum metric metric = first; metric < end; metric++)
            if (comparison->figures[i].metrics[metric].there)
                all[used++] = comparison->figures[i].metrics[metric].judged;
    judge_family(all, used, &comparison->rule);
    for (size_t i = 0; i < comparison->count; i++)
        for (enum metric metric = first; metric < end; metric++)
            if (comparison->figures[i].metrics[metric].there)
                comparison->figures[i].metrics[metric].judged = all[taken++];
    free(all);
    return 0;
}

/* Whole and the counts decide; the kernel's share and the phases explain. */
static enum verdict figure_verdict(const struct compared *figure)
{
    static const enum metric deciding[] = {METRIC_whole, METRIC_traps, METRIC_cr3_writes,
                                           METRIC_copied_bytes};
    bool better = false, open = false;

    for (size_t i = 0; i < sizeof(deciding) / sizeof(deciding[0]); i++) {
        const struct compared_metric *metric = &figure->metrics[deciding[i]];
        if (!metric->there)
            continue;
        if (metric->judged.verdict == VERDICT_REGRESSED)
            return VERDICT_REGRESSED;
        better |= metric->judged.verdict == VERDICT_IMPROVED;
        open |= metric->judged.verdict == VERDICT_INCONCLUSIVE;
    }
    return open ? VERDICT_INCONCLUSIVE : better ? VERDICT_IMPROVED : VERDICT_EQUIVALENT;
}

static bool figure_moved(const struct compared *figure)
{
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
        if (metric_moved(&figure->metrics[metric]))
            return true;
    return figure->on != ON_BOTH;
}

static enum reading figure_reading(const struct compared *figure, bool exact)
{
    const struct compared_metric *whole = &figure->metrics[METRIC_whole];

    if (exact || !figure->instructions.there || !whole->there ||
        whole->judged.verdict == VERDICT_INCONCLUSIVE)
        return READING_NONE;
    if (metric_moved(whole))
        return metric_moved(&figure->instructions) ? READING_BOTH : READING_CYCLES;
    return metric_moved(&figure->instructions) ? READING_ICOUNT : READING_NEITHER;
}

int families_judge(struct comparison *comparison)
{
    if (!comparison->exact && (family_judge(comparison, METRIC_whole, METRIC_kernel) ||
                               family_judge(comparison, METRIC_kernel, METRIC_traps) ||
                               family_judge(comparison, METRIC_PHASE, METRIC_COUNT)))
        return -1;
    for (size_t i = 0; i < comparison->count; i++) {
        struct compared *figure = &comparison->figures[i];
        figure->moved = figure_moved(figure);
        comparison->moved += figure->moved;
        if (figure->on != ON_BOTH) {
            figure->verdict = VERDICT_INCONCLUSIVE;
            comparison->lone[figure->on == ON_HEAD_ONLY]++;
            continue;
        }
        figure->verdict = figure_verdict(figure);
        figure->reading = figure_reading(figure, comparison->exact);
        comparison->verdicts[figure->verdict]++;
    }
    return 0;
}

enum verdict comparison_verdict(const struct comparison *comparison)
{
    const size_t both = comparison->count - comparison->lone[0] - comparison->lone[1];

    if (comparison->verdicts[VERDICT_REGRESSED] || comparison->lone[0])
        return VERDICT_REGRESSED;
    if (comparison->verdicts[VERDICT_INCONCLUSIVE] || !both)
        return VERDICT_INCONCLUSIVE;
    return comparison->verdicts[VERDICT_IMPROVED] ? VERDICT_IMPROVED : VERDICT_EQUIVALENT;
}

int comparison_exit(const struct comparison *comparison)
{
    switch (comparison_verdict(comparison)) {
    case VERDICT_REGRESSED:
        return TACH_DIFFERENT;
    case VERDICT_INCONCLUSIVE:
        return TACH_INCONCLUSIVE;
    default:
        return TACH_OK;
    }
}

/* What a reader should see first has the lowest. */
static int figure_rank(const struct compared *figure)
{
    static const int ranks[VERDICT_COUNT] = {[VERDICT_REGRESSED] = 1,
                                             [VERDICT_INCONCLUSIVE] = 3,
                                             [VERDICT_IMPROVED] = 4,
                                             [VERDICT_EQUIVALENT] = 5};

    if (figure->on != ON_BOTH)
        return figure->on == ON_BASE_ONLY ? 0 : 2;
    return ranks[figure->verdict] - (figure->verdict == VERDICT_EQUIVALENT && figure->moved);
}

static int worst_first(const void *a, const void *b)
{
    const struct compared *left = *(const struct compared *const *)a;
    const struct compared *right = *(const struct compared *const *)b;
    const double from = fabs(left->metrics[METRIC_whole].judged.percent);
    const double to = fabs(right->metrics[METRIC_whole].judged.percent);
    const int rank = figure_rank(left) - figure_rank(right);

    if (rank)
        return rank;
    if (from != to)
        return from < to ? 1 : -1;
    return left < right ? -1 : left > right;
}

const struct compared **comparison_order(const struct comparison *comparison)
{
    const struct compared **order = calloc(comparison->count + 1, sizeof(*order));

    for (size_t i = 0; order && i < comparison->count; i++)
        order[i] = &comparison->figures[i];
    if (order)
        qsort(order, comparison->count, sizeof(*order), worst_first);
    return order;
}

void summary_text(const struct comparison *comparison, char *out, size_t size)
{
    const size_t *verdicts = comparison->verdicts;
    const size_t lone = comparison->lone[0] + comparison->lone[1];
    const int used = snprintf(
        out, size, "%zu regressed, %zu improved, %zu %s, %zu inconclusive",
        verdicts[VERDICT_REGRESSED], verdicts[VERDICT_IMPROVED], verdicts[VERDICT_EQUIVALENT],
        comparison->exact ? "equal" : "equivalent", verdicts[VERDICT_INCONCLUSIVE]);

    if (lone && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", %zu on one side only", lone);
}

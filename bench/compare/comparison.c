/* SPDX-License-Identifier: MIT
 * Makes a comparison of two documents: pairs their figures, holds counts against each other
 * exactly, and lets the boots of everything else be judged, family by family. Invariant: every
 * figure of both sides is in the result once. See bench/compare.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare.h"
#include "bench/compare/parts.h"
#include "traces/say.h"

/* The rows of one cell at one isolation: a run of a sorted index. */
struct group {
    const struct figure **rows;
    size_t count;
};

/* A side's rows, sorted by cell and isolation; those of one group stay in the document's order. */
struct index {
    const struct document *document;
    const struct figure **rows;
};

static const size_t offsets[] = {
#define X(name) offsetof(struct figure, name),
    COMPARE_METRICS(X)
#undef X
};

const char *metric_name(enum metric metric)
{
    static const char *const names[] = {
#define X(name) #name,
        COMPARE_METRICS(X)
#undef X
    };
    static char phases[PHASE_COUNT][32];

    if (metric < METRIC_PHASE)
        return names[metric];
    char *phase = phases[metric - METRIC_PHASE];
    snprintf(phase, sizeof(phases[0]), "phase_%s",
             span_phase_name((enum phase)(metric - METRIC_PHASE)));
    return phase;
}

static double metric_of(const struct figure *figure, enum metric metric)
{
    double number;

    if (metric >= METRIC_PHASE)
        return figure->phase[metric - METRIC_PHASE];
    memcpy(&number, (const char *)figure + offsets[metric], sizeof(number));
    return number;
}

/* By cell and isolation; rows of one group compare equal. */
static int group_order(const struct figure *a, const struct figure *b)
{
    const int order = strcmp(a->cell, b->cell);

    return order ? order : (int)a->pti_on - (int)b->pti_on;
}

static int rows_order(const void *a, const void *b)
{
    const struct figure *left = *(const struct figure *const *)a;
    const struct figure *right = *(const struct figure *const *)b;
    const int order = group_order(left, right);

    return order ? order : left < right ? -1 : left > right;
}

static int index_make(const struct document *document, struct index *out)
{
    *out = (struct index){document, calloc(document->count + 1, sizeof(struct figure *))};
    if (!out->rows)
        return -1;
    for (size_t i = 0; i < document->count; i++)
        out->rows[i] = &document->figures[i];
    qsort(out->rows, document->count, sizeof(struct figure *), rows_order);
    return 0;
}

/* The rows that are of the same cell and isolation; an empty group where there are none. */
static struct group group_find(const struct index *in, const struct figure *like)
{
    size_t low = 0, high = in->document->count, end;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (group_order(in->rows[middle], like) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < in->document->count && !group_order(in->rows[end], like);)
        end++;
    return (struct group){in->rows + low, end - low};
}

/* The numbers of a metric, a boot each, into room for group->count. */
static size_t group_numbers(const struct group *group, enum metric metric, double *out)
{
    size_t used = 0;

    for (size_t i = 0; i < group->count; i++) {
        const double number = metric_of(group->rows[i], metric);
        if (figure_has(number))
            out[used++] = number;
    }
    return used;
}

/* The running mean: equal numbers stay what they are, and no sum can overflow. */
static double mean(const double *numbers, size_t count)
{
    double middle = 0;

    for (size_t i = 0; i < count; i++)
        middle += numbers[i] / (double)(i + 1) - middle / (double)(i + 1);
    return middle;
}

/* An exact metric: any difference is one. Means of equal counts differ by their rounding only. */
static void exact_judge(const double *numbers[2], const size_t counts[2], struct judgement *out)
{
    const double old = mean(numbers[0], counts[0]), new = mean(numbers[1], counts[1]);
    const bool moved = fabs(new - old) > 1e-9 * fabs(old);

    judge_exact(old, moved ? new : old, out);
    out->boots[0] = counts[0];
    out->boots[1] = counts[1];
}

static bool metric_is_count(enum metric metric)
{
    return metric == METRIC_traps || metric == METRIC_cr3_writes || metric == METRIC_copied_bytes;
}

/* Compares one metric of a pair; scratch holds the rows of both. */
static void metric_compare(const struct group sides[2], enum metric metric,
                           const struct judge_rule *rule, struct compared_metric *out,
                           double *scratch)
{
    const double *numbers[2] = {scratch, scratch + sides[0].count};
    const size_t counts[2] = {group_numbers(&sides[0], metric, scratch),
                              group_numbers(&sides[1], metric, scratch + sides[0].count)};

    if (!counts[0] || !counts[1])
        return;
    out->there = true;
    if (out->exact)
        exact_judge(numbers, counts, &out->judged);
    else
        judge_sides(numbers[0], counts[0], numbers[1], counts[1], rule, &out->judged);
}

static void compared_begin(const struct figure *figure, enum compared_on on, struct compared *out)
{
    *out = (struct compared){.on = on, .pti_on = figure->pti_on};
    figure_name(figure, out->name);
    strcpy(out->cell, figure->cell);
}

static int pair_compare(const struct group sides[2], const struct comparison_input *input,
                        bool exact, struct compared *out)
{
    double *scratch = calloc(sides[0].count + sides[1].count, sizeof(double));
    struct judge_rule rule = input->rule;

    if (!scratch)
        return -1;
    out->floor = floors_find(input->floors, out->name, rule.floor);
    rule.floor = out->floor;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        out->metrics[metric].exact = exact || metric_is_count(metric);
        metric_compare(sides, metric, &rule, &out->metrics[metric], scratch);
    }
    free(scratch);
    return 0;
}

/* Instructions of the companion, where both of its sides have the figure. */
static int companion_compare(const struct index exact[2], const struct figure *like,
                             struct compared *out)
{
    const struct group sides[2] = {group_find(&exact[0], like), group_find(&exact[1], like)};
    double *scratch = calloc(sides[0].count + sides[1].count + 1, sizeof(double));

    if (!scratch)
        return -1;
    out->instructions.exact = true;
    metric_compare(sides, METRIC_whole, NULL, &out->instructions, scratch);
    free(scratch);
    return 0;
}

/* Whether a row is the first of its group in the document: each group is told once. */
static bool group_first(const struct index *in, const struct figure *row)
{
    return group_find(in, row).rows[0] == row;
}

static int base_compare(const struct comparison_input *input, const struct index sides[2],
                        const struct index exact[2], struct comparison *out)
{
    for (size_t i = 0; i < input->sides[0]->count; i++) {
        const struct figure *row = &input->sides[0]->figures[i];
        const struct group pair[2] = {group_find(&sides[0], row), group_find(&sides[1], row)};
        if (!group_first(&sides[0], row))
            continue;
        struct compared *compared = &out->figures[out->count++];
        compared_begin(row, pair[1].count ? ON_BOTH : ON_BASE_ONLY, compared);
        if (pair[1].count && pair_compare(pair, input, out->exact, compared))
            return -1;
        if (pair[1].count && exact[0].rows && exact[1].rows &&
            companion_compare(exact, row, compared))
            return -1;
    }
    return 0;
}

static void head_lone(const struct comparison_input *input, const struct index sides[2],
                      struct comparison *out)
{
    for (size_t i = 0; i < input->sides[1]->count; i++) {
        const struct figure *row = &input->sides[1]->figures[i];
        if (group_first(&sides[1], row) && !group_find(&sides[0], row).count)
            compared_begin(row, ON_HEAD_ONLY, &out->figures[out->count++]);
    }
}

static int figures_compare(const struct comparison_input *input, struct comparison *out)
{
    struct index sides[2] = {{0}}, exact[2] = {{0}};
    int failed = 0;

    for (unsigned side = 0; side < 2; side++) {
        failed |= index_make(input->sides[side], &sides[side]);
        if (input->exact[0] && input->exact[1])
            failed |= index_make(input->exact[side], &exact[side]);
    }
    if (!failed)
        failed = base_compare(input, sides, exact, out);
    if (!failed)
        head_lone(input, sides, out);
    for (unsigned side = 0; side < 2; side++) {
        free(sides[side].rows);
        free(exact[side].rows);
    }
    return failed;
}

static void side_read(const struct document *document, const char *path, struct compared_side *out)
{
    *out = (struct compared_side){.path = path, .complete = !strcmp(document->complete, "yes")};
    for (size_t i = 0; i < document->count; i++) {
        const size_t boots = document->figures[i].boot + 1u;
        out->boots = boots > out->boots ? boots : out->boots;
    }
    fact_copy(document->context, "kernel_sha256", out->kernel, sizeof(out->kernel));
    fact_copy(document->context, "revision", out->revision, sizeof(out->revision));
    out->excluded = json_array_size(json_object_get(document->context, "tach_excluded"));
}

int comparison_make(const struct comparison_input *input, struct comparison *out)
{
    const struct document *head = input->sides[1];

    *out = (struct comparison){.rule = input->rule};
    strcpy(out->class, head->class);
    strcpy(out->machine, head->machine);
    out->exact = !strcmp(figure_unit(head->class), "instructions");
    for (unsigned side = 0; side < 2; side++)
        side_read(input->sides[side], input->paths[side], &out->sides[side]);
    out->figures = calloc(input->sides[0]->count + head->count + 1, sizeof(*out->figures));
    if (!out->figures || figures_compare(input, out))
        return -1;
    return families_judge(out) || causes_find(out) ? -1 : 0;
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->figures);
    *comparison = (struct comparison){0};
}

/* SPDX-License-Identifier: MIT
 * See bench/counters.h. A pass in which fewer events came than in the empty one is a negative
 * number: noise has two sides, and cutting one off would be a bias. */
#include "bench/counters.h"

#include <string.h>

#include "bench/table.h"
#include "traces/body.h"
#include "traces/say.h"

#define CELL_WIDTH 28

static const struct counters *cell_find(const struct boot *boot, const char *name)
{
    for (size_t i = 0; i < boot->counters_count; i++)
        if (!strncmp(boot->counters[i].head.cell, name, sizeof(boot->counters[i].head.cell)))
            return &boot->counters[i];
    return NULL;
}

/* Over one call; the difference of two counts may be below 0. */
static double per_call(const struct counters *counters, uint64_t whole, uint64_t empty)
{
    return (double)(int64_t)(whole - empty) / (double)counters->head.calls;
}

static double kind_sum(const struct counters *counters, uint32_t kind)
{
    double sum = FIGURE_ABSENT;

    for (uint32_t i = 0; i < counters->head.entries; i++) {
        const struct wire_counter *counter = &counters->list[i];
        if (counter->kind != kind)
            continue;
        if (counter->state != COUNTER_COUNTED)
            return FIGURE_ABSENT;
        sum = (figure_has(sum) ? sum : 0) + per_call(counters, counter->count, counter->empty);
    }
    return sum;
}

void counters_fill(struct figure *figure, const struct boot *boot)
{
    char name[MATRIX_NAME_MAX + 1];

    figure_plain(figure->cell, name);
    const struct counters *counters = cell_find(boot, name);
    if (!counters)
        return;
    figure->pmu_ticks = per_call(counters, counters->head.ticks, counters->head.ticks_empty);
    figure->pmu_cycles = kind_sum(counters, COUNTER_CYCLES);
    figure->pmu_instructions = kind_sum(counters, COUNTER_INSTRUCTIONS);
    figure->pmu_dtlb_walks = kind_sum(counters, COUNTER_DTLB_WALKS);
    figure->pmu_l1d_misses = kind_sum(counters, COUNTER_L1D_MISSES);
}

bool counters_had(const struct figure *figure)
{
#define X(member, json, head)                                                                      \
    if (figure_has(figure->member))                                                                \
        return true;
    COUNTER_FIGURES(X)
#undef X
    return false;
}

bool counters_any(const struct document *document)
{
    for (size_t i = 0; i < document->count; i++)
        if (counters_had(&document->figures[i]))
            return true;
    return false;
}

const char *counters_lack(const struct boot *boot, uint32_t kind)
{
    const struct counters *counters = boot->counters;

    for (uint32_t i = 0; boot->counters_count && i < counters->head.entries; i++)
        if (counters->list[i].kind == kind && counters->list[i].state != COUNTER_COUNTED)
            return body_counter_state(counters->list[i].state);
    return NULL;
}

static void number_print(FILE *out, double number)
{
    char text[32] = "-";

    if (figure_has(number))
        number_text(number, text, sizeof(text));
    fprintf(out, " %12s", text);
}

void counters_print(FILE *out, const struct document *document)
{
    if (!counters_any(document))
        return;
    fprintf(out, "\nthe CPU's own counters, a call\n\n%-*s pti", CELL_WIDTH, "cell");
#define X(member, json, head) fprintf(out, " %12s", head);
    COUNTER_FIGURES(X)
#undef X
    fputc('\n', out);
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const int width = (int)strlen(figure->cell);

        if (!counters_had(figure))
            continue;
        say_name(out, figure->cell);
        fprintf(out, "%*s %-3s", width < CELL_WIDTH ? CELL_WIDTH - width : 0, "",
                figure->pti_on ? "on" : "off");
#define X(member, json, head) number_print(out, figure->member);
        COUNTER_FIGURES(X)
#undef X
        fputc('\n', out);
    }
}

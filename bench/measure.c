/* SPDX-License-Identifier: MIT
 * From captures to figures; see bench/measure.h. The empty region is a measurement like the others:
 * its location is taken off each whole, once a region, before the division by the calls in it. */
#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

#include "bench/counters.h"
#include "bench/stats.h"
#include "traces/words.h"

static int figure_append(struct document *rows, const struct figure *figure)
{
    struct figure *figures = realloc(rows->figures, (rows->count + 1) * sizeof(*figures));

    if (!figures)
        return -1;
    rows->figures = figures;
    figures[rows->count++] = *figure;
    return 0;
}

/* The empty region of ring 3: measured as a cell, else the kernel's calibration of it. */
static double empty_location(const struct boot *boot)
{
    const struct hist *hist = boot_hist(boot, "calibration", "empty");

    if (hist && hist->count)
        return stats_location(hist->entries, hist->count);
    return boot->has_calib ? (double)boot->calib.empty_ring3 : 0;
}

static void region_fill(struct figure *figure, const struct hist *hist)
{
    const struct stats stats = stats_of(hist->entries, hist->count);

    figure->samples = (double)stats.samples;
    figure->min = (double)stats.min;
    figure->p50 = (double)stats.p50;
    figure->p99 = (double)stats.p99;
    figure->p999 = (double)stats.p999;
    figure->max = (double)stats.max;
    figure->mode = (double)stats.mode;
    figure->calls = hist->calls;
    figure->whole = (stats.location - figure->empty) / hist->calls;
}

bool measure_cell(const struct boot *boot, const char *cell, double *empty, double *whole)
{
    const struct hist *hist = boot_hist(boot, cell, "whole");

    if (!hist || !hist->calls || !hist->count)
        return false;
    *empty = empty_location(boot);
    *whole = (stats_location(hist->entries, hist->count) - *empty) / hist->calls;
    return true;
}

bool measure_pcid(const struct boot *boot)
{
    return boot->hello.pcid && words_is(boot->cmdline, "pcid=", "on");
}

bool measure_pcid_lacking(const struct boot *boot)
{
    return boot->has_hello && boot->hello.pti && !boot->hello.pcid &&
           words_is(boot->cmdline, "pcid=", "on");
}

int measure_whole(const struct boot *boot, unsigned repetition, struct document *rows)
{
    const char *suffix = measure_pcid(boot) ? FIGURE_PCID : "";
    const double hz = boot->hello.tsc_hz ? (double)boot->hello.tsc_hz : 1e9;

    for (size_t i = 0; i < boot->hist_count; i++) {
        const struct hist *whole = &boot->hists[i];
        if (strcmp(whole->metric, "whole") || !whole->calls || !whole->count ||
            strlen(whole->cell) + strlen(suffix) > MATRIX_NAME_MAX)
            continue;
        struct figure figure = figure_empty();
        strcat(strcpy(figure.cell, whole->cell), suffix);
        figure.pti_on = boot->hello.pti;
        figure.boot = repetition;
        figure.empty = empty_location(boot);
        region_fill(&figure, whole);
        /* Under icount an instruction is a nanosecond by definition of shift=0. */
        figure.ns =
            !strcmp(figure_unit(rows->class), "cycles") ? figure.whole * 1e9 / hz : figure.whole;
        const struct hist *kernel = boot_hist(boot, whole->cell, "kernel");
        if (kernel && kernel->calls && kernel->count)
            figure.kernel = stats_location(kernel->entries, kernel->count) / kernel->calls;
        counters_fill(&figure, boot);
        if (figure_append(rows, &figure))
            return -1;
    }
    return 0;
}

static void counts_fill(struct figure *figure, const struct boot *boot)
{
    char cell[sizeof(((struct wire_count *)0)->cell)] = "";

    figure_plain(figure->cell, cell);
    for (size_t i = 0; i < boot->count_count; i++) {
        const struct wire_count *count = &boot->counts[i];
        if (!count->calls || strncmp(count->cell, cell, sizeof(count->cell)))
            continue;
        figure->traps = (double)count->traps / (double)count->calls;
        figure->cr3_writes = (double)count->cr3_writes / (double)count->calls;
        figure->copied_bytes = (double)count->copied_bytes / (double)count->calls;
    }
}

/* The call whose whole is the median stands for its cell: medians of the parts of different calls
 * would add up to no call at all. Nothing is filled in where no call is complete. */
static void phases_fill(struct figure *figure, const struct boot *boot,
                        const struct span_table *table)
{
    char name[MATRIX_NAME_MAX + 1];

    figure_plain(figure->cell, name);
    const struct span_cell *cell = span_cell_find(table, name);
    const struct span_basis basis = {(double)boot->calib.stamp_cost, figure->empty, figure->whole};

    if (!cell || !cell->calls)
        return;
    const struct span_call *call = &table->calls[cell->typical];
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        figure->phase[i] = (double)call->phase[i];
    figure->traced = (double)call->whole;
    figure->stamps = call->stamps;
    figure->stamp_cost = basis.stamp_cost;
    figure->residue = span_residue(call, &basis);
}

int measure_trace(const struct boot *boot, unsigned repetition, struct document *rows)
{
    struct span_table table;

    if (spans_of_boot(boot, &table))
        return -1;
    for (size_t i = 0; i < rows->count; i++) {
        struct figure *figure = &rows->figures[i];
        char name[MATRIX_NAME_MAX + 1];
        if (figure->pti_on != (boot->hello.pti != 0) || figure->boot != repetition ||
            figure_plain(figure->cell, name) != measure_pcid(boot))
            continue;
        counts_fill(figure, boot);
        phases_fill(figure, boot, &table);
    }
    spans_free(&table);
    return 0;
}

/* A sum over the boots that have the number: some may not have been traced. */
static void number_add(double *sum, double *boots, double number)
{
    if (!figure_has(number))
        return;
    *sum = figure_has(*sum) ? *sum + number : number;
    *boots = figure_has(*boots) ? *boots + 1 : 1;
}

static void number_divide(double *sum, double boots)
{
    if (figure_has(*sum))
        *sum /= boots;
}

/* Adds a boot's numbers to the sums, and to the counts of boots that have them. */
static void figure_add(struct figure *sum, struct figure *counts, const struct figure *figure)
{
    sum->whole += figure->whole;
    sum->ns += figure->ns;
    sum->samples += figure->samples;
#define X(member, json) number_add(&sum->member, &counts->member, figure->member);
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        number_add(&sum->phase[i], &counts->phase[i], figure->phase[i]);
    sum->boots++;
}

static void figure_divide(struct figure *sum, const struct figure *counts)
{
    sum->whole /= sum->boots;
    sum->ns /= sum->boots;
#define X(member, json) number_divide(&sum->member, counts->member);
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        number_divide(&sum->phase[i], counts->phase[i]);
    sum->boot = 0;
}

/* Means over boots of one cell at one isolation, each over those that have the number; nothing
 * where no boot delivered it. */
static int cell_merge(const struct document *rows, const char *cell, bool pti_on,
                      struct document *merged)
{
    struct figure sum = figure_empty(), counts = figure_empty();

    sum.boots = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct figure *figure = &rows->figures[i];
        if (figure->pti_on != pti_on || strcmp(figure->cell, cell))
            continue;
        if (!sum.boots)
            snprintf(sum.cell, sizeof(sum.cell), "%s", figure->cell);
        sum.pti_on = pti_on;
        figure_add(&sum, &counts, figure);
    }
    if (!sum.boots)
        return 0;
    figure_divide(&sum, &counts);
    return figure_append(merged, &sum);
}

int measure_merge(const struct document *rows, struct document *merged)
{
    for (size_t i = 0; i < rows->count; i++) {
        const char *cell = rows->figures[i].cell;
        if (document_find(merged, cell, false) || document_find(merged, cell, true))
            continue;
        if (cell_merge(rows, cell, false, merged) || cell_merge(rows, cell, true, merged))
            return -1;
    }
    return 0;
}

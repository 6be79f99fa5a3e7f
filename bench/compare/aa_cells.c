/* SPDX-License-Identifier: MIT
 * Collects boots of one image; see bench/compare/aa_cells.h. Boots of several runs are numbered one
 * run after the other; a boot that lacks a cell leaves a hole in it. */
#include "bench/compare/aa_cells.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/exits.h"
#include "bench/measure.h"
#include "bench/stats.h"
#include "traces/capture.h"
#include "traces/say.h"

#define SPREAD_LOW  1587u /* a sigma below the median and one above it, in permyriad */
#define SPREAD_HIGH 8413u

static size_t boots_of(const struct document *run)
{
    size_t boots = 0;

    for (size_t i = 0; i < run->count; i++)
        if (run->figures[i].boot >= boots)
            boots = run->figures[i].boot + 1u;
    return boots;
}

static int facts_take(const char *verb, const struct aa_input *input, struct aa *out)
{
    const struct document *first = &input->runs[0];
    char kernel[sizeof(out->kernel)];

    strcpy(out->class, first->class);
    strcpy(out->machine, first->machine);
    fact_copy(first->context, "kernel_sha256", out->kernel, sizeof(out->kernel));
    if (!strcmp(figure_unit(first->class), "instructions"))
        return say_error(TACH_INCONCLUSIVE, verb, first->class,
                         "counts instructions: it is exact, so there is no noise to measure");
    for (size_t i = 0; i < input->count; i++) {
        const struct document sides[2] = {*first, input->runs[i]};
        if (!documents_comparable(verb, sides))
            return TACH_INCONCLUSIVE;
        fact_copy(input->runs[i].context, "kernel_sha256", kernel, sizeof(kernel));
        if (strcmp(kernel, out->kernel))
            return say_error(TACH_INCONCLUSIVE, verb, input->paths[i],
                             "another kernel than in %s: equal sides have one", input->paths[0]);
        out->boots += boots_of(&input->runs[i]);
    }
    return TACH_OK;
}

static struct aa_cell *cell_find(struct aa *aa, const char *name)
{
    for (size_t i = 0; i < aa->count; i++)
        if (!strcmp(aa->cells[i].name, name))
            return &aa->cells[i];
    return NULL;
}

static struct aa_cell *cell_add(struct aa *aa, const char *name)
{
    struct aa_cell *cells = realloc(aa->cells, (aa->count + 1) * sizeof(*cells));

    if (!cells)
        return NULL;
    aa->cells = cells;
    struct aa_cell *cell = &cells[aa->count];
    *cell = (struct aa_cell){.count = aa->boots, .noise_iteration = FIGURE_ABSENT};
    strcpy(cell->name, name);
    cell->boots = calloc(aa->boots, sizeof(double));
    if (!cell->boots)
        return NULL;
    aa->count++;
    for (size_t i = 0; i < aa->boots; i++)
        cell->boots[i] = FIGURE_ABSENT;
    return cell;
}

static int rows_take(const struct document *run, size_t first, struct aa *out)
{
    char name[FIGURE_NAME_MAX];

    for (size_t i = 0; i < run->count; i++) {
        const struct figure *figure = &run->figures[i];
        figure_name(figure, name);
        struct aa_cell *cell = cell_find(out, name);
        cell = cell ? cell : cell_add(out, name);
        if (!cell)
            return TACH_INTERNAL;
        cell->boots[first + figure->boot] = figure->whole;
    }
    return TACH_OK;
}

/* The spread of one boot's samples, relative to its median; false where a cell was not measured. */
static bool hist_spread(const struct hist *hist, double *out)
{
    const double middle = (double)stats_percentile(hist->entries, hist->count, 5000);

    if (strcmp(hist->metric, "whole") || !hist->count || middle <= 0)
        return false;
    *out = (double)(stats_percentile(hist->entries, hist->count, SPREAD_HIGH) -
                    stats_percentile(hist->entries, hist->count, SPREAD_LOW)) /
           2 / middle;
    return true;
}

/* The mean over the boots; `seen` counts them, a number a cell. */
static void boot_spreads(const struct boot *boot, struct aa *aa, size_t *seen)
{
    char name[FIGURE_NAME_MAX];
    struct figure figure = figure_empty();
    double spread;

    figure.pti_on = boot->hello.pti;
    for (size_t i = 0; i < boot->hist_count; i++) {
        if (measure_pcid(boot) || strlen(boot->hists[i].cell) > MATRIX_NAME_MAX ||
            !hist_spread(&boot->hists[i], &spread))
            continue;
        strcpy(figure.cell, boot->hists[i].cell);
        figure_name(&figure, name);
        struct aa_cell *cell = cell_find(aa, name);
        if (!cell)
            continue;
        size_t *count = &seen[cell - aa->cells];
        const double sum = *count ? cell->noise_iteration * (double)*count : 0;
        cell->noise_iteration = (sum + spread) / (double)(*count + 1);
        (*count)++;
    }
}

/* Captures are evidence beside the documents: where they are gone, that column stays empty. */
static int captures_take(const char *path, struct aa *aa)
{
    size_t *seen = calloc(aa->count + 1, sizeof(*seen));
    char pattern[4096];
    glob_t found = {0};

    if (!seen)
        return TACH_INTERNAL;
    snprintf(pattern, sizeof(pattern), "%s/boot-*.frames", path);
    if (!glob(pattern, 0, NULL, &found))
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct capture capture;
            if (!capture_load(found.gl_pathv[i], &capture) && capture.boot_count == 1 &&
                capture.boots[0].has_hello && !capture.boots[0].hello.trace)
                boot_spreads(&capture.boots[0], aa, seen);
            capture_free(&capture);
        }
    globfree(&found);
    free(seen);
    return TACH_OK;
}

static int locations_set(struct aa *aa)
{
    for (size_t i = 0; i < aa->count; i++) {
        double sum = 0, known = 0;
        for (size_t k = 0; k < aa->cells[i].count; k++)
            if (figure_has(aa->cells[i].boots[k])) {
                sum += aa->cells[i].boots[k];
                known++;
            }
        aa->cells[i].location = known > 0 ? sum / known : 0;
    }
    return TACH_OK;
}

int aa_cells(const char *verb, const struct aa_input *input, struct aa *out)
{
    int status = facts_take(verb, input, out);
    size_t first = 0;

    for (size_t i = 0; !status && i < input->count; i++) {
        status = rows_take(&input->runs[i], first, out);
        first += boots_of(&input->runs[i]);
    }
    if (!status)
        status = captures_take(input->paths[0], out);
    return status ? status : locations_set(out);
}

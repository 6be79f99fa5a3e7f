/* SPDX-License-Identifier: MIT
 * Drift over the boots of a run; see bench/drift.h. Within a side and a cell the repetitions are in
 * the order of time, so a trend over them is one over time. Boots are compared only with boots of
 * the same cells, isolation and side; what they have in common is tested over all of them. */
#include "bench/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/rank.h"
#include "bench/trend.h"

#define BOOTS_FEW 4u /* of fewer no order is rare enough */

/* One series with what it is of; x and y are owned. */
struct track {
    const struct figure *figure; /* of a cell; NULL for a boot's mean */
    unsigned side;
    double *x, *y;
    size_t n;
    struct trend trend;
};

struct tracks {
    struct track *list;
    size_t count;
};

static struct track *track_add(struct tracks *tracks, size_t room)
{
    struct track *list = realloc(tracks->list, (tracks->count + 1) * sizeof(*list));

    if (!list)
        return NULL;
    tracks->list = list;
    struct track *track = &list[tracks->count];
    *track = (struct track){.x = calloc(room + 1, sizeof(double)),
                            .y = calloc(room + 1, sizeof(double))};
    tracks->count++;
    return track->x && track->y ? track : NULL;
}

static void tracks_free(struct tracks *tracks)
{
    for (size_t i = 0; i < tracks->count; i++) {
        free(tracks->list[i].x);
        free(tracks->list[i].y);
    }
    free(tracks->list);
    *tracks = (struct tracks){0};
}

static bool figures_alike(const struct figure *a, const struct figure *b)
{
    return a->pti_on == b->pti_on && !strcmp(a->cell, b->cell);
}

/* Whether an earlier row is of the same cell, so that its series is there already. */
static bool row_seen(const struct document *rows, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (figures_alike(&rows->figures[i], &rows->figures[at]))
            return true;
    return false;
}

/* The locations of one cell by repetition, as parts of their median: 0 is no change. */
static int cell_track(const struct document *rows, size_t first, unsigned side,
                      struct tracks *tracks)
{
    struct track *track = track_add(tracks, rows->count);

    if (!track)
        return -1;
    track->figure = &rows->figures[first];
    track->side = side;
    for (size_t i = first; i < rows->count; i++) {
        if (!figures_alike(&rows->figures[first], &rows->figures[i]))
            continue;
        track->x[track->n] = rows->figures[i].boot;
        track->y[track->n++] = rows->figures[i].whole;
    }
    double *sorted = malloc((track->n + 1) * sizeof(*sorted));
    if (!sorted)
        return -1;
    memcpy(sorted, track->y, track->n * sizeof(*sorted));
    const double median = rank_middle(sorted, track->n);
    for (size_t i = 0; i < track->n; i++)
        track->y[i] = median > 0 ? track->y[i] / median - 1 : 0;
    free(sorted);
    return 0;
}

static int cells_track(const struct run *run, const struct document *rows, struct tracks *cells)
{
    for (unsigned side = 0; side < run->plan.sides; side++)
        for (size_t i = 0; i < rows[side].count; i++)
            if (!row_seen(&rows[side], i) && cell_track(&rows[side], i, side, cells))
                return -1;
    return 0;
}

/* Whether a cell is one that a boot measured. */
static bool boot_has(const struct run *run, const struct boot_run *boot, const struct track *cell)
{
    if (boot->side != cell->side || boot->pti != cell->figure->pti_on)
        return false;
    for (size_t i = 0; i < boot->count; i++)
        if (!strcmp(run->matrix.cells[boot->first + i].name, cell->figure->cell))
            return true;
    return false;
}

/* The mean change of the cells of a boot in one repetition; false where it gave none. */
static bool boot_change(const struct run *run, const struct boot_run *boot, unsigned repetition,
                        const struct tracks *cells, double *out)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < cells->count; i++) {
        const struct track *cell = &cells->list[i];
        if (!boot_has(run, boot, cell))
            continue;
        for (size_t k = 0; k < cell->n; k++)
            if (cell->x[k] == repetition) {
                sum += cell->y[k];
                count++;
            }
    }
    *out = count ? sum / (double)count : 0;
    return count > 0;
}

/* A series for each boot of the first repetition that gives figures, over all repetitions. */
static int boots_track(const struct run *run, const struct tracks *cells, struct tracks *boots)
{
    for (size_t i = 0; i < run->boots.count; i++) {
        const struct boot_run *boot = &run->boots.runs[i];
        if (boot->repetition || boot->trace)
            continue;
        struct track *track = track_add(boots, run->plan.repetitions);
        if (!track)
            return -1;
        for (unsigned k = 0; k < run->plan.repetitions; k++)
            if (boot_change(run, boot, k, cells, &track->y[track->n]))
                track->x[track->n++] = k;
    }
    return 0;
}

/* The trend that all tracks share. */
static int tracks_trend(const struct tracks *tracks, struct trend *out)
{
    struct series_xy *series = calloc(tracks->count + 1, sizeof(*series));

    if (!series)
        return -1;
    for (size_t i = 0; i < tracks->count; i++)
        series[i] = (struct series_xy){tracks->list[i].x, tracks->list[i].y, tracks->list[i].n};
    const int failed = trend_of(series, tracks->count, out);
    free(series);
    return failed;
}

static double percent_of(const struct run *run, const struct trend *trend)
{
    return 100 * trend->slope * (run->plan.repetitions - 1);
}

static const char *cell_verdict(const struct track *cell, size_t cells)
{
    return cell->n < BOOTS_FEW                            ? "not judged"
           : cell->trend.p * (double)cells < DRIFT_FAMILY ? "drift"
                                                          : "none";
}

static json_t *cell_json(const struct run *run, const struct track *cell, size_t cells)
{
    return json_pack("{ss so sb si sf sf ss}", "side", run->sides[cell->side].name, "cell",
                     json_text(cell->figure->cell), "pti", cell->figure->pti_on, "boots",
                     (int)cell->n, "percent", percent_of(run, &cell->trend), "p", cell->trend.p,
                     "verdict", cell_verdict(cell, cells));
}

/* Trends of the cells, each judged among all. */
static json_t *cells_json(const struct run *run, struct tracks *cells)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < cells->count; i++) {
        struct track *cell = &cells->list[i];
        const struct series_xy series = {cell->x, cell->y, cell->n};
        if (trend_of(&series, 1, &cell->trend))
            return json_decref(list), NULL;
        json_array_append_new(list, cell_json(run, cell, cells->count));
    }
    return list;
}

/* Instructions: every boot gives the same number, or the machine is not what it claims. */
static json_t *counts_json(const struct run *run, const struct tracks *cells)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cells->count; i++) {
        const struct track *cell = &cells->list[i];
        bool unequal = false;
        for (size_t k = 1; k < cell->n; k++)
            unequal |= cell->y[k] != cell->y[0];
        if (unequal)
            json_array_append_new(
                list, json_pack("{ss so sb si ss}", "side", run->sides[cell->side].name, "cell",
                                json_text(cell->figure->cell), "pti", cell->figure->pti_on, "boots",
                                (int)cell->n, "verdict", "unequal"));
    }
    const size_t unequal = json_array_size(list);
    if (unequal)
        fprintf(stderr, "tach run: %zu figures differ from boot to boot, though they are counts\n",
                unequal);
    return json_pack("{ss ss so}", "verdict", unequal ? "unequal" : "none", "why",
                     "instructions are counted: boots must agree", "cells", list);
}

static json_t *trends_json(const struct run *run, struct tracks *cells, const struct tracks *boots)
{
    const char *verdict = "not judged";
    struct trend shared;

    if (tracks_trend(boots, &shared))
        return NULL;
    json_t *list = cells_json(run, cells);
    if (run->plan.repetitions >= BOOTS_FEW)
        verdict = shared.p < DRIFT_P ? "drift" : "none";
    if (!strcmp(verdict, "drift"))
        fprintf(stderr,
                "tach run: the machine drifted by %+.2f %% over the run (p %.2g); both sides of a "
                "pair alike, but not one run and another\n",
                percent_of(run, &shared), shared.p);
    return list ? json_pack("{ss ss sf sf sb so}", "verdict", verdict, "why",
                            "Kendall's S within boots of the same cells", "percent",
                            percent_of(run, &shared), "p", shared.p, "exact", shared.exact, "cells",
                            list)
                : NULL;
}

json_t *drift_find(const struct run *run, const struct document rows[RUN_SIDES])
{
    struct tracks cells = {0}, boots = {0};
    json_t *found = NULL;

    if (!cells_track(run, rows, &cells)) {
        if (!strcmp(figure_unit(run->choice.class), "instructions"))
            found = counts_json(run, &cells);
        else if (!boots_track(run, &cells, &boots))
            found = trends_json(run, &cells, &boots);
    }
    tracks_free(&cells);
    tracks_free(&boots);
    return found;
}

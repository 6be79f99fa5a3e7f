/* SPDX-License-Identifier: MIT
 * Warm-up series of cells; see bench/warmup.h. */
#include "bench/warmup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figure.h"
#include "bench/judge/rank.h"
#include "bench/stats.h"
#include "bench/trend.h"

#define METRIC "warmup"

static struct warmup_cell *cell_find(struct warmup *warmup, const char *cell, const char *side,
                                     bool pti)
{
    for (size_t i = 0; i < warmup->count; i++) {
        struct warmup_cell *at = &warmup->cells[i];
        if (at->pti == pti && !strcmp(at->cell, cell) && !strcmp(at->side, side))
            return at;
    }
    struct warmup_cell *cells = realloc(warmup->cells, (warmup->count + 1) * sizeof(*cells));
    if (!cells)
        return NULL;
    warmup->cells = cells;
    cells[warmup->count] = (struct warmup_cell){.side = side, .pti = pti};
    snprintf(cells[warmup->count].cell, sizeof(cells->cell), "%s", cell);
    return &cells[warmup->count++];
}

static double window_median(const uint64_t *series)
{
    double values[WARMUP_WINDOW];

    for (size_t i = 0; i < WARMUP_WINDOW; i++)
        values[i] = (double)series[i];
    return rank_middle(values, WARMUP_WINDOW);
}

static bool differ(double a, double b)
{
    return fabs(a - b) > fmax(a, b) / WARMUP_SHARE;
}

/* What one boot's series says of its cell. */
static int series_take(const struct boot *boot, const struct raw *raw, struct warmup_cell *cell)
{
    const struct hist *whole = boot_hist(boot, raw->cell, "whole");
    const double last = window_median(raw->samples + raw->count - WARMUP_WINDOW);
    struct change_point change;

    if (change_point_of(raw->samples, raw->count, WARMUP_P, &change))
        return -1;
    cell->boots++;
    if (raw->count > cell->regions)
        cell->regions = raw->count;
    if (change.at > cell->change_at) {
        cell->change_at = change.at;
        cell->before = change.before;
        cell->after = change.after;
    }
    if (raw->count >= 2 * WARMUP_WINDOW)
        cell->unsettled +=
            differ(window_median(raw->samples + raw->count - 2 * (size_t)WARMUP_WINDOW), last);
    if (whole && whole->count && whole->calls == raw->calls)
        cell->left += differ((double)stats_percentile(whole->entries, whole->count, 5000), last);
    return 0;
}

int warmup_boot(const struct boot *boot, const char *side, struct warmup *warmup)
{
    for (size_t i = 0; i < boot->raw_count; i++) {
        const struct raw *raw = &boot->raws[i];
        if (strcmp(raw->metric, METRIC) || raw->count < WARMUP_WINDOW)
            continue;
        struct warmup_cell *cell = cell_find(warmup, raw->cell, side, boot->hello.pti != 0);
        if (!cell || series_take(boot, raw, cell))
            return -1;
    }
    return 0;
}

static json_t *cell_json(const struct warmup_cell *cell)
{
    json_t *json =
        json_pack("{ss so sb si si si si}", "side", cell->side, "cell", json_text(cell->cell),
                  "pti", cell->pti, "boots", (int)cell->boots, "regions", (int)cell->regions,
                  "unsettled", (int)cell->unsettled, "left", (int)cell->left);

    if (json && cell->change_at)
        json_object_update_new(json, json_pack("{si so so}", "change_at", (int)cell->change_at,
                                               "before", json_number(cell->before), "after",
                                               json_number(cell->after)));
    return json;
}

json_t *warmup_json(const struct warmup *warmup)
{
    json_t *list = json_array();
    size_t unsettled = 0, left = 0;

    for (size_t i = 0; list && i < warmup->count; i++) {
        unsettled += warmup->cells[i].unsettled > 0;
        left += warmup->cells[i].left > 0;
        json_array_append_new(list, cell_json(&warmup->cells[i]));
    }
    if (unsettled)
        fprintf(stderr, "tach run: %zu of %zu cells were still changing when their warm-up ended\n",
                unsettled, warmup->count);
    return json_pack("{ss si si so}", "verdict",
                     !warmup->count ? "not kept"
                     : unsettled    ? "unsettled"
                                    : "settled",
                     "unsettled", (int)unsettled, "left", (int)left, "cells", list);
}

void warmup_free(struct warmup *warmup)
{
    free(warmup->cells);
    *warmup = (struct warmup){0};
}

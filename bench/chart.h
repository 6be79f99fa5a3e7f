/* SPDX-License-Identifier: MIT
 * The figures of a run, drawn by gnuplot. Invariant: a chart shows numbers of the document as they
 * are; what was not measured is not drawn, and a chart without numbers does not exist. Called by
 * tach plot and tach report. */
#ifndef TACH_BENCH_CHART_H
#define TACH_BENCH_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/figure.h"

/* X(name, title): in the order of the page. */
#define CHARTS(X)                                                                                  \
    X(answer, "Direct against scheme-routed, isolation off against on")                            \
    X(placement, "A read of 8 bytes by placement and route")                                       \
    X(payload, "Cost against payload")                                                             \
    X(ladder, "The rungs, smallest payload")                                                       \
    X(phases, "Where a call spends its time")                                                      \
    X(growth, "Alone, and on a crowded machine")

enum chart {
#define X(name, title) CHART_##name,
    CHARTS(X)
#undef X
        CHART_COUNT
};

/* CHART_NARROW is an SVG for a window of 400 pixels. */
enum chart_form { CHART_SVG, CHART_PNG, CHART_NARROW };

/* By enum chart: the name, as in file names and ids, and the title, from CHARTS. */
extern const char *const chart_names[CHART_COUNT];
extern const char *const chart_titles[CHART_COUNT];

/* The colours of all charts as "#rrggbb", light paper and dark; the first three are ink, faint ink
 * and grid. */
#define CHART_COLOURS 17u
extern const char *const chart_light[CHART_COLOURS];
extern const char *const chart_dark[CHART_COLOURS];

/* What a chart is drawn of, and for whom. */
struct sheet {
    FILE *script;
    const struct document *document;
    bool narrow; /* legends below, labels short */
};

/* Writes a chart's data and drawing commands, without terminal and output. False when the document
 * holds nothing of it. */
bool chart_script(const struct sheet *sheet, enum chart chart);

/* Draws one chart into a file. *drawn says whether there was anything to draw. Complains under the
 * verb's name; returns an enum tach_exit. */
int chart_draw(const char *verb, const struct document *document, enum chart chart,
               enum chart_form form, const char *path, bool *drawn);

/* The smallest payload of a rung in the document; the cell in two spaces where there are two. NULL
 * when the rung is not there. */
const struct figure *chart_smallest(const struct document *document, const char *rung, bool pti_on);

/* Splits a cell's name. The size is -1 where it has none. */
struct cell_parts {
    char rung[16];
    long size;
    bool one_space;
};
struct cell_parts cell_split(const char *cell);

/* The figure of a rung at a payload, in two spaces where it has them, or NULL. */
const struct figure *chart_at(const struct document *document, const char *rung, long size,
                              bool pti_on);

#endif

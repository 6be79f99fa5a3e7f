/* SPDX-License-Identifier: MIT
 * The figures of a run, drawn by gnuplot. Invariant: a chart shows numbers of the run as they are;
 * what was not measured is not drawn, and a chart without numbers does not exist. Called by tach
 * plot and tach report. */
#ifndef TACH_BENCH_CHART_CHART_H
#define TACH_BENCH_CHART_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/figure.h"
#include "bench/history/past.h"
#include "bench/kept.h"

/* X(name, title, height, height of the narrow form): in the order of the page; pixels. */
#define CHARTS(X)                                                                                  \
    X(answer, "Direct against scheme-routed, isolation off against on", 430, 400)                  \
    X(placement, "A read of 8 bytes by placement and route", 380, 400)                             \
    X(spread, "How single regions spread", 420, 560)                                               \
    X(payload, "Cost against payload", 480, 860)                                                   \
    X(ladder, "The rungs, smallest payload", 430, 400)                                             \
    X(phases, "Where a call spends its time", 430, 460)                                            \
    X(waterfall, "One call, stamp by stamp", 400, 640)                                             \
    X(steady, "Warm-up and drift", 380, 640)                                                       \
    X(pcid, "Isolation off, on, and on with PCID", 400, 440)                                       \
    X(growth, "Alone, and on a crowded machine", 400, 400)                                         \
    X(past, "What the last runs cost", 560, 1280)                                                  \
    X(counted, "What the last counting runs cost", 560, 1280)

enum chart {
#define X(name, title, height, narrow) CHART_##name,
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

/* Names for the places in those tables. */
#define CHART_INK      chart_light[0]
#define CHART_FAINT    chart_light[1]
#define CHART_GRID     chart_light[2]
#define CHART_SIDE(on) chart_light[3 + (on)]            /* isolation off, on */
extern const unsigned chart_phase_colours[PHASE_COUNT]; /* places */

/* What charts are drawn of; nothing is owned. */
struct chart_data {
    const struct document *document; /* a row a cell */
    const struct document *rows;     /* a row a boot; NULL: not there */
    const struct kept *kept;         /* NULL: not there */
    const struct past *past;         /* the history: of the run's class; NULL: not there */
    const struct past *counted;      /* and of class icount beside it; NULL: not there */
    const struct document *beside;   /* a run of another machine that counts; NULL: none */
};

/* What a chart is drawn of, and for whom. */
struct sheet {
    FILE *script;
    const struct document *document; /* of data */
    const struct chart_data *data;
    bool narrow; /* legends below, labels short */
};

/* A drawing that is to become a file. */
struct drawing {
    const struct chart_data *data;
    enum chart chart;
    enum chart_form form;
    const char *path;
};

/* Writes a chart's data and drawing commands, without terminal and output. False when the document
 * holds nothing of it. */
bool chart_script(const struct sheet *sheet, enum chart chart);

/* The charts that have a file of their own. */
bool placement_script(const struct sheet *sheet);
bool payload_script(const struct sheet *sheet);
bool phases_script(const struct sheet *sheet);
bool spread_script(const struct sheet *sheet);
bool waterfall_script(const struct sheet *sheet);
bool steady_script(const struct sheet *sheet);
bool pcid_script(const struct sheet *sheet);
bool growth_script(const struct sheet *sheet);
bool past_script(const struct sheet *sheet);
bool counted_script(const struct sheet *sheet);

/* Draws one chart into a file. *drawn says whether there was anything to draw. Complains under the
 * verb's name; returns an enum tach_exit. */
int chart_draw(const char *verb, const struct drawing *drawing, bool *drawn);

/* The history of the main routes and operations, each at its smallest payload: of a document's
 * class, and, where that counts no instructions, of class icount beside it. Returns as past_load
 * does; past_free is due for both in any case. */
int chart_pasts(const char *verb, const char *option, const struct document *document,
                struct past pasts[2]);

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

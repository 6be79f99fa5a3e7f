/* SPDX-License-Identifier: MIT
 * The intervals of one traced call, from stamp to stamp, for the chart and for the table beneath
 * it. Invariant: they follow each other without a gap, from 0 to the whole. Called by
 * chart/waterfall.c and page/waterfall.c. */
#ifndef TACH_BENCH_CHART_WATERFALL_H
#define TACH_BENCH_CHART_WATERFALL_H

#include "bench/kept.h"

#define WATERFALL_MAX  64u         /* intervals shown */
#define WATERFALL_CELL "T2/size:8" /* whose call it is */

struct waterfall_step {
    uint16_t event;    /* EV_* that ends it */
    unsigned crossing; /* from 1; 0: before the first */
    double from, to;   /* ticks from the client's stamp */
};

/* Which call: the median one of a cell, or the slowest one in a thousand. */
struct waterfall_ask {
    const char *cell;
    bool pti_on, slowest;
};

/* Returns how many intervals there are; 0: no traced call of that cell. */
size_t waterfall_of(const struct kept *kept, const struct waterfall_ask *ask,
                    struct waterfall_step steps[WATERFALL_MAX]);

/* What happened in it, in words. */
const char *waterfall_meaning(const struct waterfall_step *step);

#endif

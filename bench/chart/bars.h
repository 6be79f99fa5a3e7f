/* SPDX-License-Identifier: MIT
 * Bars in pairs, isolation off and on, each with its number: the shape of most charts. Called by
 * chart.c. */
#ifndef TACH_BENCH_CHART_BARS_H
#define TACH_BENCH_CHART_BARS_H

#include "bench/chart/chart.h"

/* A pair; a side that was not measured is NULL. */
struct bars {
    const char *label;
    const struct figure *sides[2];
};

/* upright: the numbers stand, for many bars. The axis begins at 0. */
struct bar_group {
    const struct bars *bars;
    unsigned count;
    bool upright;
};

/* Writes data and drawing commands. False when no side holds a number. */
bool bars_plot(const struct sheet *sheet, const struct bar_group *group);

#endif

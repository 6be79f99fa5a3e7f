/* SPDX-License-Identifier: MIT
 * Bars in pairs, isolation off and on, each with its number: the shape of most charts. And the
 * charts that are nothing but such bars. Called by chart.c. */
#ifndef TACH_BENCH_BARS_H
#define TACH_BENCH_BARS_H

#include "bench/chart.h"

/* A pair; a side that was not measured is NULL. */
struct bars {
    const char *label;
    const struct figure *sides[2];
};

/* upright: the numbers stand, for many bars; log: the axis is logarithmic. */
struct bar_group {
    const struct bars *bars;
    unsigned count;
    bool upright, log;
};

/* Writes data and drawing commands. False when no side holds a number. */
bool bars_plot(const struct sheet *sheet, const struct bar_group *group);

/* One operation by placement and route. */
bool placement_script(const struct sheet *sheet);

/* The same operation on a lonely and on a crowded machine. */
bool growth_script(const struct sheet *sheet);

#endif

/* SPDX-License-Identifier: MIT
 * The series by which a reader sees whether a machine had come to rest, for the chart and for the
 * table beneath it. Isolation off. Called by chart/steady.c and page/steady.c. */
#ifndef TACH_BENCH_CHART_STEADY_H
#define TACH_BENCH_CHART_STEADY_H

#include "bench/figure.h"
#include "bench/kept.h"

#define STEADY_ROUTES    3u
#define STEADY_BOOTS_MAX 1000u

struct steady_route {
    const char *cell, *title;
};
extern const struct steady_route steady_routes[STEADY_ROUTES];

/* The warm-up series of a cell in the first boot that has one; NULL: it was not kept. */
const struct raw *steady_warmup(const struct kept *kept, const char *cell);

/* The wholes of a cell, boot by boot; returns how many. rows may be NULL. */
size_t steady_boots(const struct document *rows, const char *cell, double wholes[STEADY_BOOTS_MAX]);

#endif

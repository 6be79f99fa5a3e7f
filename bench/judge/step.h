/* SPDX-License-Identifier: MIT
 * Whether a level changed or only drifts: a step and a straight line are laid through the same
 * points, and the better one is believed. Pure; called by detect. */
#ifndef TACH_BENCH_JUDGE_STEP_H
#define TACH_BENCH_JUDGE_STEP_H

#include <stdbool.h>
#include <stddef.h>

#define STEP_MAX 512u

/* Whether n points at one level and m at another, in their order, are clearly nearer to these two
 * levels than to the best line. n and m are not 0, n + m at most STEP_MAX. Wild points are pulled
 * in. */
bool step_is(const double *values, size_t n, size_t m);

#endif

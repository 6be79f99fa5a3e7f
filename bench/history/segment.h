/* SPDX-License-Identifier: MIT
 * One series in the making: its points into segments by machine, and what changed in each.
 * Invariant: no number of one machine is ever held against one of another. Called by
 * bench/history/history.c only. */
#ifndef TACH_BENCH_HISTORY_SEGMENT_H
#define TACH_BENCH_HISTORY_SEGMENT_H

#include "bench/history/arena.h"
#include "bench/history/history.h"

/* Makes segments of count points in the order of their commits; `last` as in the filter. All of it
 * is the arena's. Returns an enum tach_exit: TACH_INTERNAL when memory ends, TACH_BADDATA for a
 * number that is not finite. */
int segments_make(struct arena *arena, const struct history_point *points, size_t last,
                  struct history_series *series);

#endif

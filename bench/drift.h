/* SPDX-License-Identifier: MIT
 * Whether a machine changed while a run was made: the trend of each cell over its boots, and the
 * one that all boots share. Balanced sides make a verdict safe from it; a location of one side
 * alone is not. Counts of instructions cannot drift, so there any difference of boots is told.
 * Called by tach run, when all boots are made. */
#ifndef TACH_BENCH_DRIFT_H
#define TACH_BENCH_DRIFT_H

#include <jansson.h>

#include "bench/state.h"

#define DRIFT_P      0.01 /* of the trend that all boots share */
#define DRIFT_FAMILY 0.05 /* of the cells together, by Bonferroni */

/* Judges the rows a boot of every side and returns the member `drift` of run.json: verdict "none",
 * "drift", "unequal" (counts that differ) or "not judged" (too few boots), p, percent over the run
 * and the cells. One line on standard error where something was found. NULL when memory ends. */
json_t *drift_find(const struct run *run, const struct document rows[RUN_SIDES]);

#endif

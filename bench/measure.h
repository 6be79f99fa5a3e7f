/* SPDX-License-Identifier: MIT
 * From captures to figures: a row a cell and untraced boot, then one merged row a cell. Invariant:
 * a figure comes from frames that passed their checks, and from nothing else; a cell that no boot
 * delivered has no row. Called by tach run and tach budget. */
#ifndef TACH_BENCH_MEASURE_H
#define TACH_BENCH_MEASURE_H

#include <stdbool.h>

#include "bench/boots.h"
#include "bench/figure.h"

/* Whether PCID was told to a boot as an axis, and is on: its figures are others than those of the
 * same isolation without. */
bool measure_pcid(const struct boot *boot);

/* Whether the boot was to measure isolation with PCID on a CPU that lacks it: it measured nothing.
 */
bool measure_pcid_lacking(const struct boot *boot);

/* Appends a figure for each "whole" histogram of an untraced boot, in the order in which the boot
 * sent them. repetition numbers the boot. Returns 0, or -1 when memory ends. */
int measure_whole(const struct boot *boot, unsigned repetition, struct document *rows);

/* What an untraced boot says of one cell, in ticks a call: the location of its metric "whole" less
 * the empty region's, which is put into *empty. Returns false where it was not measured. */
bool measure_cell(const struct boot *boot, const char *cell, double *empty, double *whole);

/* Adds phases and the kernel's own counts of a traced boot to the rows of its isolation and
 * repetition. Returns 0, or -1 when memory ends. */
int measure_trace(const struct boot *boot, unsigned repetition, struct document *rows);

/* Makes the merged document's figures: for each cell and isolation the mean over its boots, rows
 * ordered by the cell's first appearance, isolation off first. Returns 0, or -1. */
int measure_merge(const struct document *rows, struct document *merged);

#endif

/* SPDX-License-Identifier: MIT
 * The phases of a cell's call, of the trace records of one boot. Invariant: the phases that are
 * filled in add up to the traced whole. Called by bench/measure.c. */
#ifndef TACH_BENCH_PHASES_H
#define TACH_BENCH_PHASES_H

#include "bench/figure.h"
#include "traces/spans.h"

/* Fills the phases, the traced whole, the stamps in it and the residue of the median call of the
 * figure's cell, out of the table of the boot; leaves them absent where no call is complete. */
void phases_fill(struct figure *figure, const struct boot *boot, const struct span_table *table);

#endif

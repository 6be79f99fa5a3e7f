/* SPDX-License-Identifier: MIT
 * What the CPU's own event counters said about a cell: from COUNTERS frames to figures, and a table
 * of them. Invariant: what was not counted is absent, never 0, and half of a sum is nothing.
 * Called by measure.c, by the runner and by the report's page. */
#ifndef TACH_BENCH_COUNTERS_H
#define TACH_BENCH_COUNTERS_H

#include <stdio.h>

#include "bench/figure.h"
#include "traces/capture.h"

/* X(member of struct figure, its JSON member, heading): per call, the empty region taken off. */
#define COUNTER_FIGURES(X)                                                                         \
    X(pmu_ticks, "pmu_ticks", "TSC ticks")                                                         \
    X(pmu_cycles, "pmu_cycles", "cycles")                                                          \
    X(pmu_instructions, "pmu_instructions", "instructions")                                        \
    X(pmu_dtlb_walks, "pmu_dtlb_walks", "DTLB walks")                                              \
    X(pmu_l1d_misses, "pmu_l1d_misses", "L1D misses")

/* Fills in what the boot counted over the figure's cell. */
void counters_fill(struct figure *figure, const struct boot *boot);

/* Whether the figure, or any of the document's, has such a number. */
bool counters_had(const struct figure *figure);
bool counters_any(const struct document *document);

/* Why the first counters of a boot lack that kind, in the words of the wire; NULL: they do not, or
 * there are none. */
const char *counters_lack(const struct boot *boot, uint32_t kind);

/* The table for people; nothing where no figure has such a number. */
void counters_print(FILE *out, const struct document *document);

#endif

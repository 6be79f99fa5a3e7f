/* SPDX-License-Identifier: MIT
 * The first step of equal sides: the rows of all runs as cells of boots, and the noise within their
 * boots. Called by bench/compare/aa.c only. */
#ifndef TACH_BENCH_COMPARE_AA_CELLS_H
#define TACH_BENCH_COMPARE_AA_CELLS_H

#include "bench/compare/aa.h"

/* Fills class, machine, kernel, boots and cells. Refuses exact classes, runs of several machines,
 * and runs of several images. Returns an enum tach_exit after a line. */
int aa_cells(const char *verb, const struct aa_input *input, struct aa *out);

#endif

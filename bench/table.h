/* SPDX-License-Identifier: MIT
 * The table of a document for people: a line a cell, isolation off and on beside each other, and
 * what the second costs; or two sides of a run. Called by tach run. */
#ifndef TACH_BENCH_TABLE_H
#define TACH_BENCH_TABLE_H

#include <stdio.h>

#include "bench/figure.h"

/* Prints a number without a needless fraction: "130", "130.25". */
void number_text(double number, char *out, size_t size);

/* Prints all cells of a merged document. */
void table_print(FILE *out, const struct document *document);

/* Prints the cells that both documents have, base and head beside each other. */
void table_pair_print(FILE *out, const struct document sides[RUN_SIDES]);

#endif

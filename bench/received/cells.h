/* SPDX-License-Identifier: MIT
 * The matrix that received boots measured, put together from their boot words bench=. Invariant:
 * each list of cells that some boot had lies in the matrix in one stretch, as a boot of a run has
 * it; the text is a matrix file with every cell once. Called by received.c. */
#ifndef TACH_BENCH_RECEIVED_CELLS_H
#define TACH_BENCH_RECEIVED_CELLS_H

#include <stdbool.h>

#include "bench/state.h"

struct cells {
    struct matrix matrix; /* the lists one behind the other: a cell of two lists stands twice */
    char **lists;         /* those seen so far, as in the word */
    size_t *first, *count;
    size_t list_count;
};

/* Takes the cells of a boot word; their place goes to the boot. Returns 0; 1 with the reason where
 * the list is empty, names what is no cell, or holds more than a matrix; -1 when memory ends. */
int cells_take(struct cells *cells, const char *list, struct boot_run *boot, char *why,
               size_t size);

/* Hands matrix and text over to a run, with these axes. Returns 0, or -1 when memory ends. */
int cells_give(struct cells *cells, struct run *run);

/* Frees what was not handed over. */
void cells_free(struct cells *cells);

#endif

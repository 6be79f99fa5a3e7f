/* SPDX-License-Identifier: MIT
 * The benchmark matrix: which cells are measured, along which axes. bench/matrix.cfg holds it as
 * text, a row a cell. Invariant: a struct matrix that was parsed holds at least one cell, no cell
 * twice, each name valid on the wire, and each axis at least one value. Called by tach run. */
#ifndef TACH_BENCH_MATRIX_H
#define TACH_BENCH_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#define MATRIX_CELLS_MAX 512u
#define MATRIX_NAME_MAX  39u    /* what a frame carries */
#define MATRIX_SIZE_MAX  65536u /* bytes of payload */
#define MATRIX_FILE_MAX  (1u << 20)

/* Values of an axis that has two of them, as a set. */
#define AXIS_OFF 1u
#define AXIS_ON  2u

struct matrix_cell {
    char name[MATRIX_NAME_MAX + 1]; /* "D4/size:64/space:two" */
};

struct matrix {
    struct matrix_cell *cells;
    size_t cell_count;
    unsigned pti, trace; /* AXIS_* */
    unsigned pcid;       /* the same; 0: no such axis, the kernel does what it does by itself */
};

/* Where and why a matrix was refused; line and column count from 1. */
struct matrix_error {
    size_t line, column;
    char text[112];
};

/* Parses size bytes of text into out. Returns 0, or -1 with *error filled and out empty. */
int matrix_parse(const char *text, size_t size, struct matrix *out, struct matrix_error *error);

/* Reads and parses a file; says what is wrong on standard error, as FILE:LINE:COLUMN where the
 * text is at fault. Returns an enum tach_exit. */
int matrix_load(const char *path, struct matrix *out);

/* Frees what a parse made; an empty matrix is allowed. */
void matrix_free(struct matrix *matrix);

#endif

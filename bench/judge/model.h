/* SPDX-License-Identifier: MIT
 * The crossing model: cost = base + a * traps + b * CR3 writes + c * bytes copied + ..., fitted by
 * least squares over the cells of one run. Its coefficients say what one trap, one write, one byte
 * costs here; its residuals say which cells it does not explain. Pure. Called by the verb model, by
 * compare (which term a regression belongs to) and by the report. */
#ifndef TACH_BENCH_JUDGE_MODEL_H
#define TACH_BENCH_JUDGE_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#define MODEL_TERMS_MAX 12u

struct model_term {
    const char *name;    /* "constant", "traps", "cr3_writes", "bytes", "server" */
    double value, error; /* coefficient and its standard error, in the unit of the figure */
    bool used;           /* false: the cells do not tell it from the others (rank) */
};

struct model {
    struct model_term terms[MODEL_TERMS_MAX];
    size_t term_count, cells;
    double r2, residual; /* coefficient of determination; standard deviation of the residuals */
};

/* Fits y[i] = sum of x[i * terms + t] * value[t] by Householder QR with column pivoting; columns
 * are scaled first. Names are borrowed. Returns 0, or -1 for fewer cells than terms, for numbers
 * that are not finite or when memory ends. fitted (may be NULL) receives cells numbers. */
int model_fit(const double *x, const double *y, size_t cells, const char *const *names,
              size_t terms, struct model *out, double *fitted);

#endif

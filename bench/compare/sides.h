/* SPDX-License-Identifier: MIT
 * From paths to a comparison: loads both sides, their companion under icount and the floors, and
 * compares. Every error is one line under the verb's name. Called by compare and gate. */
#ifndef TACH_BENCH_COMPARE_SIDES_H
#define TACH_BENCH_COMPARE_SIDES_H

#include "bench/compare.h"

struct sides_input {
    const char *paths[2]; /* runs or documents; the second NULL: the first is a run of two sides */
    const char *exact[2]; /* the same under icount; NULL: none */
    const char *floor;    /* a file of floors; NULL: none */
    double matters;       /* relative */
};

struct run_paths {
    char **all; /* owned */
    size_t count;
};

/* The comparison and all that it borrows from. */
struct sides_compared {
    struct run_paths paths, exact_paths;
    struct document sides[2], exact[2];
    struct floors floors;
    struct comparison comparison;
};

/* Returns an enum tach_exit: inconclusive where the sides are not comparable. sides_free is due in
 * any case. */
int sides_load(const char *verb, const struct sides_input *input, struct sides_compared *out);
void sides_free(struct sides_compared *sides);

/* Says on stderr what a reader of any form must know: boots that failed, one-sided figures. */
void sides_warn(const char *verb, const struct comparison *comparison);

/* The paths of runs; one of two sides stands for both. Returns an enum tach_exit; free in any case.
 */
int run_paths_make(const char *const *named, size_t count, struct run_paths *out);
void run_paths_free(struct run_paths *paths);

#endif

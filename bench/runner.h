/* SPDX-License-Identifier: MIT
 * A run from its wishes to its documents: a new one, or the rest of one that was interrupted.
 * Called by tach run, whose arguments these are, and by tach gate. */
#ifndef TACH_BENCH_RUNNER_H
#define TACH_BENCH_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/images.h"
#include "bench/tune/tune.h"

#define RUN_BOOTS_MAX 1000u /* of a cell at each point of the axes, a side */
#define RUN_JOBS_MAX  64u

struct run_args {
    const char *out, *matrix, *class, *probe;
    const char *base, *head, *base_rev, *resume; /* NULL: not asked for */
    struct image_facts images[IMAGE_COUNT];      /* of the present build */
    double limit_s;
    unsigned jobs, boots; /* 0: what fits the class */
    int64_t seed;         /* below 0: any */
    bool json, quiet;     /* quiet: no table */
    bool perf;            /* the host counts beside each boot */
    bool verbose;         /* QEMU's command is printed; of class kvm always */
    bool tuned;           /* the wish below was given; else it is what fits the class */
    struct tune_wish tune;
    const char **from; /* captures that the run is made of, instead of boots */
    size_t from_count;
};

struct run;

/* Documents of all that a run has, its table and its last words; the first error counts. Returns
 * an enum tach_exit. */
int runner_finish(const struct run_args *args, struct run *run);

/* Measures a matrix anew. Returns an enum tach_exit. */
int runner_new(const struct run_args *args);

/* Goes on with the run of args->resume, a directory or the name of one below results/run. Returns
 * an enum tach_exit. */
int runner_resume(const struct run_args *args);

#endif

/* SPDX-License-Identifier: MIT
 * What a profile is written as. Each prints all of it; whether the stream took it is asked when it
 * is closed. Called by the verb. */
#ifndef TACH_BENCH_PROFILE_OUTPUTS_H
#define TACH_BENCH_PROFILE_OUTPUTS_H

#include <stdio.h>

#include "bench/profile/profile.h"

/* What a table has a row for. X(name) */
#define TABLES_BY(X) X(phase) X(task) X(function)
enum table_by {
    TABLE_ALL, /* phases, functions, instructions */
#define X(name) TABLE_##name,
    TABLES_BY(X)
#undef X
};
struct table_wish {
    enum table_by by;
    unsigned rows; /* at most, of each table but that of phases */
};

/* Tables for people: the sampler's words, then what is wished. Returns an enum tach_exit after a
 * line. */
int table_show(FILE *out, const struct profile *profile, const struct table_wish *wish);

/* The assembly of the function with the samples and the phase of each instruction, in the kernel
 * and in each program that has one of that name and samples in it. Returns an enum
 * tach_exit after a line: TACH_NOINPUT where no image has such a function. */
int annotate_show(FILE *out, const struct profile *profile, const char *function);

/* A line a stack, "task;[mode];[phase];caller;function COUNT", as flamegraph.pl and speedscope read
 * it. -1: memory ended. */
int folded_write(FILE *out, const struct profile *profile);

/* A flame graph as one SVG file. -1: memory ended. */
int flame_write(FILE *out, const struct profile *profile);

/* speedscope's own JSON (https://www.speedscope.app/file-format-schema.json). -1: memory ended. */
int speedscope_write(FILE *out, const struct profile *profile);

/* What `perf script` prints, for the tools that read that. */
int perf_write(FILE *out, const struct profile *profile);

#endif

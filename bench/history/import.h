/* SPDX-License-Identifier: MIT
 * Series that others measured, out of text: CSV, JSON lines, Google Benchmark's JSON, and the
 * history's own exports. Pure: no file is touched. Invariant: a text is accepted as a whole or
 * refused with the line that is wrong; nothing that is not finite, negative where it counts, or
 * inexact gets through. Called by the verb import and by the fuzzers. */
#ifndef TACH_BENCH_HISTORY_IMPORT_H
#define TACH_BENCH_HISTORY_IMPORT_H

#include <stdarg.h>

#include "bench/history/entry.h"

enum import_format { IMPORT_AUTO, IMPORT_CSV, IMPORT_LINES, IMPORT_BENCHMARK };

/* Names of columns or members; NULL: the usual ones. */
struct import_names {
    const char *time, *commit, *name, *value;
};

/* What the text does not say itself. No text is NULL but those of `names`. */
struct import_options {
    const char *source; /* the file's name, for the run's facts */
    const char *class, *machine, *suite, *metric, *unit, *commit;
    bool larger_better;
    struct import_names names;
};

struct import_error {
    size_t line; /* from 1 */
    char text[256];
};

struct import_text {
    enum import_format format;
    const char *text; /* a zero byte behind it */
    size_t size;
};

/* Reads a text. Returns 0, or -1 with the error; entries_free is due in both cases. Rows of one run
 * (digest; else time, commit, class and machine) become one entry. */
int import_parse(const struct import_text *text, const struct import_options *options,
                 struct entries *out, struct import_error *error);

/* ---- for the formats ---- */

struct import {
    const char *text;
    size_t size;
    const struct import_options *options;
    struct entries *entries;
    struct import_error *error;
    json_t *groups; /* place of each run, by what tells runs apart */
    size_t line;
};

/* Leaves an error at the current line; -1. */
int import_fail(struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The entry of a run: the one that rows before made, or a new one. NULL with an error. */
struct entry *import_run(struct import *import, const struct history_run *run);

/* Adds a point to a run. 0, or -1 with an error. */
int import_point(struct import *import, struct entry *entry, const struct entry_point *point);

/* A run and a point with the options' facts. */
struct history_run import_run_facts(const struct import *import);
struct entry_point import_point_facts(const struct import *import);

/* Whether a name is one of the usual ones of a list, "time timestamp date", or the one asked for.
 */
bool import_named(const char *name, const char *asked, const char *usual);
extern const char import_times[], import_commits[], import_series[], import_values[];

int import_csv(struct import *import);
int import_lines(struct import *import);
int import_benchmark(struct import *import);

#endif

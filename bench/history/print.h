/* SPDX-License-Identifier: MIT
 * Pieces that the printing verbs of the history share: facts of a run, padded names, sparklines.
 * All texts are escaped on their way. Called by list, changes, show and export. */
#ifndef TACH_BENCH_HISTORY_PRINT_H
#define TACH_BENCH_HISTORY_PRINT_H

#include <stdio.h>

#include "bench/history/entry.h"

#define RUN_NAME 12 /* digits of a digest that name a run to people */

/* Prints a text escaped, spaces behind it up to width, at least one. */
void print_padded(const char *text, int width);

/* A text as JSON, as it is where it is UTF-8, else its bytes escaped. */
json_t *print_text(const char *text);

/* Prints a document to standard output: indented, every number so that it reads back the same. */
void print_json(const json_t *json);

/* The facts of a run, and those of a point with its series; NULL when memory ends. */
json_t *run_json(const struct history_run *run);
json_t *entry_point_json(const struct entry_point *point);

/* {"commit", "time", "run"}: where a point lies. */
json_t *place_json(const struct history_run *run);

/* Short name of a commit: 12 digits, "-dirty" kept; "run DIGEST" where it is not known. */
void commit_text(const struct history_run *run, char out[40]);

/* The last `width` points of a segment as blocks; nothing where the stream is no terminal, or one
 * without UTF-8. */
void print_spark(FILE *out, const struct history_segment *segment, size_t width);

/* The regression or improvement of a change; false for the second. */
bool change_is_worse(const struct history_series *series, const struct change *change);

#endif

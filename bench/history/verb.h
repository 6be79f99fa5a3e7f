/* SPDX-License-Identifier: MIT
 * The verbs below tach history: a row each; bench/history/verb.c makes dispatch and help of the
 * table. Each parses its own arguments with argp, argv[0] being the whole command, and returns a
 * value of bench/exits.h. */
#ifndef TACH_BENCH_HISTORY_VERB_H
#define TACH_BENCH_HISTORY_VERB_H

#include <argp.h>

#include "bench/history/history.h"

/* X(name, arguments, one line of help) */
#define HISTORY_VERBS(X)                                                                           \
    X(add, "RUN...", "append runs, with the commit that they measured")                            \
    X(list, "", "list the series: points, segments, last value, last change")                      \
    X(changes, "", "list what changed; status 1 where something got slower")                       \
    X(show, "RUN", "show one run: its facts and its points")                                       \
    X(import, "FILE...", "append what others measured: CSV, JSON lines, Google Benchmark")         \
    X(export, "", "write all runs as JSON lines or CSV")                                           \
    X(gc, "", "drop runs: all but the last, the old ones, those of a machine")                     \
    X(check, "", "verify the database")

#define X(name, arguments, help) int history_##name(int argc, char **argv);
HISTORY_VERBS(X)
#undef X

/* What several of them take. argp hands over the state of a child parser: put its address first
 * into `child_inputs`. */
struct history_args {
    const char *where; /* --db */
    bool json;
    json_t *list; /* of what is printed as JSON; NULL: plain text */
    struct history_filter filter;
};

/* --db; then --json and the filter as well. */
extern const struct argp history_db_argp, history_filter_argp;

/* Opens the history, hands each series of the filter to a verb, and prints the list that it made of
 * them, where --json is asked for. Returns an enum tach_exit. */
int history_series_each(const char *verb, struct history_args *args,
                        int (*each)(void *context, const struct history_series *series),
                        void *context);

/* A time as an option may give it: as time_parse, or "90d", "12h" ago. Ends the process with a
 * usage error for what is none. */
int64_t history_time_option(struct argp_state *state, const char *text);

#endif

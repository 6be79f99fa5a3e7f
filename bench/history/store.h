/* SPDX-License-Identifier: MIT
 * Runs into the store and out of it, in the terms of bench/history/entry.h. Invariant: a file's
 * runs are there as a whole or not at all. Called by the verbs of the history; all functions return
 * an enum tach_exit, errors are said. */
#ifndef TACH_BENCH_HISTORY_STORE_H
#define TACH_BENCH_HISTORY_STORE_H

#include "bench/history/db.h"
#include "bench/history/entry.h"

struct tally {
    size_t added, known, points; /* runs, runs that were there already, points of the new */
};

/* Appends finished entries in one transaction. A run whose digest is there already stays as it is.
 */
int store_append(struct db *db, const struct entries *entries, struct tally *tally);

/* Which runs: a condition of SQL on the table runs, "" for all, and its values. */
struct run_choice {
    const char *where;
    struct db_value values[8];
    size_t count;
};

/* Reads runs in the order of their commits; *runs is from malloc, texts are the arena's. */
int store_runs(struct db *db, const struct run_choice *choice, struct arena *arena,
               struct history_run **runs, size_t *count);

/* Reads all points of one run as an entry, sorted by series, its run as given. */
int store_entry(struct db *db, const struct history_run *run, struct entries *entries);

#endif

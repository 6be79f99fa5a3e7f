/* SPDX-License-Identifier: MIT
 * A run's directory or document as an entry of the history, with the facts of the commit that was
 * measured. Called by the verb add. */
#ifndef TACH_BENCH_HISTORY_FACTS_H
#define TACH_BENCH_HISTORY_FACTS_H

#include "bench/history/entry.h"

/* Of a commit; NULL where not known, time_us 0. */
struct commit_facts {
    char *hash, *subject, *branch; /* from malloc */
    int64_t time_us;
};

/* Asks git about the working tree that we stand in; all NULL where there is none. A changed tree
 * has "-dirty" behind its hash. */
void commit_read(struct commit_facts *out);
void commit_free(struct commit_facts *facts);

/* Appends a run and all that it measured. Errors are said; returns an enum tach_exit. */
int entry_of_run(const char *verb, const char *path, const struct commit_facts *commit,
                 struct entries *out);

#endif

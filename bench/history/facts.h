/* SPDX-License-Identifier: MIT
 * A run's directory or document as an entry of the history, with the facts of the commit that was
 * measured. Called by the verb add. */
#ifndef TACH_BENCH_HISTORY_FACTS_H
#define TACH_BENCH_HISTORY_FACTS_H

#include "bench/history/entry.h"
#include "bench/sha256.h"

/* Of a commit; NULL where not known, time_us 0. */
struct commit_facts {
    char *hash, *subject, *branch; /* from malloc */
    int64_t time_us;
    bool told; /* the user said which: what the run says of itself does not count */
};

/* Asks git about a revision, or (NULL) the working tree that we stand in; all NULL where there is
 * none. A changed tree has "-dirty" behind its hash. */
void commit_read(const char *revision, struct commit_facts *out);
void commit_free(struct commit_facts *facts);

/* The digest of a run's document as its bytes are, which names the run in the history. Errors are
 * said; returns an enum tach_exit. */
int run_digest(const char *verb, const char *path, char out[SHA256_TEXT]);

/* Appends a run and all that it measured. A run that was built from a revision is of that one.
 * Errors are said; returns an enum tach_exit. */
int entry_of_run(const char *verb, const char *path, const struct commit_facts *commit,
                 struct entries *out);

#endif

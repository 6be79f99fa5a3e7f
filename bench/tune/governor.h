/* SPDX-License-Identifier: MIT
 * The clock's governor, changed on an explicit wish only, and put back. Invariant: what was changed
 * is known by its file and its old word until it is back; a change that fails half-way is undone.
 * Called by bench/tune/tune.c; a process that is killed by SIGKILL cannot put anything back. */
#ifndef TACH_BENCH_TUNE_GOVERNOR_H
#define TACH_BENCH_TUNE_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>

#define GOVERNOR_NAME 32u

struct governor_policy {
    char *path;
    char before[GOVERNOR_NAME];
};

struct governor {
    struct governor_policy *policies; /* those that were changed */
    size_t count;
};

/* Whether a text can be the name of a governor. */
bool governor_named(const char *text);

/* Gives every policy below `sys` ("/sys") that governor, and reads it back. `why` says what was
 * done, or why it cannot be; false: nothing is changed. */
bool governor_set(const char *sys, const char *name, struct governor *out, char why[200]);

/* Puts back what was changed; says it, or an error line, under tach run's name. */
void governor_restore(struct governor *governor);

#endif

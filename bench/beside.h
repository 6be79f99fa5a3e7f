/* SPDX-License-Identifier: MIT
 * The run of another machine that is shown beside a run, to see whether both count the same.
 * Invariant: both count instructions, by different machines; what was found without being named is
 * of the very same images. Called by the report. */
#ifndef TACH_BENCH_BESIDE_H
#define TACH_BENCH_BESIDE_H

#include "bench/figure.h"

struct beside {
    struct document document;
    char *path;      /* from malloc; NULL: there is none, and all else is empty */
    bool same_build; /* kernel and initial file system are the run's own */
};

/* Loads the run that was named. Complains under the verb's name, also where either counts cycles or
 * both are of one class; returns an enum tach_exit. beside_free is due in any case. */
int beside_load(const char *verb, const char *path, const struct document *document,
                struct beside *out);

/* The newest whole run of another class that counts, of the same images, in the directory where the
 * run at `path` lies; none where there is none. What cannot be read is passed over in silence, as
 * nobody asked for it. Returns an enum tach_exit; beside_free is due in any case. */
int beside_find(const char *verb, const char *path, const struct document *document,
                struct beside *out);

/* Frees what was loaded and makes it empty. */
void beside_free(struct beside *beside);

#endif

/* SPDX-License-Identifier: MIT
 * The history of measurements, for those who read it: series of points, one a run, in the order of
 * their commits, with what changed. Kept in SQLite (a path) or PostgreSQL (a postgresql:// URL).
 * Invariant: a segment holds points of one class and one machine fingerprint, all numbers finite.
 * Called by the verb history and by the report. Errors are said under the verb's name; functions
 * that can fail return an enum tach_exit. */
#ifndef TACH_BENCH_HISTORY_HISTORY_H
#define TACH_BENCH_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/figure.h"
#include "bench/judge/detect.h"

#define HISTORY_DEFAULT "results/history.db"
#define HISTORY_ENV     "TACH_HISTORY"
#define HISTORY_RECENT  10u /* points: what began among the newest so many is news */

struct history;

/* One run's facts. Texts are never NULL, "" where unknown, and hostile: escape them. */
struct history_run {
    int64_t id;                /* of the store, never shown */
    int64_t time_us, taken_us; /* since 1970: of the commit (else of the run), of the run */
    int64_t position;          /* order among runs of one time, for imported rows */
    uint64_t image;            /* names all that was measured; 0: unknown */
    bool complete;             /* every boot passed */
    const char *digest;        /* SHA-256 of its document: the run's name */
    const char *commit;        /* full hash, "-dirty" behind it where the tree was; "" unknown */
    const char *subject, *branch, *class, *machine, *cpu, *microcode, *host_kernel, *qemu;
    const char *kernel, *loader, *initfs; /* SHA-256 of the images */
    const char *abi, *mitigations, *source;
};

/* Numbers that a point may lack are FIGURE_ABSENT (bench/figure.h). */
struct history_point {
    const struct history_run *run;
    double value;                    /* location over the boots */
    double low, high;                /* of the boots, or as an imported file states them */
    double min, p50, p99, p999, max; /* of the region's histogram */
    unsigned boots;
};

/* The points of one machine, in the order of their commits. */
struct history_segment {
    const char *machine; /* fingerprint */
    const struct history_point *points;
    size_t count;
    const struct change *changes; /* `at` counts within the segment */
    size_t change_count;
    double noise; /* relative, of points of one image; 0 where noise_pairs is */
    size_t noise_pairs;
};

/* name: "D4/size:64/space:two/pti:on"; metric: "whole", "kernel", "phase_guards", ... */
struct history_series {
    const char *suite, *name, *metric, *unit, *class;
    bool larger_better;                     /* false: a rise is a regression */
    bool exact;                             /* any difference is real: each one is a change */
    const struct history_segment *segments; /* in the order of their first points */
    size_t segment_count;
    size_t count; /* points of all segments */
};

/* What to read; zero (NULL) is all of it. Globs are fnmatch patterns over the whole text. */
struct history_filter {
    const char *name, *metric, *class, *machine; /* globs */
    const char *regex;                           /* extended, anywhere in "suite/name" */
    int64_t since_us;                            /* runs of that time and later */
    size_t last;                                 /* so many points of each segment, the newest */
    bool wholes;                                 /* of suite "ipc" only metric "whole" */
};

/* Where the history is: the option, else the environment, else HISTORY_DEFAULT. */
const char *history_where(const char *option);

/* Opens an existing history for reading; TACH_NOINPUT where there is none, TACH_BADDATA for what is
 * none. history_close is due when it is 0. */
int history_open(const char *verb, const char *where, struct history **out);

/* Hands over each series that has points, by class, suite, name and metric; stops at the first
 * status that is not 0 and returns it. What is handed over lives until `each` returns. */
int history_read(struct history *history, const struct history_filter *filter,
                 int (*each)(void *context, const struct history_series *series), void *context);

/* Fine for NULL. */
void history_close(struct history *history);

#endif

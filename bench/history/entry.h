/* SPDX-License-Identifier: MIT
 * Runs on their way into a history or out of it: what every format is read into and written from.
 * Invariant: once entries_finish has returned 0, each entry has a digest, its points name each
 * series once, and all numbers are finite. Called by add, import, export and the store. */
#ifndef TACH_BENCH_HISTORY_ENTRY_H
#define TACH_BENCH_HISTORY_ENTRY_H

#include "bench/history/arena.h"
#include "bench/history/history.h"

#define ENTRY_TEXT_MAX    4096u /* bytes of one text of a run or a series */
#define ENTRY_SAMPLES_MAX 65536u

/* X(member of struct history_run): its texts, by the name that they have in every format. */
#define RUN_TEXTS(X)                                                                               \
    X(digest)                                                                                      \
    X(commit)                                                                                      \
    X(subject)                                                                                     \
    X(branch)                                                                                      \
    X(class)                                                                                       \
    X(machine)                                                                                     \
    X(cpu)                                                                                         \
    X(microcode)                                                                                   \
    X(host_kernel) X(qemu) X(kernel) X(loader) X(initfs) X(abi) X(mitigations) X(source)

/* X(member of struct history_point): numbers that may be absent. */
#define POINT_NUMBERS(X) X(low) X(high) X(min) X(p50) X(p99) X(p999) X(max)

/* X(member of struct entry_point): the texts that name a series; the class is the run's. */
#define SERIES_TEXTS(X) X(suite) X(name) X(metric) X(unit)

struct entry_point {
    const char *suite, *name, *metric, *unit;
    bool larger_better;
    struct history_point point; /* its run is not used */
    const double *samples;      /* the boots' own; sample_count of them, 0: not kept */
    size_t sample_count;
};

struct entry {
    struct history_run run;
    struct entry_point *points;
    size_t count, room;
};

struct entries {
    struct arena arena; /* holds every text and sample */
    struct entry *list;
    size_t count, room;
};

/* A run with every text "". */
struct history_run run_empty(void);

/* A point with every number absent. */
struct history_point point_empty(void);

/* Appends a run, its texts copied; NULL when memory ends. */
struct entry *entries_add(struct entries *entries, const struct history_run *run);

/* Appends a point, texts and samples copied. Returns 0, or -1 when memory ends. */
int entry_add(struct entries *entries, struct entry *entry, const struct entry_point *point);

/* Sorts points by series, joins those of one series that have samples into one, names runs that
 * have no digest by their contents. Returns NULL, or what is wrong, with the run's place in *at. */
const char *entries_finish(struct entries *entries, size_t *at);

/* Sets value, low, high and boots of a point by its samples: their mean, least, largest, count. */
void point_of_samples(struct entry_point *point);

/* Names what was measured, from the digests of the images; 0 where none is known. */
uint64_t run_image(const struct history_run *run);

void entries_free(struct entries *entries);

#endif

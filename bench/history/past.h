/* SPDX-License-Identifier: MIT
 * What the last runs of one class measured of a few cells, run by run: the history as a page shows
 * it. Invariant: runs of one machine stand together, in the order of their commits; all that is
 * here was copied, and texts are hostile still. Made for the report, drawn by bench/chart/past.c.
 */
#ifndef TACH_BENCH_HISTORY_PAST_H
#define TACH_BENCH_HISTORY_PAST_H

#include "bench/history/arena.h"
#include "bench/history/history.h"

#define PAST_RUNS   60u /* the newest */
#define PAST_CELLS  6u
#define PAST_COMMIT 40u

/* What to read. A cell is "T2/size:8", NULL for none. */
struct past_wanted {
    const char *class, *machine; /* the machine whose runs come last, and are judged */
    const char *cells[PAST_CELLS];
};

/* One figure of one run; isolation is a place beside it. */
struct past_value {
    bool there, worse;
    double value;
    const struct change *change; /* that begins here; NULL: none. Its `at` means nothing here */
};

struct past_run {
    struct history_run facts;
    char commit[PAST_COMMIT]; /* short */
    size_t stretch;           /* runs of one machine have the same */
    struct past_value values[PAST_CELLS][2];
};

enum past_state { PAST_NONE, PAST_UNREADABLE, PAST_READ };

struct past {
    enum past_state state;
    struct past_wanted wanted;
    struct past_run *runs;
    size_t count, stretches;
    /* Of the wanted machine, over all cells: series; those that got slower among their newest
     * HISTORY_RECENT points; and of these the worst. */
    size_t series, slower;
    const char *worst; /* its name; NULL: none */
    double worst_percent;
    char worst_commit[PAST_COMMIT];
    struct arena arena;
};

/* Reads the history of that option, else of history_where. Where nobody named one by option, one
 * that is not there is PAST_NONE in silence, and one that cannot be read is PAST_UNREADABLE after
 * its error line; both are TACH_OK then. Texts of `wanted` stay the caller's. */
int past_load(const char *verb, const char *option, const struct past_wanted *wanted,
              struct past *out);
void past_free(struct past *past);

#endif

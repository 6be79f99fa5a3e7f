/* SPDX-License-Identifier: MIT
 * Watches the warm-up that a guest did before it measured: how long until its series changed no
 * more, and whether what it measured then is where the warm-up ended. The series stays in the
 * frames (metric "warmup") and is in no figure. Called while a run's documents are made. */
#ifndef TACH_BENCH_WARMUP_H
#define TACH_BENCH_WARMUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "traces/capture.h"

#define WARMUP_WINDOW 8u   /* regions whose medians the guest compares, two windows in a row */
#define WARMUP_SHARE  64.0 /* they differ by less than 1/64: no change */
#define WARMUP_P      0.01 /* of a change point */

/* One cell on one side, over its boots so far. */
struct warmup_cell {
    char cell[sizeof((struct raw *)0)->cell];
    const char *side; /* borrowed */
    bool pti;
    unsigned boots;
    size_t regions;       /* most that any boot needed */
    size_t change_at;     /* latest change point of any boot, in regions; 0: none */
    double before, after; /* medians beside it, ticks of a region */
    unsigned unsettled;   /* boots whose warm-up ended while it still changed */
    unsigned left;        /* boots that measured elsewhere than where their warm-up ended */
};

struct warmup {
    struct warmup_cell *cells;
    size_t count;
};

/* Takes the warm-up series of a boot without tracing. Returns 0, or -1 when memory ends. */
int warmup_boot(const struct boot *boot, const char *side, struct warmup *warmup);

/* The member `warmup` of run.json: verdict "settled", "unsettled" or "not kept", and the cells. One
 * line on standard error where a cell did not settle. NULL when memory ends. */
json_t *warmup_json(const struct warmup *warmup);

void warmup_free(struct warmup *warmup);

#endif

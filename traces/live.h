/* SPDX-License-Identifier: MIT
 * What can be seen of a reception while it goes on: cells done and of how many, rate, losses, time
 * left. Invariant: nothing here decides anything. Called by receive.c; prints to standard error. */
#ifndef TACH_TRACES_LIVE_H
#define TACH_TRACES_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/frame.h"
#include "traces/words.h"

#define LIVE_CELLS_MAX 512u /* cells of a boot; those beyond are not told apart */
#define LIVE_NAME      sizeof((struct wire_hist *)0)->cell

struct live {
    uint64_t boot, boot_bytes; /* number from 1, and what had come when it began */
    unsigned cells, done;      /* of the boot word bench= (0: it did not say); with results */
    char names[LIVE_CELLS_MAX][LIVE_NAME];
    bool seen[LIVE_CELLS_MAX];
    char name[LIVE_NAME]; /* of the last results */
    unsigned part, parts; /* of the boot word part=, now and the largest announced; 0: none */
    bool ended;           /* the END of this boot came */
    uint64_t lost;        /* frames of it that did not */
    unsigned came[WORDS_PARTS_MAX + 1]; /* whole boots that passed, by part */
    int64_t rated_ms;                   /* the rate is that of the time before this */
    uint64_t rated_bytes;
    double rate;     /* bytes a second */
    unsigned height; /* lines of the view that is on the screen */
};

/* What the receiver knows. */
struct live_state {
    const struct frame_counts *counts;
    uint64_t bytes, lost;
    int64_t now_ms;
    unsigned baud;
};

/* Takes note of a good frame, before which `bytes` bytes had come. */
void live_frame(struct live *live, const struct frame *frame, uint64_t bytes);

/* How often each part has come at least; 0 where none were announced. */
unsigned live_least(const struct live *live);

/* Draws the view in the place of the one before, or where `terminal` is false prints one line. */
void live_show(struct live *live, const struct live_state *state, bool terminal);

/* Leaves what is drawn where it is: other lines follow. */
void live_leave(struct live *live);

/* Seconds that the cells still to come take at this rate of the line, by those that came; below 0
 * where that cannot be told. */
double live_left_s(const struct live *live, uint64_t bytes, unsigned baud);

#endif

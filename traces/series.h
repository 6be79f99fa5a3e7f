/* SPDX-License-Identifier: MIT
 * Joins the parts of a histogram or of raw samples into one series. Invariant: a series reaches its
 * boot with every part or not at all. Called by capture.c, a joiner a boot at a time. */
#ifndef TACH_TRACES_SERIES_H
#define TACH_TRACES_SERIES_H

#include "traces/capture.h"

/* The series whose parts are coming in. All zero: none is. */
struct series {
    struct wire_hist head; /* of its first part; parts 0: nothing is pending */
    uint16_t next_part;
    uint8_t type;     /* WIRE_HIST or WIRE_RAW */
    bool broken;      /* a part is missing or malformed: the rest is passed over */
    uint64_t counted; /* samples so far */
    size_t count;     /* items so far */
    void *items;
};

/* Why a frame was refused for want of memory: compare the pointer. */
extern const char series_no_memory[];

/* Takes a HIST or RAW frame that body_check passed. Returns why it is refused, or NULL. */
const char *series_take(struct series *series, struct boot *boot, const struct frame *frame);

/* Gives up what is pending, and counts it as incomplete in `boot`. */
void series_drop(struct series *series, struct boot *boot);

#endif

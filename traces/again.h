/* SPDX-License-Identifier: MIT
 * Frames that a target sent again because they were asked for: they stand behind the END of their
 * boot and belong where they were lost. Called by capture.c. */
#ifndef TACH_TRACES_AGAIN_H
#define TACH_TRACES_AGAIN_H

#include "traces/frame.h"

struct again_frame {
    size_t boot; /* of the capture, from 1 */
    struct frame frame;
    uint64_t *body; /* the frame's own copy */
};

struct again {
    struct again_frame *frames;
    size_t count;
};

/* Copies a frame of the boot. Returns 0, or -1 when memory is out. */
int again_add(struct again *again, size_t boot, const struct frame *frame);

/* Brings them into the order of their boots and numbers: once, before the first again_next. */
void again_sort(struct again *again);

/* The first frame of the boot with a number from `from` up to and without `to`, or NULL. */
const struct frame *again_next(const struct again *again, size_t boot, uint32_t from, uint32_t to);

/* Frees what was copied and makes it empty. */
void again_free(struct again *again);

#endif

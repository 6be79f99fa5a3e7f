/* SPDX-License-Identifier: MIT
 * Asks a target for the frames that a two-way line lost: selective repeat, behind END, of a boot
 * with the boot word repeat=. Invariant: nothing is asked for that is here, and a target that does
 * not answer is given up. Boots of fewer than 65536 frames. Called by receive.c. */
#ifndef TACH_TRACES_REPEAT_H
#define TACH_TRACES_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/frame.h"

struct repeat {
    uint32_t boot_id;     /* 0: none yet */
    bool got[0x10000];    /* by sequence number */
    uint32_t next;        /* one above the greatest number seen */
    bool ended, over;     /* END is here; nothing more is asked of this boot */
    unsigned tries;       /* since the last frame that was new */
    int64_t asked_ms;     /* 0: not yet */
    uint64_t again, lost; /* over all boots: came on request, given up */
};

/* Takes note of a good frame. */
void repeat_frame(struct repeat *repeat, const struct frame *frame);

/* Asks through `fd` for what is missing, where it is time to: some time after the last byte heard.
 * What cannot be written is asked for again. */
void repeat_tick(struct repeat *repeat, int fd, int64_t now_ms, int64_t heard_ms);

#endif

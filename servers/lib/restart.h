/* SPDX-License-Identifier: MIT
 * How often something that died is started again: RESTART_MAX times in RESTART_WINDOW_NS, then it
 * counts as failed for good, so that a crash loop ends.
 * Invariant: pure, times come from the caller. Used by the bootstrap, by init and by host tests. */
#ifndef TACH_SERVERS_LIB_RESTART_H
#define TACH_SERVERS_LIB_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_MAX       3u
#define RESTART_WINDOW_NS 10000000000ull

struct restart {
    uint64_t at_ns[RESTART_MAX]; /* the last ones, a ring */
    uint32_t count;              /* since the beginning */
    bool failed;
};

/* May it be started again at time now_ns? True notes the restart; false marks it failed. */
bool restart_allow(struct restart *r, uint64_t now_ns);

/* How long to wait with the restart that was just noted: the first one within the window comes at
 * once, the next after RESTART_DELAY_NS, each further one after twice as long. */
#define RESTART_DELAY_NS 100000000ull
uint64_t restart_delay(const struct restart *r, uint64_t now_ns);

#endif

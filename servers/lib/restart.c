/* SPDX-License-Identifier: MIT
 * Bounded restarts, see restart.h.
 * Invariant: at_ns[count % RESTART_MAX] is the oldest noted restart once there are that many. */
#include "servers/lib/restart.h"

bool restart_allow(struct restart *r, uint64_t now_ns)
{
    uint64_t *oldest = &r->at_ns[r->count % RESTART_MAX];
    if (r->failed)
        return false;
    if (r->count >= RESTART_MAX && now_ns - *oldest < RESTART_WINDOW_NS) {
        r->failed = true;
        return false;
    }
    *oldest = now_ns;
    r->count++;
    return true;
}

uint64_t restart_delay(const struct restart *r, uint64_t now_ns)
{
    unsigned recent = 0;
    for (unsigned i = 0; i < RESTART_MAX && i < r->count; i++)
        recent += now_ns - r->at_ns[i] < RESTART_WINDOW_NS;
    return recent > 1 ? RESTART_DELAY_NS << (recent - 2) : 0;
}

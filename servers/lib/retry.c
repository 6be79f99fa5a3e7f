/* SPDX-License-Identifier: MIT
 * See retry.h. Between two tries the caller sleeps, so that the server's supervisor can work.
 * Invariant: only ENODEV is tried again. Called by clients that opt in. */
#include "servers/lib/retry.h"
#include "servers/lib/file.h"
#include "servers/lib/syscall.h"

#define RETRY_NAP_NS 1000000u

static long read_once(struct retry *r, void *buffer, uint64_t n)
{
    if (r->fd < 0)
        r->fd = (int)file_open(r->path, r->flags);
    if (r->fd < 0)
        return r->fd;
    long got = file_read(r->fd, buffer, n);
    if (got == -T_ENODEV) {
        file_close(r->fd);
        r->fd = -1;
    }
    return got;
}

long retry_read(struct retry *r, void *buffer, uint64_t n)
{
    uint64_t end_ns = sys_clock(CLOCK_NS) + r->limit_ns;
    for (;;) {
        long got = read_once(r, buffer, n);
        uint64_t now_ns = sys_clock(CLOCK_NS);
        if (got != -T_ENODEV || now_ns >= end_ns)
            return got;
        sys_sleep(now_ns + RETRY_NAP_NS);
    }
}

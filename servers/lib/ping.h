/* SPDX-License-Identifier: MIT
 * How a supervisor finds out that a server hangs: it sends a notification with PING and a number in
 * it, and the server, once it is back at its receive, sends the same bits to its parent.
 * Invariant: neither side keeps anything, and a ping costs a server that is busy nothing until
 * then. Called by servers for each notification that they take, and by init. */
#ifndef TACH_SERVERS_LIB_PING_H
#define TACH_SERVERS_LIB_PING_H

#include "servers/lib/syscall.h"

#define PING           (1ull << 62)
#define PING_NUMBERS   16u /* in bits 61:46, one bit each */
#define PING_OF(index) (1ull << (46 + (index)))
#define PING_MASK      (PING | (PING_OF(PING_NUMBERS) - PING_OF(0)))

/* The server's answer, if there is a ping in the notification. */
static inline void ping_answer(uint64_t bits)
{
    if (bits & PING)
        sys_notify((uint32_t)sys_self(SELF_PARENT), bits & PING_MASK);
}

#endif

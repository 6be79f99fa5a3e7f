/* SPDX-License-Identifier: MIT
 * A server for message tests: what a request's op asks of it, over each rung of the ladder. Both
 * sides use guest_syscall, so every register is chosen and every register is looked at. */
#ifndef TACH_KERNEL_TEST_PEER_H
#define TACH_KERNEL_TEST_PEER_H

#include "kernel/test/guest/lib/guest.h"

#define PEER_POISON 0xC0FFEE0000000000ull
#define PEER_RXBUF  16384u
#define PEER_ODD    3u /* the receive buffer lies this many bytes off any alignment */
#define PEER_SIZE   20000u
#define WORDS(regs) (&(regs)->rdx) /* W0..W5 */

/* How the server takes and answers. */
enum peer_rung {
    RUNG_D0, /* wait, recv; the answer is a send */
    RUNG_D1, /* receive; the answer is a send */
    RUNG_D2, /* receive; reply */
    RUNG_D3, /* reply_wait */
    RUNG_COUNT
};

enum peer_op {
    PEER_SEEN = 1, /* answers the six words as they arrived; header and length in W of none */
    PEER_SHORT,    /* answers as many bytes as the header says, poison in all words */
    PEER_STAMP,    /* W0 rdi, W1 rax as received */
    PEER_SUM,      /* W0 checksum of the payload, W1 its size, W2 flags, W3 where it lay */
    PEER_PULL,     /* the same, by xfer in pieces */
    PEER_FILL,     /* answers W1 bytes of the pattern of seed W2 from memory */
    PEER_PUSH,     /* the same by xfer, then a short answer: W0 the last result */
    PEER_BOUNDS,   /* W0: how many xfers with bad arguments did not fail as they must */
    PEER_FORGE,    /* W0: how many forged, double or stale replies were taken */
    PEER_BROKEN,   /* replies with broken payloads first: W0 how many were not refused */
    PEER_KEEP,     /* never answered; the token is kept */
    PEER_LATE,     /* W0: what a reply to the kept token gives */
    PEER_COUNT,    /* W0: requests taken until now */
    PEER_EXIT,     /* ends without an answer */
    PEER_NAP,      /* by post: sleeps until SIGUSR1; nothing is taken meanwhile */
    PEER_BITS,     /* W0: notification bits taken until now, then cleared; W1 posts taken */
    PEER_HALF      /* pulls half of the payload, then ends without an answer */
};

/* Serves until told to end. */
__attribute__((noreturn)) void peer_serve(enum peer_rung rung);

/* Byte `at` of the pattern of a seed. */
static inline uint8_t peer_byte(uint64_t seed, uint64_t at)
{
    return (uint8_t)(seed * 31 + at * 5 + (at >> 8));
}
uint64_t peer_sum(const uint8_t *bytes, uint64_t count);

/* A call with every register checked: preserved ones poisoned and compared, rcx and r11 as the
 * contract says. Returns rax. */
long peer_syscall(struct guest_regs *r);

/* A round trip by the rung's client side; the answer is in *r. */
long peer_call(enum peer_rung rung, long tid, struct guest_regs *r);

/* call() of that op with W0..W2. */
struct guest_regs peer_ask(long tid, enum peer_op op, uint64_t w1, uint64_t w2);

#endif

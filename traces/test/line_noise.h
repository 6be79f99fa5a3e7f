/* SPDX-License-Identifier: MIT
 * What happens to the bytes of a serial line, by a seed: the same damage each time. Invariant: what
 * is not touched goes through in order. Called by test_noise.c and line_proxy.c. */
#ifndef TACH_TRACES_TEST_LINE_NOISE_H
#define TACH_TRACES_TEST_LINE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* X(name, longest run in bytes): what an event does to the bytes that it meets */
#define NOISES(X)                                                                                  \
    X(flip, 1)   /* one bit is another */                                                          \
    X(drop, 1)   /* a byte is gone: the receiver was late */                                       \
    X(twice, 1)  /* a byte comes twice */                                                          \
    X(insert, 1) /* a byte that nobody sent */                                                     \
    X(swap, 1)   /* a byte changes places with the next */                                         \
    X(burst, 64) /* noise in the place of bytes */                                                 \
    X(stuck, 64) /* one level for the time of some bytes */                                        \
    X(baud, 200) /* the receiver's rate is 8 to 13 tenths of the sender's */                       \
    X(brk, 4)    /* a break: zero bytes that nobody sent */                                        \
    X(flow, 2)   /* XON and XOFF, as a line with flow control has them */

enum noise_kind {
#define X(name, run) NOISE_##name,
    NOISES(X)
#undef X
        NOISE_COUNT
};

struct line_noise {
    uint64_t random; /* the seed, not 0 */
    double rate;     /* events a byte, above 0, below 1 */
    unsigned kinds;  /* bit k: kind k happens */
    uint64_t events; /* so far */
    /* its own: */
    uint64_t gap; /* bytes before the next event; 0: not drawn */
    unsigned run; /* bytes that the event still lasts */
    enum noise_kind kind;
    uint8_t level;
    int held; /* a byte that waits to change places, plus 1 */
};

#define LINE_NOISE_MAX(length) (2 * (length) + 8) /* bytes that so many can become */

const char *line_noise_name(enum noise_kind kind);

/* The next number of a generator; `state` is not 0. */
uint64_t line_random(uint64_t *state);

/* Passes bytes on. Returns how many are in `out`, which holds LINE_NOISE_MAX(length). `touched`
 * (length bytes, or NULL) gets 1 where an event met a byte. */
size_t line_noise_pass(struct line_noise *noise, const uint8_t *in, size_t length, uint8_t *out,
                       uint8_t *touched);

#endif

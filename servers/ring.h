/* SPDX-License-Identifier: MIT
 * The bytes of one stream on their way: at most RING_BYTES, in pieces of memory that are taken as
 * they are needed and kept until the end. Data moves straight between a request and the ring.
 * Invariant: piece 0 is there, and an empty ring begins in it: so a piece always fits into an empty
 * ring, whatever memory is left. Used by pipe: and by chan:. */
#ifndef TACH_SERVERS_RING_H
#define TACH_SERVERS_RING_H

#include "servers/service.h"

#define RING_BYTES  65536u
#define RING_PIECE  4096u
#define RING_PIECES (RING_BYTES / RING_PIECE)
#define RING_MOVE   MSG_COPY_MAX /* most that one request moves: bounds the time of one call */

struct ring {
    unsigned char *piece[RING_PIECES]; /* 0: not there yet */
    uint32_t head, used;               /* place of the oldest byte; bytes */
};

/* ENOMEM. `quota`: pieces beyond the first that all rings that share it may still take. */
static inline long ring_make(struct svc *self, struct ring *r)
{
    r->piece[0] = self->host->alloc(self, RING_PIECE);
    r->head = r->used = 0;
    return r->piece[0] ? 0 : -T_ENOMEM;
}

/* Gives everything back. The ring may be one that was never made, all zero. */
static inline void ring_end(struct svc *self, struct ring *r, uint32_t *quota)
{
    for (unsigned i = 0; i < RING_PIECES; i++) {
        if (!r->piece[i])
            continue;
        self->host->free(self, r->piece[i], RING_PIECE);
        *quota += i != 0;
        r->piece[i] = 0;
    }
    r->used = 0;
}

static inline int ring_grow(struct svc *self, struct ring *r, unsigned i, uint32_t *quota)
{
    if (!*quota)
        return 0;
    r->piece[i] = self->host->alloc(self, RING_PIECE);
    *quota -= r->piece[i] != 0;
    return r->piece[i] != 0;
}

/* How many of `want` bytes can be put now, with the memory for them in place. */
static inline uint32_t ring_room(struct svc *self, struct ring *r, uint64_t want, uint32_t *quota)
{
    uint32_t at = r->head + r->used, got = 0, left = RING_BYTES - r->used;

    if (want < left)
        left = (uint32_t)want;
    if (left > RING_MOVE)
        left = RING_MOVE;
    while (got < left) {
        unsigned i = (at + got) / RING_PIECE % RING_PIECES;
        if (!r->piece[i] && !ring_grow(self, r, i, quota))
            break;
        got += RING_PIECE - (at + got) % RING_PIECE;
    }
    return got < left ? got : left;
}

/* One stretch of a transfer inside a piece of the ring: request bytes from `at` on. */
struct ring_part {
    unsigned char *bytes;
    uint32_t at, count;
};

static inline struct ring_part ring_part(const struct ring *r, uint32_t place, struct ring_part p,
                                         uint32_t n)
{
    uint32_t inside = place % RING_PIECE;

    p.at += p.count;
    p.count = RING_PIECE - inside < n - p.at ? RING_PIECE - inside : n - p.at;
    p.bytes = r->piece[place / RING_PIECE % RING_PIECES] + inside;
    return p;
}

/* Short data, at most FILE_INLINE_MAX bytes: between the request's words and the ring. */
static inline void ring_words(void *to, const void *from, uint32_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    if (n == 8 && !(((uintptr_t)t | (uintptr_t)f) & 7)) { /* the usual case: one word */
        *(uint64_t *)to = *(const uint64_t *)from;
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        t[i] = f[i];
}

/* Appends n bytes of a write's data, for which ring_room found room. EFAULT: nothing is added. */
static inline long ring_put(struct svc *self, struct svc_req *req, struct ring *r, uint32_t n)
{
    uint32_t tail = r->head + r->used;
    struct ring_part p = {0};

    while (p.at + p.count < n) {
        p = ring_part(r, tail + p.at + p.count, p, n);
        long e = 0;
        if (req->shorts)
            ring_words(p.bytes, (const unsigned char *)req->words + p.at, p.count);
        else
            e = self->host->get(req, p.at, p.bytes, p.count);
        if (e < 0)
            return e;
    }
    r->used += n;
    return 0;
}

/* Copies the oldest n bytes into a read's answer; they stay. EFAULT. */
static inline long ring_peek(struct svc *self, struct svc_req *req, const struct ring *r,
                             uint32_t n)
{
    struct ring_part p = {0};

    while (p.at + p.count < n) {
        p = ring_part(r, r->head + p.at + p.count, p, n);
        long e = 0;
        if (req->shorts)
            ring_words((unsigned char *)req->words + p.at, p.bytes, p.count);
        else
            e = self->host->put(req, p.at, p.bytes, p.count);
        if (e < 0)
            return e;
    }
    return 0;
}

/* Short data straight to a reader, 0 if there is none, that waits at the empty ring for at least as
 * much: into its words. False: nothing was done. */
static inline int ring_pass(const struct ring *r, struct svc_req *reader, const struct svc_req *req)
{
    if (!reader || r->used || !req->shorts || !reader->shorts || reader->count < req->count)
        return 0;
    ring_words(reader->words, req->words, (uint32_t)req->count);
    return 1;
}

/* The byte that is `at` behind the oldest; its piece is there. */
static inline unsigned char *ring_byte(const struct ring *r, uint32_t at)
{
    uint32_t place = r->head + at;

    return &r->piece[place / RING_PIECE % RING_PIECES][place % RING_PIECE];
}

/* The oldest n bytes are gone. */
static inline void ring_drop(struct ring *r, uint32_t n)
{
    r->used -= n;
    r->head = r->used ? (r->head + n) % RING_BYTES : 0;
}

/* Bytes that a read of that many may have now. */
static inline uint32_t ring_ready(const struct ring *r, uint64_t want)
{
    uint32_t n = r->used < RING_MOVE ? r->used : RING_MOVE;

    return want < n ? (uint32_t)want : n;
}

#endif

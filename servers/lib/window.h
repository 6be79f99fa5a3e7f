/* SPDX-License-Identifier: MIT
 * A window [offset, offset + size) on a text that is made as it goes: how a service answers reads
 * of a listing that it keeps nowhere. Invariant: nothing is written outside of the window; `at`
 * ends as the length of the whole text. */
#ifndef TACH_SERVERS_LIB_WINDOW_H
#define TACH_SERVERS_LIB_WINDOW_H

#include "servers/service.h"

struct window {
    unsigned char *to;
    uint64_t offset, size, at;
};

/* The window that a read asks for: its words, or at most `stage` bytes at its buffer. */
static inline struct window window_of(struct svc_req *req, uint64_t stage)
{
    uint64_t size = req->shorts ? sizeof(req->words) : stage;
    return (struct window){req->shorts ? (unsigned char *)req->words : (unsigned char *)req->buffer,
                           req->offset, req->count < size ? req->count : size, 0};
}

static inline void window_put(struct window *w, const char *text, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++, w->at++)
        if (w->at >= w->offset && w->at - w->offset < w->size)
            w->to[w->at - w->offset] = (unsigned char)text[i];
}

/* Bytes of the whole text that lie in the window: what the read answers. */
static inline long window_bytes(const struct window *w)
{
    uint64_t left = w->at > w->offset ? w->at - w->offset : 0;
    return (long)(left < w->size ? left : w->size);
}

#endif

/* SPDX-License-Identifier: MIT
 * Requests that wait in a service: lines of kept copies, oldest first, from one pool. Invariant: a
 * copy is in one line or in the pool. A line should hold at most WAITING_MOST: of those whose
 * callers are gone a server is not told. Used by chan:. */
#ifndef TACH_SERVERS_WAITING_H
#define TACH_SERVERS_WAITING_H

#include "servers/service.h"

#define WAITING_MOST 16u

struct waiting_line {
    struct svc_req *first, *last;
    uint32_t count;
};

/* Copies come in pages of these, which are kept until the end. */
struct waiting_page {
    struct waiting_page *next;
    struct svc_req requests[34];
};
_Static_assert(sizeof(struct waiting_page) <= 4096, "one allocation");

struct waiting_pool {
    struct waiting_page *pages;
    struct svc_req *free;
};

static inline int waiting_grow(struct svc *self, struct waiting_pool *pool)
{
    struct waiting_page *page = self->host->alloc(self, sizeof(*page));

    if (!page)
        return 0;
    page->next = pool->pages;
    pool->pages = page;
    for (unsigned i = 0; i < sizeof(page->requests) / sizeof(page->requests[0]); i++) {
        page->requests[i].next = pool->free;
        pool->free = &page->requests[i];
    }
    return 1;
}

static inline void waiting_end(struct svc *self, struct waiting_pool *pool)
{
    while (pool->pages) {
        struct waiting_page *page = pool->pages;
        pool->pages = page->next;
        self->host->free(self, page, sizeof(*page));
    }
}

/* Takes the request out of the line. */
static inline void waiting_take(struct waiting_line *line, const struct svc_req *req)
{
    struct svc_req *before = 0;

    for (struct svc_req *r = line->first; r != req; r = r->next)
        before = r;
    if (before)
        before->next = req->next;
    else
        line->first = req->next;
    if (line->last == req)
        line->last = before;
    line->count--;
}

static inline void waiting_free(struct waiting_pool *pool, struct svc_req *req)
{
    req->next = pool->free;
    pool->free = req;
}

/* A copy of the request goes to the end of the line. 0: no memory. */
static inline int waiting_add(struct svc *self, struct waiting_pool *pool,
                              struct waiting_line *line, const struct svc_req *req)
{
    if (!pool->free && !waiting_grow(self, pool))
        return 0;
    struct svc_req *kept = pool->free;
    pool->free = kept->next;
    svc_keep(kept, req);
    if (line->last)
        line->last->next = kept;
    else
        line->first = kept;
    line->last = kept;
    line->count++;
    return 1;
}

#endif

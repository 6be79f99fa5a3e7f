/* SPDX-License-Identifier: MIT
 * See capture.h. A capture lies in the list of its server's task; its pages need no record of their
 * own, since the mapping is one range that nobody else can change. */
#include "kernel/core/capture.h"

#include "kernel/core/mapping.h"
#include "kernel/core/pool.h"
#include "kernel/core/scheme.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"

#define PAGE_MASK (PAGE_SIZE - 1)

struct capture {
    struct list link; /* of server->captures */
    struct thread *caller;
    struct task *server;
    const struct scheme *scheme;
    uint64_t word; /* names the request, also after its caller is gone */
    vaddr_t base;  /* in the server */
    uint64_t span; /* bytes mapped: whole pages */
    uint64_t prot;
};

static struct pool capture_pool = {.size = sizeof(struct capture)};
struct capture_counts capture_counts;

bool capture_overlaps(const struct task *task, vaddr_t va, uint64_t bytes)
{
    for (struct list *l = task->captures.next; l != &task->captures; l = l->next) {
        const struct capture *k = list_entry(l, struct capture, link);
        if (va < k->base + k->span && k->base < va + bytes)
            return true;
    }
    return false;
}

/* What somebody else lent to the caller, and may take back, is copied. */
static bool wanted(const struct thread *c, const struct task *server)
{
    const struct scheme *s = c->call_scheme;
    bool data = c->call_op == OP_read || c->call_op == OP_write || c->call_op == OP_fcall;

    return s && s->flags & O_MAPPED && data && c->buffer_flags && c->buffer_size &&
           c->buffer_size >= s->map_from && c->task != server &&
           !capture_overlaps(c->task, c->buffer, c->buffer_size) &&
           !mapping_meets(c->task, c->buffer, c->buffer_size);
}

/* A page of the mapping that stands for a page which the caller does not give as a whole. */
struct bounce {
    vaddr_t page;  /* of the caller */
    vaddr_t begin; /* what of it is the payload's */
    uint64_t bytes;
};

/* The first or the last page of the payload; no bytes: that page is a whole one. */
static struct bounce bounce_of(const struct thread *c, bool last)
{
    vaddr_t begin = c->buffer, end = begin + c->buffer_size;
    struct bounce b = {.page = (last ? end - 1 : begin) & ~PAGE_MASK};

    b.begin = begin > b.page ? begin : b.page;
    b.bytes = (end < b.page + PAGE_SIZE ? end : b.page + PAGE_SIZE) - b.begin;
    if (b.bytes == PAGE_SIZE || (last && b.page == (begin & ~PAGE_MASK)))
        b.bytes = 0;
    return b;
}

/* The kernel's view of where the bounced bytes are in the server. */
static char *bounce_bytes(const struct capture *k, const struct thread *c, const struct bounce *b)
{
    vaddr_t at = k->base + (b->begin - (c->buffer & ~PAGE_MASK));

    return space_pointer(&k->server->space, at, PROT_READ);
}

/* space_map gives zeroed pages: nothing of the caller's neighbourhood can be in them. */
static enum err bounce_make(const struct capture *k, const struct thread *c, bool last)
{
    const struct bounce b = bounce_of(c, last);
    vaddr_t at = k->base + (b.page - (c->buffer & ~PAGE_MASK));

    if (!b.bytes)
        return OK;
    enum err e = space_map(&k->server->space, at, PAGE_SIZE, (unsigned)k->prot);
    if (!e && c->buffer_flags & MSG_OUT)
        e = space_copy_in(&c->task->space, bounce_bytes(k, c, &b), b.begin, b.bytes);
    return e;
}

static enum err pages_share(const struct capture *k, const struct thread *c)
{
    vaddr_t first = c->buffer & ~PAGE_MASK, from = first, to = first + k->span;

    if (bounce_of(c, false).bytes)
        from += PAGE_SIZE;
    if (bounce_of(c, true).bytes)
        to -= PAGE_SIZE;
    if (from >= to)
        return OK;
    const struct share share = {.dst = &k->server->space,
                                .src = &c->task->space,
                                .to = k->base + (from - first),
                                .from = from,
                                .bytes = to - from,
                                .prot = (unsigned)k->prot};
    return space_share(&share);
}

static void capture_free(struct capture *k)
{
    if (space_unmap(&k->server->space, k->base, k->span))
        panic("a capture that is no range: %lx", k->base);
    if (k->caller)
        k->caller->capture = 0;
    else
        capture_counts.orphans--;
    list_remove(&k->link);
    capture_counts.open--;
    pool_free(&capture_pool, k);
}

bool capture_make(struct thread *c, struct task *server, vaddr_t *at)
{
    struct capture *k = wanted(c, server) ? pool_alloc(&capture_pool) : 0;

    if (!k)
        return false;
    uint64_t span = ((c->buffer & PAGE_MASK) + c->buffer_size + PAGE_MASK) & ~PAGE_MASK;
    vaddr_t base;
    enum err e = space_find(&server->space, span, &base);
    if (e) {
        pool_free(&capture_pool, k);
        return false;
    }
    *k = (struct capture){.caller = c,
                          .server = server,
                          .scheme = c->call_scheme,
                          .word = c->stamp,
                          .base = base,
                          .span = span,
                          .prot = c->buffer_flags & MSG_IN ? PROT_READ | PROT_WRITE : PROT_READ};
    c->capture = k;
    list_push_back(&server->captures, &k->link);
    capture_counts.open++;
    e = bounce_make(k, c, false);
    if (!e)
        e = bounce_make(k, c, true);
    if (!e)
        e = pages_share(k, c);
    if (e) {
        capture_free(k); /* the copy will say what is wrong with the buffer, if it is that */
        return false;
    }
    capture_counts.made++;
    *at = base + (c->buffer & PAGE_MASK);
    return true;
}

/* Only bytes before `end` of the caller's payload go home. */
static enum err bounce_home(const struct capture *k, struct thread *c, bool last, vaddr_t end)
{
    const struct bounce b = bounce_of(c, last);

    if (!b.bytes || end <= b.begin)
        return OK;
    uint64_t n = end - b.begin < b.bytes ? end - b.begin : b.bytes;
    return space_copy_out(&c->task->space, b.begin, bounce_bytes(k, c, &b), n);
}

enum err capture_answered(struct thread *c, uint64_t moved)
{
    struct capture *k = c->capture;
    enum err e = OK;

    if (!k)
        return OK;
    if (c->buffer_flags & MSG_OUT || moved > c->buffer_size)
        moved = c->buffer_size;
    if (c->buffer_flags & MSG_IN)
        e = bounce_home(k, c, false, c->buffer + moved);
    if (!e && c->buffer_flags & MSG_IN)
        e = bounce_home(k, c, true, c->buffer + moved);
    capture_free(k);
    return e;
}

void capture_orphan(struct thread *c)
{
    struct capture *k = c->capture;

    if (!k)
        return;
    k->caller = 0;
    c->capture = 0;
    capture_counts.orphans++;
}

void capture_late(struct task *server, uint64_t word)
{
    struct list *next;

    for (struct list *l = server->captures.next; l != &server->captures; l = next) {
        struct capture *k = list_entry(l, struct capture, link);
        next = l->next;
        if (!k->caller && k->word == word)
            capture_free(k);
    }
}

void captures_drop(struct task *server, const struct scheme *s)
{
    struct list *next;

    for (struct list *l = server->captures.next; l != &server->captures; l = next) {
        struct capture *k = list_entry(l, struct capture, link);
        next = l->next;
        if (!s || k->scheme == s)
            capture_free(k);
    }
}

/* SPDX-License-Identifier: MIT
 * Pipes: a ring, both ends descriptions of the kernel scheme `pipe`. State changes first, then the
 * request of whoever waits is made again where it stands, so nothing is remembered about it. A
 * write of at most PIPE_ATOMIC bytes is whole or waits; a longer one moves what there is room for.
 * Invariant: readers wait only while the ring is empty, writers only while it is not. */
#include "kernel/core/calls.h"
#include "kernel/core/file.h"
#include "kernel/core/pool.h"
#include "kernel/core/services.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "servers/ring.h"

#define PIPE_ATOMIC 4096u
#define PIPE_SHARE  8u /* of the memory, for what lies in full pipes */
#define READ_END    0u
#define WRITE_END   1u

struct pipe {
    struct ring ring;
    struct list waiting[2]; /* threads by the end that they use */
    bool open[2];
    bool watched;     /* somebody asked for readiness */
    uint8_t told[2];  /* what was posted last, by end */
    uint8_t zero[19]; /* whole multiples of 32 bytes: see pipe_of */
};
_Static_assert(sizeof(struct pipe) % 32 == 0, "the lowest bit of a handle is the end");

static struct pool pipe_pool = {.size = sizeof(struct pipe)};
static uint32_t quota; /* pieces of rings beyond everyone's first */

uint32_t pipe_count(void)
{
    return pipe_pool.used;
}

static struct pipe *pipe_of(const struct svc_req *req)
{
    return pool_block(req->handle & ~1ull);
}

/* A woken thread that has to wait again stays the first. */
static long pipe_wait(struct pipe *p, unsigned end, const struct svc_req *req)
{
    struct thread *t = linked_caller(req);

    if (req->flags & SVC_REQ_NONBLOCK)
        return -T_EAGAIN;
    if (t == cpu_this()->current)
        list_push_back(&p->waiting[end], &t->link);
    else
        list_push_front(&p->waiting[end], &t->link);
    return SVC_PENDING;
}

static bool first_again(struct svc *self, struct list *waiting)
{
    struct list *first = waiting->next;

    list_remove(first);
    return linked_again(self, list_entry(first, struct thread, link));
}

static void readers_wake(struct svc *self, struct pipe *p)
{
    while (!list_empty(&p->waiting[READ_END]) && (p->ring.used || !p->open[WRITE_END]))
        first_again(self, &p->waiting[READ_END]);
}

static bool has_room(const struct pipe *p)
{
    return p->ring.used <= RING_BYTES - PIPE_ATOMIC || !p->open[READ_END];
}

static void writers_wake(struct svc *self, struct pipe *p)
{
    while (!list_empty(&p->waiting[WRITE_END]) && has_room(p))
        if (!first_again(self, &p->waiting[WRITE_END]))
            break;
}

/* The readiness of an end. */
static uint8_t ready(const struct pipe *p, unsigned end)
{
    if (end == READ_END)
        return (uint8_t)((p->ring.used || !p->open[WRITE_END] ? EVENT_READ : 0) |
                         (p->open[WRITE_END] ? 0 : EVENT_HANGUP));
    return (uint8_t)((has_room(p) ? EVENT_WRITE : 0) | (p->open[READ_END] ? 0 : EVENT_HANGUP));
}

static void tell(struct svc *self, struct pipe *p)
{
    for (unsigned end = 0; p->watched && end < 2; end++) {
        uint8_t now = ready(p, end);
        if (now == p->told[end])
            continue;
        p->told[end] = now;
        self->host->post(self, pool_number(p) | end, now);
    }
}

static long pipe_fevent(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);

    (void)self;
    p->watched = true;
    for (unsigned end = 0; end < 2; end++)
        p->told[end] = ready(p, end);
    return p->told[req->handle & 1];
}

static long pipe_read(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);
    uint32_t n = ring_ready(&p->ring, req->count);

    if (req->handle & WRITE_END || !p->open[READ_END])
        return -T_EBADF;
    if (!n)
        return req->count && p->open[WRITE_END] ? pipe_wait(p, READ_END, req) : 0;
    long e = ring_peek(self, req, &p->ring, n);
    if (e < 0)
        return e;
    ring_drop(&p->ring, n);
    writers_wake(self, p);
    tell(self, p);
    return n;
}

/* Whether others came first: a thread whose request is made again was the first of them. */
static bool must_queue(const struct pipe *p, const struct svc_req *req)
{
    return !list_empty(&p->waiting[WRITE_END]) && linked_caller(req) == cpu_this()->current;
}

static long pipe_write(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);

    if (!(req->handle & WRITE_END) || !p->open[WRITE_END])
        return -T_EBADF;
    if (!p->open[READ_END])
        return -T_EPIPE;
    uint32_t n = ring_room(self, &p->ring, req->count, &quota);
    bool fits = req->count > PIPE_ATOMIC ? n : n == req->count;
    if (!fits || must_queue(p, req))
        return pipe_wait(p, WRITE_END, req);
    long e = ring_put(self, req, &p->ring, n);
    if (e < 0)
        return e;
    readers_wake(self, p);
    tell(self, p);
    return n;
}

/* A read that has to wait does so at once. */
static bool short_read(struct thread *t, uint32_t handle)
{
    struct pipe *p = pool_block(handle);

    if (p->ring.used || !p->open[WRITE_END] || !t->r10)
        return false;
    t->rdx = handle;
    t->rsi = TAG(OP_read, 0, TAG_LENGTH(t->rsi), 0);
    t->call_op = OP_read;
    t->call_file = 0;
    t->call_scheme = 0;
    list_push_back(&p->waiting[READ_END], &t->link);
    sched_block(t, THREAD_PENDING);
    return true;
}

/* The data of a short write as a short read's answer: nothing behind its n bytes. */
static void words_give(struct thread *to, const struct thread *from, unsigned n)
{
    uint64_t w[5] = {from->r10, from->r8, from->r9, from->r12, from->r13};

    for (unsigned i = n / 8; i < 5; i++)
        w[i] &= i == n / 8 ? (1ull << n % 8 * 8) - 1 : 0;
    to->r10 = w[0], to->r8 = w[1], to->r9 = w[2], to->r12 = w[3], to->r13 = w[4];
}

static void short_answer(struct thread *t, enum op op, uint64_t length, uint64_t n)
{
    t->rax = 0;
    t->rdi = t->stamp;
    t->rsi = TAG(op, 0, length, 0);
    t->rdx = n;
}

/* A write to a reader that waits for at least as much goes into its registers. */
static bool short_write(struct thread *t, uint32_t handle)
{
    struct pipe *p = pool_block(handle & ~WRITE_END);
    unsigned n = TAG_LENGTH(t->rsi) - 8u;

    if (list_empty(&p->waiting[READ_END]) || n - 1 >= FILE_INLINE_MAX)
        return false;
    struct thread *r = list_entry(p->waiting[READ_END].next, struct thread, link);
    if (TAG_LENGTH(r->rsi) == MSG_LENGTH_BUFFER || r->r10 < n)
        return false;
    list_remove(&r->link);
    if (n == 8) /* the usual case: one word */
        r->r10 = t->r10, r->r8 = r->r9 = r->r12 = r->r13 = 0;
    else
        words_give(r, t, n);
    short_answer(r, OP_read, 8 + n, n);
    short_answer(t, OP_write, 8, n);
    t->r10 = t->r8 = t->r9 = t->r12 = t->r13 = 0;
    sched_ready(r);
    return true;
}

static const struct scheme_shorts pipe_shorts = {short_read, short_write};

static long pipe_start(struct svc *self)
{
    list_entry(self, struct scheme, svc)->shorts = &pipe_shorts;
    quota = (uint32_t)(page_total_count() / PIPE_SHARE);
    return 0;
}

static void pipe_free(struct svc *self, struct pipe *p)
{
    ring_end(self, &p->ring, &quota);
    pool_free(&pipe_pool, p);
}

/* All that wait are done then: those of the other end see the end of the pipe, those of this one,
 * whose descriptor went from under them, EBADF. */
static long pipe_close(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);

    p->open[req->handle & 1] = false;
    for (unsigned end = 0; end < 2; end++)
        while (!list_empty(&p->waiting[end]) && first_again(self, &p->waiting[end]))
            ;
    tell(self, p);
    if (!p->open[READ_END] && !p->open[WRITE_END])
        pipe_free(self, p);
    return 0;
}

static long pipe_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path, (void)length;
    return -T_ENOENT; /* pipes have no names: pipe2 makes them */
}

const struct service_ops pipe_service = {.name = "pipe",
                                         .flags = SVC_PAIRS,
                                         .start = pipe_start,
                                         .open = pipe_open,
                                         .close = pipe_close,
                                         .read = pipe_read,
                                         .write = pipe_write,
                                         .fevent = pipe_fevent};

/* An empty pipe whose ends are still closed. */
static struct pipe *pipe_new(struct svc *self)
{
    struct pipe *p = pool_alloc(&pipe_pool);

    if (!p)
        return 0;
    list_init(&p->waiting[READ_END]);
    list_init(&p->waiting[WRITE_END]);
    if (!ring_make(self, &p->ring))
        return p;
    pool_free(&pipe_pool, p);
    return 0;
}

static struct file *end_make(struct scheme *s, struct pipe *p, unsigned end, uint32_t flags)
{
    flags |= end == WRITE_END ? O_WRONLY : O_RDONLY;
    struct file *file = file_make(s, pool_number(p) | end, flags);

    if (file)
        file->opened = p->open[end] = true;
    return file;
}

/* Descriptors for both ends, or for none: then the files are closed, and with them the pipe. */
static long pipe_fds(struct thread *t, struct file *const end[2])
{
    long a = fd_install(t->task, end[READ_END], file_rights(end[READ_END]));
    long b = a >= 0 ? fd_install(t->task, end[WRITE_END], file_rights(end[WRITE_END])) : a;

    if (b >= 0) {
        t->rdx = (uint64_t)a | (uint64_t)b << 32;
        return 0;
    }
    if (a >= 0) {
        uint64_t saved = t->rdi;
        t->rdi = (uint64_t)a;
        file_close(t);
        t->rdi = saved;
    } else {
        file_unref(end[READ_END]);
    }
    file_unref(end[WRITE_END]);
    return b;
}

/* Both ends, or none: then the pipe is gone. */
static bool ends_make(struct scheme *s, struct pipe *p, uint32_t flags, struct file *end[2])
{
    end[READ_END] = end_make(s, p, READ_END, flags);
    end[WRITE_END] = end[READ_END] ? end_make(s, p, WRITE_END, flags) : 0;
    if (end[WRITE_END])
        return true;
    if (end[READ_END])
        file_unref(end[READ_END]);
    else
        pipe_free(&s->svc, p);
    return false;
}

void pipe_make(struct thread *t)
{
    struct scheme *s = scheme_find("pipe", 4);
    struct file *end[2];

    if (!s) { /* schemes=off */
        t->rax = (uint64_t)-T_ENODEV;
        return;
    }
    if (t->rdi & ~(uint64_t)O_NONBLOCK) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    struct pipe *p = pipe_new(&s->svc);
    t->rax = (uint64_t)-T_ENOMEM;
    if (p && ends_make(s, p, (uint32_t)t->rdi, end))
        t->rax = (uint64_t)pipe_fds(t, end);
}

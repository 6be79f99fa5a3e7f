/* SPDX-License-Identifier: MIT
 * Pipes: a page as a ring, both ends descriptions of the kernel scheme `pipe`. State changes first,
 * then whoever waits is woken; a woken call is executed again from its SYSCALL, so it sees the new
 * state and nothing is remembered about it. A write moves at most PIPE_CHUNK bytes, and those at
 * once. */
#include "kernel/core/calls.h"
#include "kernel/core/file.h"
#include "kernel/core/pool.h"
#include "kernel/core/services.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"

#define PIPE_BYTES 4096u
#define PIPE_CHUNK (PIPE_BYTES / 8)
#define PIPES      64u

struct pipe {
    uint8_t *ring;
    uint32_t head, used;
    bool end_open[2]; /* 0 read, 1 write */
    struct list waiting[2];
};

static struct pipe pipes[PIPES];

/* Handles: pipe * 2 + end. */
static struct pipe *pipe_of(const struct svc_req *req)
{
    return &pipes[req->handle / 2 % PIPES];
}

static void pipe_wake(struct list *waiting, uint32_t number)
{
    while (!list_empty(waiting))
        call_again(list_entry(waiting->next, struct thread, link), number);
}

static long pipe_block(struct pipe *p, unsigned end)
{
    list_push_back(&p->waiting[end], &cpu_this()->current->link);
    return SVC_PENDING;
}

static long pipe_read(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);
    uint32_t n = req->count < p->used ? (uint32_t)req->count : p->used;
    uint8_t chunk[PIPE_CHUNK];

    if (req->handle & 1)
        return -T_EBADF;
    if (!p->used && req->count)
        return p->end_open[1] ? pipe_block(p, 0) : 0;
    if (n > sizeof(chunk))
        n = sizeof(chunk);
    for (uint32_t i = 0; i < n; i++)
        chunk[i] = p->ring[(p->head + i) % PIPE_BYTES];
    long result = svc_put(self, req, chunk, n);
    if (result < 0)
        return result;
    p->head = (p->head + n) % PIPE_BYTES;
    p->used -= n;
    pipe_wake(&p->waiting[1], SYS_write);
    return n;
}

static long pipe_write(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);
    uint8_t chunk[PIPE_CHUNK];
    uint32_t n = req->count < sizeof(chunk) ? (uint32_t)req->count : sizeof(chunk);

    if (!(req->handle & 1))
        return -T_EBADF;
    if (!p->end_open[0])
        return -T_EPIPE;
    if (n > PIPE_BYTES - p->used)
        return pipe_block(p, 1);
    long result = svc_get(self, req, chunk, n);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < n; i++)
        p->ring[(p->head + p->used + i) % PIPE_BYTES] = chunk[i];
    p->used += n;
    pipe_wake(&p->waiting[0], SYS_read);
    return n;
}

static void ring_free(struct pipe *p)
{
    page_unref((paddr_t)((char *)p->ring - (char *)page_pointer(0)));
    p->ring = 0;
}

static long pipe_close(struct svc *self, struct svc_req *req)
{
    struct pipe *p = pipe_of(req);

    (void)self;
    p->end_open[req->handle & 1] = false;
    pipe_wake(&p->waiting[0], SYS_read);
    pipe_wake(&p->waiting[1], SYS_write);
    if (!p->end_open[0] && !p->end_open[1] && p->ring)
        ring_free(p);
    return 0;
}

static long pipe_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path, (void)length;
    return -T_ENOENT; /* pipes have no names: pipe2 makes them */
}

const struct service_ops pipe_service = {
    .name = "pipe", .open = pipe_open, .close = pipe_close, .read = pipe_read, .write = pipe_write};

static struct pipe *pipe_find(void)
{
    for (unsigned i = 0; i < PIPES; i++)
        if (!pipes[i].ring)
            return &pipes[i];
    return 0;
}

static struct file *end_make(struct scheme *s, const struct pipe *p, unsigned end)
{
    struct file *file = file_make(s, (uint32_t)(p - pipes) * 2 + end, end ? O_WRONLY : O_RDONLY);

    if (file)
        file->opened = true;
    return file;
}

/* Descriptors for both ends, or for none: then the files are closed, and with them the ring. */
static long pipe_fds(struct thread *t, struct file *const end[2])
{
    long a = fd_install(t->task, end[0], file_rights(end[0]));
    long b = a >= 0 ? fd_install(t->task, end[1], file_rights(end[1])) : a;

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
        file_unref(end[0]);
    }
    file_unref(end[1]);
    return b;
}

/* Both ends of p, or none: then the ring is free again. */
static bool ends_make(struct pipe *p, struct file *end[2])
{
    struct scheme *s = scheme_find("pipe", 4);

    end[0] = end_make(s, p, 0);
    end[1] = end[0] ? end_make(s, p, 1) : 0;
    if (end[1])
        return true;
    if (end[0]) {
        p->end_open[1] = false;
        file_unref(end[0]);
    } else {
        ring_free(p);
    }
    return false;
}

void pipe_make(struct thread *t)
{
    struct pipe *p = pipe_find();
    paddr_t page = p ? page_alloc() : 0;
    struct file *end[2];

    t->rax = (uint64_t)-T_ENOMEM;
    if (!page)
        return;
    *p = (struct pipe){.ring = page_pointer(page), .end_open = {true, true}};
    list_init(&p->waiting[0]);
    list_init(&p->waiting[1]);
    if (ends_make(p, end))
        t->rax = (uint64_t)pipe_fds(t, end);
}

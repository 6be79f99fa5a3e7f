/* SPDX-License-Identifier: MIT
 * The placement `linked`: a service's ops called on the kernel's stack for the current thread,
 * whose registers hold the request and take the answer, exactly as a server would have left them.
 */
#include "kernel/core/calls.h"
#include "kernel/core/event.h"
#include "kernel/core/fdtable.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/mapping.h"
#include "kernel/core/request.h"
#include "kernel/core/scheme.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "servers/host/dispatch.h"

static bool in_buffer(const struct svc_req *req, uint64_t at, uint64_t n)
{
    return at <= req->buffer_size && n <= req->buffer_size - at;
}

/* The space of the request's caller, which is the current thread or waits for completion; 0: it
 * is gone. */
static const struct space *caller_space(const struct svc_req *req)
{
    const struct thread *t = threads[(req->caller >> 32) & TID_SLOT_MASK];

    return t->stamp == req->caller ? &t->task->space : 0;
}

static long linked_get(struct svc_req *req, uint64_t at, void *to, uint64_t n)
{
    const struct space *space = caller_space(req);

    if (!in_buffer(req, at, n) || !space)
        return -T_EFAULT;
    return -(long)space_copy_in(space, to, req->buffer + at, n);
}

static long linked_put(struct svc_req *req, uint64_t at, const void *from, uint64_t n)
{
    const struct space *space = caller_space(req);

    if (!in_buffer(req, at, n) || !space)
        return -T_EFAULT;
    return -(long)space_copy_out(space, req->buffer + at, from, n);
}

uint64_t linked_pages;

static void *linked_alloc(struct svc *self, uint64_t bytes)
{
    (void)self;
    paddr_t page = bytes <= PAGE_SIZE ? page_alloc() : 0;

    linked_pages += page != 0;
    return page ? page_pointer(page) : 0;
}

static void linked_free(struct svc *self, void *memory, uint64_t bytes)
{
    (void)self;
    (void)bytes;
    if (!memory)
        return;
    linked_pages--;
    page_unref((paddr_t)((char *)memory - (char *)page_pointer(0)));
}

/* Bytes of an answer: the result, and what there is of words; an error has none. */
static uint64_t answer_length(const struct svc_req *req, enum op op, long result)
{
    if (result < 0)
        return 8;
    if (op == OP_fcall)
        return MSG_INLINE_MAX;
    if (op == OP_fmap)
        return 16;
    return op == OP_read && req->shorts ? 8 + (uint64_t)result : 8;
}

/* The answer in the client's registers: W0 the result, words for what has words. */
static void answer_give(struct thread *t, const struct svc_req *req, long result)
{
    uint64_t length = answer_length(req, t->call_op, result);
    unsigned count = (unsigned)(length - 1) / 8u;
    uint64_t w[5] = {0};

    for (unsigned i = 0; i < count; i++)
        w[i] = req->words[i];
    t->rsi = TAG(t->call_op, 0, length, 0);
    t->rdi = t->stamp;
    t->rax = 0;
    t->rdx = (uint64_t)result;
    t->r10 = w[0], t->r8 = w[1], t->r9 = w[2], t->r12 = w[3], t->r13 = w[4];
}

/* The same for a short read or write, whose data ends within the words. */
static void answer_short(struct thread *t, const struct svc_req *req, enum op op, long result)
{
    uint64_t data = op == OP_read && result > 0 ? (uint64_t)result : 0;
    uint64_t w[5] = {0};

    t->rsi = TAG(op, 0, 8 + data, 0);
    t->rdi = t->stamp;
    t->rax = 0;
    t->rdx = (uint64_t)result;
    if (data <= 8) { /* the usual case: one word */
        t->r10 = data ? req->words[0] : 0;
        t->r8 = t->r9 = t->r12 = t->r13 = 0;
        return;
    }
    for (unsigned i = 0; i < (data + 7) / 8; i++)
        w[i] = req->words[i];
    t->r10 = w[0], t->r8 = w[1], t->r9 = w[2], t->r12 = w[3], t->r13 = w[4];
}

/* The handle that an open or dup made is nobody's. */
static void unwanted_close(struct svc *self, const struct svc_req *req, long handle)
{
    struct svc_req close = {.handle = (uint64_t)handle, .op = OP_close};

    if ((req->op == OP_open || req->op == OP_dup) && handle >= 0 && self->ops->close)
        self->ops->close(self, &close);
}

static long linked_complete(struct svc *self, struct svc_req *req, long result)
{
    struct thread *t = threads[(req->caller >> 32) & TID_SLOT_MASK];

    if (t->stamp != req->caller || thread_status(t) != THREAD_PENDING) {
        unwanted_close(self, req, result);
        return -T_EBADFD;
    }
    bool counted = req->op == OP_read || req->op == OP_write;
    if (counted && req->shorts)
        answer_short(t, req, req->op, svc_moved(req, result));
    else
        answer_give(t, req, counted ? svc_moved(req, result) : result);
    t->stamp += STAMP_STEP; /* the token is spent */
    if (t->call_file)
        file_reply(t); /* rax: what an open or fmap returns */
    else if (result < 0)
        t->rdx = (uint64_t)request_result(t);
    t->buffer_flags = 0;
    list_remove(&t->link);
    request_end(t);
    sched_ready(t);
    return 0;
}

static long linked_memory_grow(struct svc *self, long memory, uint64_t bytes)
{
    struct object *o = object_find((uint64_t)memory);
    uint64_t pages = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);

    (void)self;
    if (!o || pages < o->pages)
        return -T_EINVAL;
    return -(long)object_resize(o, pages);
}

static void linked_memory_free(struct svc *self, long memory)
{
    struct object *o = object_find((uint64_t)memory);

    (void)self;
    if (o)
        object_unref(o);
}

static long linked_memory(struct svc *self, uint64_t bytes)
{
    long number = object_make(0, 0);

    if (number < 0 || !bytes)
        return number;
    long e = linked_memory_grow(self, number, bytes);
    if (!e)
        return number;
    linked_memory_free(self, number);
    return e;
}

/* Of all handles of that number that the service gave. */
static long linked_revoke(struct svc *self, uint64_t handle)
{
    return mapping_revoke(list_entry(self, struct scheme, svc), handle);
}

static void linked_post(struct svc *self, uint64_t handle, uint32_t mask)
{
    event_post(list_entry(self, struct scheme, svc), handle, mask);
}

static uint64_t linked_clock(struct svc *self)
{
    (void)self;
    return ticks_to_ns(hal_tsc());
}

static void linked_log(struct svc *self, const char *text, uint64_t n)
{
    klog("%s: ", self->ops->name);
    klog_bytes(text, n);
}

const struct svc_host linked_host = {.get = linked_get,
                                     .put = linked_put,
                                     .alloc = linked_alloc,
                                     .free = linked_free,
                                     .complete = linked_complete,
                                     .post = linked_post,
                                     .memory = linked_memory,
                                     .memory_grow = linked_memory_grow,
                                     .memory_free = linked_memory_free,
                                     .revoke = linked_revoke,
                                     .clock_ns = linked_clock,
                                     .log = linked_log};

/* The request as the service sees it. */
static struct svc_req request_make(const struct thread *t)
{
    bool shorts = TAG_LENGTH(t->rsi) != MSG_LENGTH_BUFFER;
    uint64_t written = TAG_LENGTH(t->rsi) < 8 ? 0 : TAG_LENGTH(t->rsi) - 8u;
    struct svc_req req = {.handle = t->rdx,
                          .count = t->r10,
                          .offset = TAG_HEADER(t->rsi),
                          .caller = t->stamp,
                          .op = t->call_op,
                          .level = (uint8_t)t->task->level,
                          .cookie = (uint16_t)(t->kind_call >> 16),
                          .flags = TAG_FLAGS(t->rsi) & MSG_NONBLOCK ? SVC_REQ_NONBLOCK : 0,
                          .shorts = shorts};

    if (shorts && t->call_op == OP_write)
        req.count = written;
    if (shorts && t->call_op == OP_read && req.count > FILE_INLINE_MAX)
        req.count = FILE_INLINE_MAX;
    bool counted = t->call_op == OP_read || t->call_op == OP_write;
    if (!shorts && counted && req.count > t->r13)
        req.count = t->r13;
    if (!shorts)
        req.buffer = t->r12, req.buffer_size = t->r13;
    bool words = t->call_op != OP_read;
    if (words)
        req.words[0] = t->r10, req.words[1] = t->r8, req.words[2] = t->r9, req.words[3] = t->r12,
        req.words[4] = t->r13;
    if (t->call_op == OP_fmap)
        req.words[0] = t->r8;
    return req;
}

bool linked_request(struct thread *t, struct scheme *s, const char *path, uint64_t length)
{
    struct svc_req req = request_make(t);

    long result = svc_dispatch(&s->svc, &req, t->call_op, path, length);
    if (result == SVC_PENDING)
        return false;
    answer_give(t, &req, result);
    return true;
}

/* The result of a read that was not as large as its buffer. Only writing all of it has shown that
 * the buffer is user memory; of another a server would never have been asked. */
static __attribute__((noinline)) long read_partly(const struct svc_req *req, long result)
{
    if (!user_range(req->buffer, req->buffer_size))
        return -T_EFAULT;
    result = svc_moved(req, result);
    return result < ERR_FLOOR || result == -T_EINTR ? -T_EIO : result;
}

/* Count and buffer differ: the smaller is what can be read, the buffer has to be good as a whole.
 */
static __attribute__((noinline)) long read_uneven(struct thread *t, uint64_t fd, uint64_t count,
                                                  vaddr_t to, uint64_t bytes)
{
    uint64_t least = count < bytes ? count : bytes;

    return user_range(to, bytes) ? linked_read(t, fd, least, to, least) : -T_EFAULT;
}

void linked_short(struct thread *t, const struct fd *slot, enum op op)
{
    struct scheme *s = slot->scheme;
    uint64_t length = TAG_LENGTH(t->rsi);
    struct svc_req req;
    long result;

    req.handle = slot->handle;
    req.offset = 0;
    req.caller = t->stamp;
    req.who = t->kind_call | op;
    req.shorts = 1;
    req.flags = req.zero = 0;
    req.buffer = req.buffer_size = 0;
    t->rdx = slot->handle; /* as a request that waits stands in its registers */
    t->rsi = TAG(op, TAG_FLAGS(t->rsi) & ~MSG_NONBLOCK, length, 0);
    t->call_op = (uint8_t)op;
    t->call_file = 0;
    t->call_scheme = s;
    if (op == OP_read) {
        req.count = t->r10;
        req.words[0] = req.words[1] = req.words[2] = req.words[3] = req.words[4] = 0;
        result = svc_dispatch_read(&s->svc, &req);
    } else {
        req.count = length < 8 ? 0 : length - 8;
        req.words[0] = t->r10, req.words[1] = t->r8, req.words[2] = t->r9;
        req.words[3] = t->r12, req.words[4] = t->r13;
        result = svc_dispatch_write(&s->svc, &req);
    }
    if (result == SVC_PENDING) {
        sched_block(t, THREAD_PENDING);
        return;
    }
    t->call_scheme = 0;
    answer_short(t, &req, op, result);
}

long linked_read(struct thread *t, uint64_t fd, uint64_t count, vaddr_t to, uint64_t bytes)
{
    struct file *file = *fds_file(t->task, fd);
    struct scheme *s = file->scheme;
    struct svc_req req;

    if (count != bytes)
        return read_uneven(t, fd, count, to, bytes);
    if (file->offset >> 32) /* 0 for ever where the scheme is not positioned */
        return -T_EFBIG;
    req.handle = file->handle;
    req.count = bytes;
    req.offset = file->offset;
    req.caller = t->stamp;
    req.who = t->kind_call | OP_read;
    req.shorts = 0;
    req.flags = 0; /* nothing waits that could be told not to */
    req.buffer = to;
    req.buffer_size = bytes;
    long result = s->svc.ops->read(&s->svc, &req);
    if (result <= 0 || (uint64_t)result != req.buffer_size)
        result = read_partly(&req, result);
    if (result > 0 && s->flags & O_POSITIONED)
        file->offset += (uint64_t)result;
    return result;
}

struct thread *linked_caller(const struct svc_req *req)
{
    return threads[(req->caller >> 32) & TID_SLOT_MASK];
}

bool linked_again(struct svc *self, struct thread *t)
{
    struct svc_req req = request_make(t);
    long result = svc_dispatch(self, &req, t->call_op, 0, 0);

    if (result == SVC_PENDING)
        return false;
    answer_give(t, &req, result);
    if (t->call_file)
        file_reply(t);
    request_end(t);
    sched_ready(t);
    return true;
}

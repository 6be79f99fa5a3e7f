/* SPDX-License-Identifier: MIT
 * File calls: each is made into a request in the caller's own registers, given to the service
 * wherever it is, and finished by file_reply when the answer stands in those registers. */
#include "kernel/core/file.h"

#include "kernel/core/classic.h"
#include "kernel/core/donate.h"
#include "kernel/core/event.h"
#include "kernel/core/fcall.h"
#include "kernel/core/ipc.h"
#include "kernel/core/mapping.h"
#include "kernel/core/message.h"
#include "kernel/core/opening.h"
#include "kernel/core/place.h"
#include "kernel/core/request.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"

void file_regs_save(struct thread *t)
{
    const uint64_t regs[8] = {t->rdi, t->rsi, t->rdx, t->r10, t->r8, t->r9, t->r12, t->r13};

    memcpy(t->call_regs, regs, sizeof(regs));
}

void file_regs_restore(struct thread *t, long result)
{
    const uint64_t *r = t->call_regs;

    t->rdi = r[0], t->rsi = r[1], t->rdx = r[2], t->r10 = r[3];
    t->r8 = r[4], t->r9 = r[5], t->r12 = r[6], t->r13 = r[7];
    t->rax = (uint64_t)result;
}

/* Whether C will see the end of the request, and so may leave a mark on it: an answer by the fast
 * path clears nothing. */
static bool request_marked(const struct thread *t, const struct scheme *s)
{
    return scheme_linked(s) || s->flags & O_CLASSIC || t->call_file ||
           TAG_LENGTH(t->rsi) == MSG_LENGTH_BUFFER;
}

static void request_set(struct thread *t, struct file *file, enum op op, bool finish)
{
    struct scheme *s = file->scheme;

    t->rdx = file->handle;
    t->rsi = (t->rsi & ~(0xFFull | MSG_NONBLOCK << 8)) | op;
    if (file->flags & O_NONBLOCK)
        t->rsi |= MSG_NONBLOCK << 8;
    t->call_op = (uint8_t)op;
    t->call_file = finish ? file : 0;
    t->call_scheme = request_marked(t, s) ? s : 0;
    file->references += finish;
}

void file_request_wait(struct thread *t, struct file *file, enum op op)
{
    request_set(t, file, op, true);
    sched_block(t, THREAD_PENDING);
}

void file_request(struct thread *t, struct file *file, enum op op, bool finish)
{
    struct scheme *s = file->scheme;

    request_set(t, file, op, finish);
    if (!scheme_linked(s)) {
        message_buffer(t);
        if (s->flags & O_CLASSIC)
            classic_request(t, s);
        else
            ipc_request(t, s->server);
        if (s->server == &task_frozen)
            place_held(t);
        return;
    }
    if (!linked_request(t, s, opening_path, t->r13)) {
        sched_block(t, THREAD_PENDING);
        return;
    }
    if (t->call_file)
        file_reply(t);
    t->call_scheme = 0;
}

const struct file *file_requested(const struct thread *t)
{
    return t->call_file ? t->call_file : fd_file(t->task, t->rdi);
}

/* The path of t's request in opening_path again. */
static enum err path_again(const struct thread *t)
{
    if (t->call_op != OP_open && t->call_op != OP_dup && t->call_op != OP_unlink)
        return OK;
    return space_copy_in(&t->task->space, opening_path, t->r12, t->r13);
}

/* At the server's mailbox, behind those who are there. */
static void request_queue(struct thread *t, struct scheme *s)
{
    message_buffer(t);
    t->call_scheme = request_marked(t, s) ? s : 0;
    t->state = THREAD_CALLING;
    t->wait_task = s->server;
    donate_enqueue(s->server, t);
}

void file_request_again(struct thread *t, struct scheme *s)
{
    if (!scheme_linked(s)) {
        request_queue(t, s);
        return;
    }
    t->wait_task = 0;
    t->call_scheme = s;
    if (path_again(t)) {
        t->rax = 0;
        t->rdx = (uint64_t)-T_EFAULT;
    } else if (!linked_request(t, s, opening_path, t->r13)) {
        t->state = THREAD_PENDING;
        return;
    }
    if (t->call_file)
        file_reply(t);
    ipc_complete(t, (long)t->rax);
}

static bool scheme_alive(struct thread *t, const struct scheme *s)
{
    if (s->server == &task_none)
        t->rax = (uint64_t)-T_ENODEV;
    return s->server != &task_none;
}

struct file *file_checked(struct thread *t, unsigned rights)
{
    struct file *file = fd_file(t->task, t->rdi);

    t->rax = 0;
    if (!file || (fd_rights(t->task, t->rdi) & rights) != rights) {
        t->rax = (uint64_t)-T_EBADF;
        return 0;
    }
    enum err e = message_check(t);
    if (e) {
        t->rax = (uint64_t) - (long)e;
        return 0;
    }
    bool reads = file->root && file->scheme->flags & O_CLASSIC; /* a dead one's end of file */
    return reads || scheme_alive(t, file->scheme) ? file : 0;
}

/* The position goes into the tag's header; the header that the user gave is of no meaning here. */
static enum err position_set(struct thread *t, const struct file *file)
{
    t->rsi = (uint32_t)t->rsi;
    if (!(file->scheme->flags & O_POSITIONED))
        return OK;
    if (file->offset >> 32)
        return T_EFBIG;
    t->rsi |= file->offset << 32;
    return OK;
}

/* A server's answer to memory may not get there, which the server does not learn; a service in the
 * kernel says so itself. */
static bool may_miss(const struct thread *t, const struct file *file)
{
    return !scheme_linked(file->scheme) && TAG_LENGTH(t->rsi) == MSG_LENGTH_BUFFER;
}

static void transfer(struct thread *t, enum op op, unsigned rights)
{
    struct file *file = file_checked(t, rights);

    if (!file)
        return;
    if (file->root) { /* only a classic root has the rights to come here */
        op == OP_read ? classic_read(t, file) : classic_write(t, file);
        return;
    }
    enum err e = position_set(t, file);
    if (e)
        t->rax = (uint64_t) - (long)e;
    else
        file_request(t, file, op, (file->scheme->flags & O_POSITIONED) != 0 || may_miss(t, file));
}

/* The descriptor behind rdi, if short calls of that right need no look at its description. */
static const struct fd *short_slot(const struct thread *t, unsigned right)
{
    const struct fd *slot = &t->fds[t->rdi];

    if (t->rdi >= t->fd_limit || !(slot->fast & (FD_FAST_SHORT | FD_FAST_DIRECT)) ||
        !(slot->rights & right))
        return 0;
    return TAG_LENGTH(t->rsi) <= MSG_INLINE_MAX ? slot : 0;
}

/* The call straight to the service, if it is still in the kernel. */
static bool short_direct(struct thread *t, const struct fd *slot, enum op op)
{
    if (!(slot->fast & FD_FAST_DIRECT) || !scheme_linked(slot->scheme))
        return false;
    linked_short(t, slot, op);
    return true;
}

static bool short_read(struct thread *t)
{
    const struct fd *slot = short_slot(t, FD_READ);

    if (!slot)
        return false;
    return slot->fast & FD_FAST_SHORT ? slot->scheme->shorts->read(t, slot->handle)
                                      : short_direct(t, slot, OP_read);
}

static bool short_write(struct thread *t)
{
    const struct fd *slot = short_slot(t, FD_WRITE);

    if (!slot)
        return false;
    return slot->fast & FD_FAST_SHORT ? slot->scheme->shorts->write(t, slot->handle)
                                      : short_direct(t, slot, OP_write);
}

/* The twin of the path's long read: one that a service in the kernel answers at once. */
static bool read_long(struct thread *t)
{
    if ((uint32_t)t->rsi != TAG_READ_LONG || t->rdi >= t->fd_limit ||
        !(t->fds[t->rdi].fast & FD_FAST_LONG) || t->r13 > MSG_SIZE_MAX)
        return false;
    t->rdx = (uint64_t)linked_read(t, t->rdi, t->r10, t->r12, t->r13);
    t->rax = 0;
    t->rdi = t->stamp;
    t->rsi = TAG(OP_read, 0, 8, 0);
    t->r10 = t->r8 = t->r9 = t->r12 = t->r13 = 0;
    return true;
}

void file_read(struct thread *t)
{
    if (!short_read(t) && !read_long(t))
        transfer(t, OP_read, FD_READ);
}

void file_write(struct thread *t)
{
    if (!short_write(t))
        transfer(t, OP_write, FD_WRITE);
}

void file_fcall(struct thread *t)
{
    struct file *file = file_checked(t, 0);
    unsigned rights = fcall_rights(t->r10);

    if (!file)
        return;
    if (file->root && t->r10 >= FCALL_SAVE && t->r10 <= FCALL_THAW) {
        place_call(t, file);
        return;
    }
    if ((fd_rights(t->task, t->rdi) & rights) != rights) {
        t->rdx = (uint64_t)-T_EACCES;
        return;
    }
    if (file->root && t->r10 == FCALL_NEXT && file->scheme->flags & O_CLASSIC) {
        classic_next(t, file);
        return;
    }
    if (!scheme_alive(t, file->scheme))
        return;
    if (fcall_own(t->r10)) {
        fcall_answer(t, file);
        return;
    }
    t->rsi = (uint32_t)t->rsi;
    file_request(t, file, OP_fcall, false);
}

void file_fmap(struct thread *t)
{
    struct file *file = fd_file(t->task, t->rdi);
    uint64_t how = t->r10, offset = t->r8;
    unsigned rights = file ? fd_rights(t->task, t->rdi) : 0;

    if (!file || !scheme_alive(t, file->scheme)) {
        t->rax = (uint64_t)(file ? -T_ENODEV : -T_EBADF);
        return;
    }
    enum err e = mapping_check(how, t->rdx, offset, rights);
    if (e) {
        t->rax = (uint64_t) - (long)e;
        return;
    }
    file_regs_save(t);
    t->call_regs[FMAP_RIGHTS] = rights;
    t->rsi = TAG(OP_fmap, 0, 24, offset);
    t->r10 = t->rdx;
    t->r8 = how;
    file_request(t, file, OP_fmap, true);
}

static void transfer_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);

    if (result > 0 && TAG_FLAGS(c->rsi) & MSG_TRUNC)
        result = -T_EFAULT; /* the answer did not go into the caller's buffer */
    if (result > 0)
        file->offset += (uint64_t)result;
    c->rdx = (uint64_t)result;
    file_unref(file);
}

/* fmap was answered: rdx the number of an object, r10 the offset in it. */
static void fmap_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);
    uint64_t offset = c->r10;

    file_regs_restore(c, result);
    if (result >= 0)
        c->rax = (uint64_t)mapping_finish(c, file, (uint64_t)result, offset);
    file_unref(file);
}

static void fevent_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);

    file_regs_restore(c, 0);
    c->rax = (uint64_t)event_answered(c, file, result);
    file_unref(file);
}

/* SEEK_END asked for the size: W1. call_regs: rsi the offset. */
static void seek_finish(struct thread *c, struct file *file)
{
    long result = request_result(c);
    int64_t position = (int64_t)(c->r10 + c->call_regs[1]);

    if (result >= 0)
        result = position < 0 ? -T_EINVAL : (long)position;
    if (result >= 0)
        file->offset = (uint64_t)position;
    file_regs_restore(c, result);
    file_unref(file);
}

void file_reply(struct thread *c)
{
    struct file *file = c->call_file;

    c->call_file = 0;
    switch (c->call_op) {
    case OP_open:
        open_finish(c, file);
        break;
    case OP_dup:
        dup_finish(c, file);
        break;
    case OP_fmap:
        fmap_finish(c, file);
        break;
    case OP_unlink:
        unlink_finish(c, file);
        break;
    case OP_fcall:
        seek_finish(c, file);
        break;
    case OP_fevent:
        fevent_finish(c, file);
        break;
    default:
        transfer_finish(c, file);
        break;
    }
    c->call_op = 0;
}

void file_abandon(struct thread *c)
{
    c->rdx = (uint64_t)-T_ENODEV;
    file_reply(c);
}

void file_lseek(struct thread *t)
{
    struct file *file = fd_file(t->task, t->rdi);
    int64_t offset = (int64_t)t->rsi;

    if (!file || !(file->scheme->flags & O_POSITIONED)) {
        t->rax = (uint64_t)(file ? -T_ESPIPE : -T_EBADF);
        return;
    }
    if (!scheme_alive(t, file->scheme))
        return;
    if (t->rdx == SEEK_END) {
        file_regs_save(t);
        t->rsi = TAG(OP_fcall, 0, 48, 0);
        t->r10 = FCALL_STAT;
        file_request(t, file, OP_fcall, true);
        return;
    }
    int64_t position = t->rdx == SEEK_CUR ? (int64_t)(file->offset + t->rsi) : offset;
    if (t->rdx > SEEK_END || position < 0) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    file->offset = (uint64_t)position;
    t->rax = (uint64_t)position;
}

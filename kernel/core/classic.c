/* SPDX-License-Identifier: MIT
 * See classic.h. A record is made when it is read, from the registers of its caller; a reader that
 * waits lies in the scheme's list, its registers still say where the records go. */
#include "kernel/core/classic.h"

#include "kernel/core/capture.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/message.h"
#include "kernel/core/request.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"

struct classic_counts classic_counts;

/* W0 and W1 of a call on the root; everything else of a message is zero. */
static void root_result(struct thread *t, long w0, uint64_t w1)
{
    t->rax = 0;
    t->rsi = TAG(0, 0, 16, 0);
    t->rdx = (uint64_t)w0;
    t->r10 = w1;
    t->r8 = t->r9 = t->r12 = t->r13 = 0;
}

/* ---- records ---- */

static bool queue_empty(const struct scheme *s)
{
    return list_empty(&s->closes) && list_empty(&s->cancels) && list_empty(&s->requests);
}

/* The next record. False: its caller's payload could not be read; it learned that and is gone. */
static bool record_take(struct scheme *s, struct room *room, struct msg *out)
{
    if (!list_empty(&s->closes)) {
        struct list *record = s->closes.next;
        list_remove(record);
        *out = (struct msg){.tag = TAG(OP_close, 0, 8, 0), .w = {file_close_taken(record)}};
        return true;
    }
    if (!list_empty(&s->cancels)) {
        struct thread *c = list_entry(s->cancels.next, struct thread, cancel);
        list_remove(&c->cancel);
        *out = (struct msg){.tag = TAG(OP_cancel, 0, 8, 0), .w = {c->stamp}};
        return true;
    }
    struct thread *c = list_entry(s->requests.next, struct thread, link);
    list_remove(&c->link);
    if (!message_record(out, c, room))
        return true;
    request_abort(c, -T_EFAULT);
    return false;
}

/* Whether all pages can be written now; nobody can change that before the records are there. */
static bool writable(const struct space *space, vaddr_t at, uint64_t bytes)
{
    for (vaddr_t page = at & ~(PAGE_SIZE - 1); page < at + bytes; page += PAGE_SIZE)
        if (!space_pointer(space, page, PROT_WRITE))
            return false;
    return true;
}

/* Gives r, whose r12 and r13 say where, as many records as there are and fit: their bytes, or
 * EFAULT, then they are still queued. 0: those that were there went away. */
static long records_give(struct scheme *s, struct thread *r)
{
    struct space *space = &r->task->space;
    struct room room = {.thread = r, .address = r->rxbuf, .size = r->rxbuf_size};
    uint64_t done = 0;

    while (r->r13 - done >= sizeof(struct msg) && !queue_empty(s)) {
        struct msg record;
        if (!writable(space, r->r12 + done, sizeof(record)))
            return done ? (long)done : -T_EFAULT;
        if (!record_take(s, &room, &record))
            continue;
        if (space_copy_out(space, r->r12 + done, &record, sizeof(record)))
            return -T_EFAULT; /* cannot be: it was writable */
        done += sizeof(record);
        classic_counts.records++;
    }
    return (long)done;
}

/* Something was queued: a reader that waits gets it and is returned, not yet ready. */
static struct thread *arrived(struct scheme *s)
{
    while (!list_empty(&s->readers) && !queue_empty(s)) {
        struct thread *r = list_entry(s->readers.next, struct thread, link);
        long given = records_give(s, r);
        if (!given)
            break;
        list_remove(&r->link);
        sched_deadline_cancel(r);
        r->frame = FRAME_SYSCALL;
        root_result(r, given, r->r10);
        r->state = THREAD_ACTIVE;
        if (given > 0)
            return r;
        sched_ready(r); /* its buffer is bad: the next one */
    }
    return 0;
}

static void wake(struct scheme *s)
{
    struct thread *r = arrived(s);

    if (r)
        sched_ready(r);
}

void classic_request(struct thread *t, struct scheme *s)
{
    t->wait_task = s->server;
    sched_block(t, THREAD_CALLING);
    list_push_back(&s->requests, &t->link);
    struct thread *r = arrived(s);
    if (r && s->flags & O_HANDOFF)
        ipc_hand_over(r);
    else if (r)
        sched_ready(r);
}

void classic_close(struct scheme *s, struct list *record)
{
    list_push_back(&s->closes, record);
    wake(s);
}

void classic_cancel(struct scheme *s, struct thread *c)
{
    list_push_back(&s->cancels, &c->cancel);
    wake(s);
}

/* ---- answers ---- */

/* Where answers come from: memory of the writer, or the words of a short write. */
struct answers {
    const struct thread *thread;
    vaddr_t address;
    uint64_t bytes;
    uint64_t words[ANSWER_WORDS]; /* address 0: here */
};

static enum err answer_read(const struct answers *from, uint64_t at, void *to, uint64_t n)
{
    if (at > from->bytes || n > from->bytes - at)
        return T_EINVAL;
    if (from->address)
        return space_copy_in(&from->thread->task->space, to, from->address + at, n);
    memcpy(to, (const char *)from->words + at, n);
    return OK;
}

/* One answer as it was read: `words` are there when its result says so. */
struct given {
    uint64_t caller;
    long result;
    bool inside;
    uint64_t words[ANSWER_WORDS];
};

/* The answer in its caller's registers, as a server's message would have left them. */
static void answer_put(struct thread *c, const struct given *a)
{
    bool data = c->call_op == OP_read && !c->buffer_flags && a->result > 0;
    unsigned length = data ? 8 + (unsigned)a->result : 8;

    if (a->result >= 0 && (c->call_op == OP_fcall || c->call_op == OP_fmap))
        length = MSG_INLINE_MAX;
    uint64_t w[ANSWER_WORDS] = {0};
    for (unsigned i = 0; i < (length - 1) / 8; i++)
        w[i] = a->words[i];
    c->rax = 0;
    c->rdi = c->stamp;
    c->rsi = TAG(c->call_op, 0, length, 0);
    c->rdx = (uint64_t)a->result;
    c->r10 = w[0], c->r8 = w[1], c->r9 = w[2], c->r12 = w[3], c->r13 = w[4];
}

/* Words that answer a read into memory go there, as if they had been pushed. */
static enum err words_home(const struct thread *c, const struct given *a)
{
    if (!a->inside || c->call_op != OP_read || !(c->buffer_flags & MSG_IN))
        return OK;
    if ((uint64_t)a->result > c->buffer_size)
        return T_EFAULT;
    return space_copy_out(&c->task->space, c->buffer, a->words, (uint64_t)a->result);
}

/* Gives one answer to its caller, which stays blocked, in *out. EBADFD; EINVAL: more bytes than
 * there is room for. */
static enum err answer_give(struct scheme *s, const struct given *a, struct thread **out)
{
    struct thread *c = ipc_caller(a->caller, s->server);

    if (!c || c->call_scheme != s) {
        capture_late(s->server, a->caller);
        return T_EBADFD;
    }
    bool words = a->inside || !c->buffer_flags;
    if (c->call_op == OP_read && words && a->result > (long)FILE_INLINE_MAX)
        return T_EINVAL;
    answer_put(c, a);
    enum err e = capture_answered(c, a->result > 0 && !a->inside ? (uint64_t)a->result : 0);
    if (!e)
        e = words_home(c, a);
    if (e)
        c->rdx = (uint64_t)-T_EFAULT;
    request_respond(c);
    classic_counts.answers++;
    *out = c;
    return OK;
}

/* The answer that begins at byte `at`, and its bytes. EINVAL: it is not whole. */
static enum err answer_next(const struct answers *from, uint64_t at, struct given *out,
                            uint64_t *bytes)
{
    struct answer a;
    enum err e = answer_read(from, at, &a, sizeof(a));

    *bytes = sizeof(a);
    if (e)
        return e;
    *out = (struct given){.caller = a.caller, .result = a.result};
    out->inside = a.result >= 0 && a.result & ANSWER_INLINE;
    if (!out->inside)
        return OK;
    out->result = a.result & ~ANSWER_INLINE;
    *bytes += sizeof(out->words);
    return answer_read(from, at + sizeof(a), out->words, sizeof(out->words));
}

/* Takes answers up to the first that is none: its error in *error, the bytes before it. All callers
 * but the last answered one, which is in *last, are ready. */
static uint64_t answers_take(struct scheme *s, const struct answers *from, struct thread **last,
                             enum err *error)
{
    uint64_t at = 0, bytes;

    *last = 0;
    *error = OK;
    while (at < from->bytes) {
        struct given a;
        struct thread *c;
        *error = answer_next(from, at, &a, &bytes);
        if (!*error)
            *error = answer_give(s, &a, &c);
        if (*error)
            break;
        if (*last)
            sched_ready(*last);
        *last = c;
        at += bytes;
    }
    return at;
}

/* ---- the root descriptor ---- */

/* Only who serves the scheme talks to it. */
static bool root_mine(struct thread *t, const struct scheme *s)
{
    if (s->server != &task_none && s->server != t->task)
        t->rax = (uint64_t)-T_EPERM;
    return s->server == &task_none || s->server == t->task;
}

/* r12 and r13 of t say where records go; w1 comes back as W1. Blocks if there is nothing: then the
 * caller that was just answered, if there is one, goes on. */
static void records_wait(struct thread *t, struct file *file, uint64_t w1, struct thread *last)
{
    struct scheme *s = file->scheme;
    long given = s->server == &task_none ? 0 : records_give(s, t);
    bool wait = !given && s->server != &task_none;

    if (wait && !(file->flags & O_NONBLOCK)) {
        t->r10 = w1;
        sched_block(t, THREAD_PENDING);
        list_push_back(&s->readers, &t->link);
    } else {
        root_result(t, wait ? -T_EAGAIN : given, w1);
    }
    if (last && s->flags & O_HANDOFF && cpu_this()->current == &thread_none)
        ipc_hand_over(last);
    else if (last)
        sched_ready(last);
}

void classic_read(struct thread *t, struct file *file)
{
    bool buffer = TAG_LENGTH(t->rsi) == MSG_LENGTH_BUFFER;

    if (!root_mine(t, file->scheme))
        return;
    if (t->r10 < t->r13)
        t->r13 = t->r10;
    if (buffer && t->r13 >= sizeof(struct msg))
        records_wait(t, file, 0, 0);
    else
        t->rax = (uint64_t)-T_EINVAL;
}

void classic_write(struct thread *t, struct file *file)
{
    struct scheme *s = file->scheme;
    bool buffer = TAG_LENGTH(t->rsi) == MSG_LENGTH_BUFFER;
    uint64_t inside = TAG_LENGTH(t->rsi) < 8 ? 0 : TAG_LENGTH(t->rsi) - 8u;
    const struct answers from = {.thread = t,
                                 .address = buffer ? t->r12 : 0,
                                 .bytes = buffer ? t->r13 : inside,
                                 .words = {t->r10, t->r8, t->r9, t->r12, t->r13}};
    struct thread *last;
    enum err e;

    if (!root_mine(t, s))
        return;
    if (s->server == &task_none) {
        t->rax = (uint64_t)-T_ENODEV;
        return;
    }
    uint64_t taken = answers_take(s, &from, &last, &e);
    root_result(t, taken ? (long)taken : -(long)e, 0);
    if (!last)
        return;
    if (!(s->flags & O_HANDOFF) || last->priority < t->priority) {
        sched_ready(last);
        return;
    }
    sched_ready_first(t);
    ipc_hand_over(last);
}

void classic_next(struct thread *t, struct file *file)
{
    struct scheme *s = file->scheme;
    const struct answers from = {.thread = t, .address = t->r8, .bytes = t->r9};
    struct thread *last = 0;
    enum err e = OK;

    if (!root_mine(t, s))
        return;
    if (!user_range(t->r8, t->r9) || !user_range(t->r12, t->r13) || (t->r9 && !t->r8)) {
        t->rax = (uint64_t)-T_EFAULT;
        return;
    }
    if (t->r13 < sizeof(struct msg)) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    uint64_t taken = s->server == &task_none ? t->r9 : answers_take(s, &from, &last, &e);
    if (!e) {
        records_wait(t, file, taken, last);
        return;
    }
    root_result(t, -(long)e, taken);
    if (last)
        sched_ready(last);
}

void classic_died(struct scheme *s)
{
    while (!list_empty(&s->readers)) {
        struct thread *r = list_entry(s->readers.next, struct thread, link);
        uint64_t w1 = r->r10;
        ipc_complete(r, 0);
        root_result(r, 0, w1);
    }
    while (!list_empty(&s->closes)) {
        struct list *record = s->closes.next;
        list_remove(record);
        (void)file_close_taken(record);
    }
}

/* SPDX-License-Identifier: MIT
 * Words and payloads of messages. Invariant: whatever a receiver's registers hold afterwards came
 * from the sender's words within its length, from the kernel, or is zero. Lengths and addresses are
 * read once, from the registers saved at entry, so no other thread can change them between check
 * and use. */
#include "kernel/core/message.h"

#include "kernel/core/capture.h"
#include "kernel/core/file.h"
#include "kernel/hal/cpu.h"

static bool has_buffer(const struct thread *t)
{
    return TAG_LENGTH(t->rsi) == MSG_LENGTH_BUFFER;
}

/* Whether every page of [a, a+bytes) can be read in the space. */
static bool readable(const struct space *s, vaddr_t a, uint64_t bytes)
{
    for (vaddr_t page = a & ~(PAGE_SIZE - 1); bytes && page < a + bytes; page += PAGE_SIZE)
        if (!space_pointer(s, page, PROT_READ))
            return false;
    return true;
}

enum err message_check(const struct thread *t)
{
    if (!has_buffer(t))
        return TAG_LENGTH(t->rsi) <= MSG_INLINE_MAX ? OK : T_EINVAL;
    if ((int64_t)t->r13 < 0)
        return T_EINVAL;
    if (t->r13 > MSG_SIZE_MAX)
        return T_E2BIG;
    if (!user_range(t->r12, t->r13))
        return T_EFAULT;
    if ((TAG_FLAGS(t->rsi) & MSG_OUT) && !readable(&t->task->space, t->r12, t->r13))
        return T_EFAULT;
    return OK;
}

void message_buffer(struct thread *t)
{
    t->buffer = t->r12;
    t->buffer_size = has_buffer(t) ? t->r13 : 0;
    t->buffer_flags = has_buffer(t) ? TAG_FLAGS(t->rsi) & (MSG_OUT | MSG_IN) : 0;
}

/* Tag and words from one thread to the other; what lies beyond the length arrives as zero. */
static void words_move(struct thread *to, struct thread *from)
{
    unsigned length = TAG_LENGTH(from->rsi);
    unsigned count = has_buffer(from) ? MSG_WORDS : (length + 7u) / 8u;

    to->rsi = has_buffer(from) ? from->rsi & ~((uint64_t)MSG_TRUNC << 8) : from->rsi;
    to->rdx = count > 0 ? from->rdx : 0;
    to->r10 = count > 1 ? from->r10 : 0;
    to->r8 = count > 2 ? from->r8 : 0;
    to->r9 = count > 3 ? from->r9 : 0;
    to->r12 = count > 4 ? from->r12 : 0;
    to->r13 = count > 5 ? from->r13 : 0;
    if (has_buffer(from) && !(TAG_FLAGS(from->rsi) & MSG_OUT))
        to->r12 = 0; /* an address of the sender's, which the receiver would take for its own */
}

/* Copies the payload that `from`'s W4 and W5 name to the target; *fits says whether it is there
 * now. EFAULT: it cannot be read. Nobody's registers change. */
static enum err payload_move(const struct room *to, const struct thread *from, bool *fits)
{
    uint64_t size = from->r13;
    const struct space_copy copy = {.dst = &to->thread->task->space,
                                    .src = &from->task->space,
                                    .to = to->address,
                                    .from = from->r12,
                                    .bytes = size};

    const struct file *opened =
        from->call_op == OP_open || from->call_op == OP_unlink ? from->call_file : 0;

    if (opened) { /* the path that was checked, not what the client's memory holds by now */
        *fits = size <= to->size && !space_copy_out(copy.dst, copy.to, opened->path, size);
        return OK;
    }
    *fits = size <= to->size && !space_copy(&copy);
    return *fits || readable(&from->task->space, from->r12, size) ? OK : T_EFAULT;
}

/* Tells the receiver where its payload is. One that did not fit stays: address 0 and TRUNC. */
static void payload_say(const struct room *to, uint64_t size, bool fits)
{
    struct thread *r = to->thread;

    r->r12 = fits ? to->address : 0;
    r->r13 = size;
    if (!fits)
        r->rsi |= (uint64_t)MSG_TRUNC << 8;
}

enum err message_deliver(struct thread *r, struct thread *s, bool token)
{
    /* in one space the pointer is good as it is */
    bool payload = has_buffer(s) && (TAG_FLAGS(s->rsi) & MSG_OUT) && r->task != s->task, fits;
    vaddr_t at;
    bool mapped = has_buffer(s) && token && s->call_scheme && capture_make(s, r->task, &at);
    const struct room to = {.thread = r, .address = r->rxbuf, .size = r->rxbuf_size};
    payload &= !mapped;
    enum err e = payload ? payload_move(&to, s, &fits) : OK;

    if (e)
        return e;
    words_move(r, s);
    if (mapped)
        r->r12 = at;
    if (payload)
        payload_say(&to, s->r13, fits);
    bool plain = token && !s->blockers && !s->call_file && !has_buffer(s);
    r->rax = s->call_op ? s->kind_scheme : s->kind_call;
    r->rdi = token ? s->stamp : s->tid;
    r->client = plain ? s : &thread_none;
    r->frame = FRAME_SYSCALL;
    return OK;
}

/* Takes the payload's bytes out of the room; the next one begins at a word. */
static void room_use(struct room *room, uint64_t bytes)
{
    uint64_t used = (bytes + 7) & ~7ull;

    used = used < room->size ? used : room->size;
    room->address += used;
    room->size -= used;
}

enum err message_record(struct msg *out, struct thread *s, struct room *room)
{
    bool payload = has_buffer(s) && TAG_FLAGS(s->rsi) & MSG_OUT, fits = true;
    bool path = s->call_op == OP_open || s->call_op == OP_dup || s->call_op == OP_unlink;
    unsigned count = has_buffer(s) ? MSG_WORDS : (TAG_LENGTH(s->rsi) + 7u) / 8u;
    vaddr_t at = payload ? s->r12 : 0;

    if (has_buffer(s) && !capture_make(s, room->thread->task, &at) && payload &&
        room->thread->task != s->task) {
        enum err e = payload_move(room, s, &fits);
        if (e)
            return e;
        at = fits ? room->address : 0;
        if (fits)
            room_use(room, s->r13);
    }
    *out = (struct msg){.tag = s->rsi & ~((uint64_t)MSG_TRUNC << 8), .caller = s->stamp};
    out->tag |= fits ? 0 : (uint64_t)MSG_TRUNC << 8;
    const uint64_t words[MSG_WORDS] = {s->rdx, s->r10, s->r8, s->r9, s->r12, s->r13};
    for (unsigned i = 0; i < count; i++)
        out->w[i] = words[i];
    if (has_buffer(s))
        out->w[4] = at;
    if (path)
        out->w[3] = s->kind_scheme; /* a record has no other place for who asks */
    return OK;
}

enum err message_reply(struct thread *c, struct thread *t)
{
    struct room to = {.thread = c, .address = c->rxbuf, .size = c->rxbuf_size};
    bool payload = has_buffer(t) && (TAG_FLAGS(t->rsi) & MSG_OUT), fits;

    if (c->buffer_flags & MSG_IN)
        to = (struct room){.thread = c, .address = c->buffer, .size = c->buffer_size};
    enum err e = payload ? payload_move(&to, t, &fits) : OK;
    if (e)
        return e;
    words_move(c, t);
    if (payload)
        payload_say(&to, t->r13, fits);
    c->rax = 0;
    c->rdi = c->stamp;
    return OK;
}

long message_xfer(struct thread *t, struct thread *c)
{
    bool push = t->rsi != 0;
    uint64_t at = t->rdx, bytes = t->r8;

    if (c->capture || !(c->buffer_flags & (push ? MSG_IN : MSG_OUT)))
        return -T_EACCES;
    if (at > c->buffer_size || bytes > c->buffer_size - at)
        return -T_ERANGE;
    if (bytes > MSG_COPY_MAX)
        bytes =
            MSG_COPY_MAX; /* bounds the time with interrupts off; the caller goes on from there */
    struct space_copy copy = {.dst = &c->task->space,
                              .src = &t->task->space,
                              .to = c->buffer + at,
                              .from = t->r10,
                              .bytes = bytes};
    if (!push)
        copy = (struct space_copy){.dst = &t->task->space,
                                   .src = &c->task->space,
                                   .to = t->r10,
                                   .from = c->buffer + at,
                                   .bytes = bytes};
    if (!user_range(t->r10, bytes) || !user_range(c->buffer + at, bytes))
        return -T_EFAULT;
    return space_copy(&copy) ? -T_EFAULT : (long)bytes;
}

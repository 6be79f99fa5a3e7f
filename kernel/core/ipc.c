/* SPDX-License-Identifier: MIT
 * call, reply, reply_wait: a request is its blocked caller, a reply finds it by the word that the
 * server was handed. Everything goes the same way here: the message is queued at the mailbox, then
 * a receiver, if one waits, takes the oldest thing of the mailbox. See ipc.h for the contract with
 * the assembly. */
#include "kernel/core/ipc.h"

#include "kernel/core/capture.h"
#include "kernel/core/donate.h"
#include "kernel/core/file.h"
#include "kernel/core/futex.h"
#include "kernel/core/message.h"
#include "kernel/core/request.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

#define DEADLOCK_HOPS 8u

void ipc_disclaim(const struct thread *c)
{
    const struct task *server = c->wait_task;

    if (!server || !server->threads.next)
        return;
    for (struct list *l = server->threads.next; l != &server->threads; l = l->next) {
        struct thread *t = list_entry(l, struct thread, siblings);
        if (t->client == c)
            t->client = &thread_none;
    }
}

struct thread *ipc_caller(uint64_t word, const struct task *server)
{
    struct thread *c = threads[(word >> 32) & TID_SLOT_MASK];

    if (c->stamp != word || c->wait_task != server || !list_empty(&c->link))
        return 0;
    return thread_status(c) == THREAD_CALLING ? c : 0;
}

void ipc_hand_over(struct thread *r)
{
    const struct cpu *cpu = cpu_this();

    if (!cpu->ready_bits || r->priority >= 31u - (unsigned)__builtin_clz(cpu->ready_bits))
        sched_switch_to(r);
    else
        sched_ready(r);
}

/* Queues the current thread at the mailbox and blocks it; a waiting receiver takes over. */
static void enqueue_and_block(struct thread *t, struct task *target, enum thread_state state)
{
    t->state = (uint8_t)state;
    t->wait_task = target;
    donate_enqueue(target, t);
    struct thread *r = mailbox_arrived(target);
    if (state == THREAD_SENDING && list_empty(&t->link)) { /* taken already: rendezvous done */
        t->wait_task = 0;
        t->state = THREAD_ACTIVE;
        sched_ready(r);
        return;
    }
    sched_block(t, state);
    if (r)
        ipc_hand_over(r);
}

void ipc_request(struct thread *t, struct task *server)
{
    enqueue_and_block(t, server, THREAD_CALLING);
}

/* Whom a mailbox hears: everyone up to its level, and its family. */
static bool may_address(const struct task *from, const struct task *to)
{
    return from->level <= to->allow || !from->level || from == to || from->tid == to->parent ||
           from->parent == to->tid;
}

struct task *ipc_target(struct thread *t)
{
    struct task *target = task_find((uint32_t)t->rdi);

    t->rax = 0;
    if (!target || target == &task_kernel)
        t->rax = (uint64_t)-T_ESRCH;
    else if (!may_address(t->task, target))
        t->rax = (uint64_t)-T_EPERM;
    return t->rax ? 0 : target;
}

/* The task that every thread of `task` but t waits for without a deadline, or 0. */
static const struct task *waits_for(const struct task *task, const struct thread *t)
{
    const struct task *next = 0;

    for (struct list *l = task->threads.next; l != &task->threads; l = l->next) {
        const struct thread *w = list_entry(l, struct thread, siblings);
        enum thread_state state = thread_status(w);
        if (w == t)
            continue;
        if ((state != THREAD_CALLING && state != THREAD_SENDING) || w->timeout_ticks)
            return 0;
        next = w->wait_task;
    }
    return next;
}

/* Whether t, waiting for target, would wait for itself: nobody in the chain could ever go on. */
static bool would_deadlock(const struct thread *t, const struct task *target)
{
    const struct task *at = target;
    bool awaited = target->waiter != &thread_none && target->waiter != &thread_slow;

    if (awaited || t->timeout_ticks)
        return false;
    for (unsigned hops = 0; at && hops < DEADLOCK_HOPS; hops++) {
        if (at == t->task)
            return at->thread_count == 1 || waits_for(at, t) != 0;
        at = waits_for(at, 0);
    }
    return false;
}

static struct task *message_target(struct thread *t)
{
    enum err e = message_check(t);
    struct task *target = ipc_target(t);

    if (!target)
        return 0;
    if (!e && would_deadlock(t, target))
        e = T_EDEADLK;
    if (e)
        t->rax = (uint64_t) - (long)e;
    return e ? 0 : target;
}

void ipc_call(struct thread *t)
{
    struct task *target = message_target(t);

    if (!target)
        return;
    t->call_op = 0;
    t->call_scheme = 0;
    message_buffer(t);
    ipc_request(t, target);
}

void ipc_send(struct thread *t)
{
    struct task *target = message_target(t);

    if (!target)
        return;
    t->call_op = 0;
    enqueue_and_block(t, target, THREAD_SENDING);
}

void ipc_complete(struct thread *t, long result)
{
    list_remove(&t->cancel);
    ipc_unlink(t);
    sched_deadline_cancel(t);
    request_end(t);
    t->wait_task = 0;
    t->again = 0;
    t->buffer_flags = 0;
    t->frame = FRAME_SYSCALL;
    t->rax = (uint64_t)result;
    sched_ready(t);
}

/* A payload of the reply itself went to the buffer already; else W0 counts what the server put
 * there.
 */
static void mapping_ends(struct thread *c, const struct thread *t)
{
    bool inside = TAG_LENGTH(t->rsi) != MSG_LENGTH_BUFFER && (long)c->rdx > 0;

    if (capture_answered(c, inside ? c->rdx : 0))
        c->rdx = (uint64_t)-T_EFAULT;
}

/* Gives the reply in t's registers to its caller, which stays blocked; the caller in *out.
 * EBADFD: no such caller, EFAULT or EINVAL: the reply's own payload is bad and the caller still
 * waits. */
static enum err reply_give(struct thread *t, struct thread **out)
{
    struct thread *c = ipc_caller(t->rdi, t->task);
    enum err e = message_check(t);

    if (!c) {
        capture_late(t->task, t->rdi);
        return T_EBADFD;
    }
    if (!e)
        e = message_reply(c, t);
    if (e)
        return e;
    if (c->capture)
        mapping_ends(c, t);
    request_respond(c);
    t->client = &thread_none;
    *out = c;
    return OK;
}

void ipc_reply(struct thread *t)
{
    struct thread *c = 0;
    enum err e = reply_give(t, &c);

    t->rax = (uint64_t) - (long)e;
    if (!e)
        sched_ready(c);
}

/* Takes something from the mailbox, or blocks t as a receiver. */
static void receive_or_block(struct thread *t, struct thread *next)
{
    struct task *task = t->task;

    if (mailbox_take(task, t)) {
        mailbox_refresh(task);
        if (next)
            sched_ready(next);
        return;
    }
    t->wait_task = 0;
    sched_block(t, THREAD_RECEIVING);
    list_push_back(&task->receivers, &t->link);
    mailbox_refresh(task);
    if (next)
        ipc_hand_over(next);
}

void ipc_reply_wait(struct thread *t)
{
    struct thread *c = 0;
    enum err e = t->rdi ? reply_give(t, &c) : OK;

    if (e) {
        t->rax = (uint64_t) - (long)e;
        return;
    }
    receive_or_block(t, c);
}

void ipc_receive(struct thread *t)
{
    receive_or_block(t, 0);
}

void ipc_recv(struct thread *t)
{
    if (!mailbox_take(t->task, t))
        t->rax = (uint64_t)-T_EAGAIN;
    mailbox_refresh(t->task);
}

void ipc_wait(struct thread *t)
{
    int kind = mailbox_kind(t->task);

    if (kind >= 0) {
        t->rax = (uint64_t)kind;
        return;
    }
    t->wait_task = 0;
    sched_block(t, THREAD_WAITING);
    list_push_back(&t->task->waiting, &t->link);
}

void ipc_xfer(struct thread *t)
{
    struct thread *c = ipc_caller(t->rdi, t->task);

    t->rax = (uint64_t)(c ? message_xfer(t, c) : -T_EBADFD);
}

void ipc_unlink(struct thread *t)
{
    struct task *task = t->task;
    struct task *peer = t->wait_task;

    if (task->waiter == t)
        task->waiter = &thread_none;
    if (!list_empty(&t->link))
        list_remove(&t->link);
    if (t->futex_frame)
        futex_forget(t);
    mailbox_refresh(task);
    if (peer)
        mailbox_refresh(peer);
}

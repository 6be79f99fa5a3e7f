/* SPDX-License-Identifier: MIT
 * See request.h. Whatever ends a call goes through request_revoke first, so a token that was handed
 * out is spent before anything of the caller changes. */
#include "kernel/core/request.h"

#include "kernel/core/capture.h"
#include "kernel/core/classic.h"
#include "kernel/core/donate.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/message.h"
#include "kernel/core/place.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

void request_revoke(struct thread *c)
{
    ipc_disclaim(c);
    donate_end(c);
    c->stamp += STAMP_STEP;
    c->buffer_size = 0;
    c->buffer_flags = 0;
    if (!list_empty(&c->cancel)) {
        list_remove(&c->cancel);
        mailbox_refresh(c->wait_task);
    }
}

long request_result(const struct thread *c)
{
    long result = (long)c->rdx;

    if (result == -T_ECANCELED && c->blockers & BLOCK_CANCEL)
        return -T_EINTR;
    return request_error(result);
}

void request_respond(struct thread *c)
{
    sched_deadline_cancel(c);
    request_revoke(c);
    c->wait_task = 0;
    c->frame = FRAME_SYSCALL;
    if (c->call_file)
        file_reply(c);
    else if (c->blockers & BLOCK_CANCEL || c->call_scheme)
        c->rdx = (uint64_t)request_result(c);
    request_end(c);
}

void request_end(struct thread *c)
{
    c->call_scheme = 0;
    capture_orphan(c);
    if (!(c->blockers & BLOCK_CANCEL))
        return;
    c->blockers &= (uint8_t)~BLOCK_CANCEL;
    sched_gate(c);
}

void request_leave(struct thread *c)
{
    struct scheme *s = c->call_scheme;
    uint64_t word = c->stamp;
    bool kept = thread_status(c) == THREAD_PENDING && s && scheme_linked(s);

    request_revoke(c);
    if (kept && s->svc.ops->cancel)
        s->svc.ops->cancel(&s->svc, word);
}

void request_abort(struct thread *c, long result)
{
    request_leave(c); /* first: what file_abandon closes may answer those who wait there */
    if (c->call_file)
        file_abandon(c);
    ipc_complete(c, result);
}

/* The server of c's request, which it has taken, hears that c wants out: once. */
static void cancel_tell(struct thread *c)
{
    struct task *server = c->wait_task;

    if (c->call_scheme && c->call_scheme->flags & O_CLASSIC) {
        classic_cancel(c->call_scheme, c);
        return;
    }
    list_push_back(&server->cancels, &c->cancel);
    struct thread *r = mailbox_arrived(server);
    if (r)
        sched_ready(r);
}

static void cancel(struct thread *c)
{
    const struct scheme *s = c->call_scheme;

    if (c->blockers & BLOCK_CANCEL)
        return;
    c->blockers |= BLOCK_CANCEL;
    sched_gate(c);
    if (c->wait_task)
        cancel_tell(c);
    else if (s && scheme_linked(s) && s->svc.ops->cancel)
        s->svc.ops->cancel((struct svc *)&s->svc, c->stamp);
}

void request_interrupt(struct thread *t)
{
    switch (thread_status(t)) {
    case THREAD_CALLING:
    case THREAD_PENDING:
        if (list_empty(&t->link))
            cancel(t);
        else
            request_abort(t, -T_EINTR);
        break;
    case THREAD_SLEEPING:
    case THREAD_SENDING:
    case THREAD_RECEIVING:
    case THREAD_WAITING:
    case THREAD_CHILD:
    case THREAD_FUTEX:
    case THREAD_IRQ:
        ipc_complete(t, -T_EINTR);
        break;
    default:
        break;
    }
}

void ipc_timeout(struct thread *t)
{
    switch (thread_status(t)) {
    case THREAD_CALLING:
    case THREAD_PENDING:
        if (!place_expired(t))
            request_abort(t, -T_ETIMEDOUT);
        break;
    case THREAD_SLEEPING:
        ipc_complete(t, 0);
        break;
    case THREAD_SENDING:
    case THREAD_RECEIVING:
    case THREAD_WAITING:
    case THREAD_CHILD:
    case THREAD_FUTEX:
    case THREAD_IRQ:
        ipc_complete(t, -T_ETIMEDOUT);
        break;
    default:
        break;
    }
}

/* One thread that may wait for the dying task. */
static void waiter_released(struct thread *t, const struct task *dead)
{
    if (t == &thread_none || t->wait_task != dead || t->task == dead)
        return;
    switch (thread_status(t)) {
    case THREAD_CALLING:
        request_abort(t, -T_ENODEV);
        break;
    case THREAD_SENDING:
        ipc_complete(t, -T_ESRCH);
        break;
    default: /* answered by the fast path, which leaves this behind: the block will be another's */
        t->wait_task = 0;
        break;
    }
}

void ipc_task_died(struct task *task)
{
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        waiter_released(threads[i], task);
}

/* Whether c waits for an answer of scheme s. What the fast path sent has no mark; what lies in a
 * queue came by way of C, its descriptor is still in its registers. */
static bool asks(const struct thread *c, const struct scheme *s, const struct task *server)
{
    if (c->call_scheme || list_empty(&c->link) || c->wait_task != server || !c->call_op)
        return c->call_scheme == s;
    const struct file *file = fd_file(c->task, c->rdi);
    return file && file->scheme == s;
}

void requests_died(const struct scheme *s, const struct task *server)
{
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        if (threads[i] != &thread_none && thread_status(threads[i]) == THREAD_CALLING &&
            asks(threads[i], s, server))
            request_abort(threads[i], -T_ENODEV);
}

/* SPDX-License-Identifier: MIT
 * Messages with their payload in memory, for the fast path: a call to a task that waits, and the
 * answer to a call when one of the two has a payload, for then C must copy it or end the call's
 * buffer. Invariant: either all stands as the path demands it of short messages, and then the same
 * is done as by ipc.c, payload first; or nothing has changed, and the dispatcher starts over. As on
 * the path `state` and what the receiver will be given stay unwritten. Called by
 * fastpath/entry.asm with the caller's registers saved, interrupts off. */
#include "kernel/core/ipc.h"

#include "kernel/core/message.h"
#include "kernel/core/request.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/upcall.h"

/* Unblocked, better than all that are ready, and the current thread may be left as the path does.
 */
static bool runs_next(const struct thread *next)
{
    return next->fast_prio > cpu_this()->gate;
}

/* Who is in `waiter` hears everyone and has an empty mailbox, so nothing is queued. */
static bool call(struct thread *t)
{
    struct task *target = tasks[(uint32_t)t->rdi & TID_SLOT_MASK];
    struct thread *r = target->waiter;

    if (r->tid != (uint32_t)t->rdi || !runs_next(r) || message_check(t))
        return false;
    t->call_op = 0;
    t->call_scheme = 0;
    if (message_deliver(r, t, true))
        return false;
    message_buffer(t);
    target->waiter = &thread_none;
    t->wait_task = target;
    cpu_this()->current = r;
    return true;
}

/* A description to settle, a mapped payload and lent priorities are ipc.c's alone. */
static bool reply_wait(struct thread *t)
{
    struct task *task = t->task;
    struct thread *c = ipc_caller(t->rdi, task);

    if (!c || !runs_next(c) || task->waiter != &thread_none || c->call_file || c->capture ||
        c->served_by || message_check(t) || message_reply(c, t))
        return false;
    request_respond(c);
    task->waiter = t;
    cpu_this()->current = c;
    return true;
}

bool ipc_memory(struct thread *t)
{
    return (uint32_t)t->rax == SYS_call ? call(t) : reply_wait(t);
}

void ipc_memory_call(struct thread *t)
{
    if (!ipc_memory(t))
        core_syscall(t);
}

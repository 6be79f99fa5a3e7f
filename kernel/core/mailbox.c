/* SPDX-License-Identifier: MIT
 * A task's mailbox: what waits in it and who waits for it. Nothing here allocates: a message in the
 * queue is its blocked sender, a close request lies in its description, notifications are bits of
 * one word, posts have a fixed ring, a wish to cancel lies in the caller. Order of taking:
 * notifications, closes, cancels, posts, then senders, by their priority. */
#include "kernel/core/donate.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/message.h"
#include "kernel/core/place.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

int mailbox_kind(const struct task *task)
{
    if (task->notification)
        return KIND_NOTIFY;
    if (!list_empty(&task->closes))
        return KIND_SCHEME;
    if (!list_empty(&task->cancels))
        return KIND_CANCEL;
    if (task->post_count)
        return KIND_POST;
    if (list_empty(&task->senders))
        return -1;
    return list_entry(task->senders.next, struct thread, link)->call_op ? KIND_SCHEME : KIND_CALL;
}

/* A message that is no thread: everything zero but what is given. */
static void give(struct thread *r, uint64_t kind, uint64_t tag, uint64_t w0)
{
    r->rax = kind;
    r->rdi = 0;
    r->rsi = tag;
    r->rdx = w0;
    r->r10 = r->r8 = r->r9 = r->r12 = r->r13 = 0;
    r->client = &thread_none;
    r->frame = FRAME_SYSCALL;
}

static void give_notification(struct task *task, struct thread *r)
{
    give(r, KIND_NOTIFY, 0, task->notification);
    task->notification = 0;
}

static void give_close(struct task *task, struct thread *r)
{
    struct list *record = task->closes.next;

    list_remove(record);
    give(r, KIND_SCHEME, TAG(OP_close, 0, 8, 0), file_close_taken(record));
}

static void give_cancel(struct task *task, struct thread *r)
{
    struct thread *c = list_entry(task->cancels.next, struct thread, cancel);

    list_remove(&c->cancel);
    give(r, KIND_CANCEL, 0, c->stamp);
}

static void give_post(struct task *task, struct thread *r)
{
    unsigned i = task->post_head;

    give(r, KIND_POST, task->posts[i].tag, 0);
    r->rdi = task->posts[i].sender;
    task->post_head = (i + 1) % POST_SLOTS;
    task->post_count--;
}

/* The oldest sender. False: its payload cannot be read any more; it learns that and is gone. */
static bool give_sender(struct task *task, struct thread *r)
{
    struct thread *s = list_entry(task->senders.next, struct thread, link);
    bool call = s->state == THREAD_CALLING;

    list_remove(&s->link);
    if (message_deliver(r, s, call)) {
        if (s->call_file)
            file_abandon(s);
        ipc_complete(s, -T_EFAULT);
        return false;
    }
    if (!call && s != cpu_this()->current)
        ipc_complete(s, 0);
    if (call && r->passive)
        donate_begin(r, s);
    return true;
}

/* Anything but an empty mailbox. */
static __attribute__((noinline)) bool mailbox_give(struct task *task, struct thread *r)
{
    do {
        if (task->notification)
            give_notification(task, r);
        else if (!list_empty(&task->closes))
            give_close(task, r);
        else if (!list_empty(&task->cancels))
            give_cancel(task, r);
        else if (task->post_count)
            give_post(task, r);
        else if (!give_sender(task, r))
            continue; /* letting go of a description may have queued its close */
        return true;
    } while (mailbox_kind(task) >= 0);
    return false;
}

bool mailbox_take(struct task *task, struct thread *r)
{
    return mailbox_kind(task) >= 0 && mailbox_give(task, r);
}

/* r receives, before the others. The fast path may have blocked it, and left unwritten that it
 * waits for nobody any more: out of `waiter` only its state says so. */
static void receiver_push(struct task *task, struct thread *r)
{
    r->state = THREAD_RECEIVING;
    r->wait_task = 0;
    list_push_front(&task->receivers, &r->link);
}

/* Takes a thread in receive out of the queue: the one that the fast path would have chosen first.
 */
static struct thread *receiver_pop(struct task *task)
{
    struct thread *r = task->waiter;

    if (r != &thread_none && r != &thread_slow) {
        task->waiter = &thread_none;
        return r;
    }
    if (list_empty(&task->receivers))
        return 0;
    r = list_entry(task->receivers.next, struct thread, link);
    list_remove(&r->link);
    return r;
}

static void waiting_wake(struct task *task)
{
    if (list_empty(&task->waiting))
        return;
    struct thread *w = list_entry(task->waiting.next, struct thread, link);
    list_remove(&w->link);
    ipc_complete(w, mailbox_kind(task));
}

struct thread *mailbox_arrived(struct task *task)
{
    struct thread *r = receiver_pop(task);

    if (r && !mailbox_take(task, r)) { /* the sender's payload went away: r goes on waiting */
        receiver_push(task, r);
        r = 0;
    }
    if (r) {
        sched_deadline_cancel(r);
        r->state = THREAD_ACTIVE;
    } else {
        waiting_wake(task);
    }
    mailbox_refresh(task);
    return r;
}

void mailbox_refresh(struct task *task)
{
    struct thread *held = task->waiter;

    if (task == &task_none || task == &task_kernel || task == &task_frozen)
        return;
    if (task->passive_count)
        donate_refresh(task);
    if (held != &thread_none && held != &thread_slow) {
        if (!held->blockers && mailbox_kind(task) < 0 && task->allow == LEVELS - 1)
            return;
        receiver_push(task, held);
    }
    task->waiter = &thread_none;
    if (mailbox_kind(task) >= 0 || task->allow < LEVELS - 1) {
        task->waiter = &thread_slow;
        return;
    }
    if (list_empty(&task->receivers))
        return;
    struct thread *r = list_entry(task->receivers.next, struct thread, link);
    if (r->blockers) {
        return;
    }
    list_remove(&r->link);
    task->waiter = r;
}

void ipc_notify_task(struct task *task, uint64_t bits)
{
    if (!bits)
        return;
    task->notification |= bits;
    struct thread *r = mailbox_arrived(task);
    if (r)
        sched_ready(r);
}

void ipc_notify(struct thread *t)
{
    struct task *target = ipc_target(t);

    if (target)
        ipc_notify_task(target, t->rsi);
}

void ipc_post(struct thread *t)
{
    struct task *target = ipc_target(t);

    if (!target)
        return;
    if (target->post_count == POST_SLOTS) {
        t->rax = (uint64_t)-T_EAGAIN;
        return;
    }
    unsigned i = (target->post_head + target->post_count++) % POST_SLOTS;
    target->posts[i].tag = t->rsi;
    target->posts[i].sender = t->tid;
    t->rax = 0;
    struct thread *r = mailbox_arrived(target);
    if (r)
        sched_ready(r);
}

void ipc_close_record(struct task *server, struct list *record)
{
    list_push_back(&server->closes, record);
    struct thread *r = mailbox_arrived(server);
    if (r)
        sched_ready(r);
}

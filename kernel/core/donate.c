/* SPDX-License-Identifier: MIT
 * See donate.h. Invariant: `priority` of a passive thread is the best of its donors and of the
 * first in its task's queue, or its own when there is neither; of others it is their own. Each
 * change is followed along the chain of who waits for whom, at most HOPS far. Passive threads are
 * kept off the fast path by a blocker, so every call that they take, and every end of one, comes by
 * here. */
#include "kernel/core/donate.h"

#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"

#define HOPS 8u

static uint8_t effective(const struct thread *t)
{
    const struct list *queue = &t->task->senders;
    int best = -1;

    if (!t->passive)
        return t->base_priority;
    for (const struct list *l = t->donors.next; l != &t->donors; l = l->next) {
        int lent = list_entry(l, struct thread, donor)->priority;
        best = lent > best ? lent : best;
    }
    if (!list_empty(queue) && list_entry(queue->next, struct thread, link)->priority > best)
        best = list_entry(queue->next, struct thread, link)->priority;
    return best < 0 ? t->base_priority : (uint8_t)best;
}

void donate_enqueue(struct task *task, struct thread *t)
{
    struct list *at = task->senders.prev;

    while (at != &task->senders && list_entry(at, struct thread, link)->priority < t->priority)
        at = at->prev;
    list_insert_after(at, &t->link);
}

static void follow(struct thread *t, unsigned hops);

static void follow_all(struct task *task, unsigned hops)
{
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next) {
        struct thread *t = list_entry(l, struct thread, siblings);
        if (t->passive)
            follow(t, hops);
    }
}

/* t's priority as it must be now; if it changed, that of whom t waits for. */
static void follow(struct thread *t, unsigned hops)
{
    uint8_t now = effective(t);
    enum thread_state state = thread_status(t);

    if (now == t->priority)
        return;
    sched_priority(t, now);
    if (!hops)
        return;
    if (t->served_by) {
        follow(t->served_by, hops - 1);
    } else if ((state == THREAD_CALLING || state == THREAD_SENDING) && !list_empty(&t->link) &&
               t->wait_task) {
        list_remove(&t->link);
        donate_enqueue(t->wait_task, t);
        follow_all(t->wait_task, hops - 1);
    }
}

void donate_refresh(struct task *task)
{
    follow_all(task, HOPS);
}

void donate_begin(struct thread *passive, struct thread *c)
{
    c->served_by = passive;
    list_push_back(&passive->donors, &c->donor);
    follow(passive, HOPS);
}

void donate_end(struct thread *c)
{
    struct thread *passive = c->served_by;

    if (!passive)
        return;
    c->served_by = 0;
    list_remove(&c->donor);
    follow(passive, HOPS);
}

void donate_own(struct thread *t, uint8_t priority)
{
    t->base_priority = priority;
    follow(t, HOPS);
}

/* Its callers lend it nothing from now on. */
static void donors_drop(struct thread *t)
{
    while (!list_empty(&t->donors)) {
        struct thread *c = list_entry(t->donors.next, struct thread, donor);
        c->served_by = 0;
        list_remove(&c->donor);
    }
}

void donate_passive(struct thread *t, bool on)
{
    if (t->passive == on)
        return;
    donors_drop(t);
    t->passive = on;
    t->task->passive_count += on ? 1u : ~0u;
    t->blockers = (uint8_t)(on ? t->blockers | BLOCK_PASSIVE : t->blockers & ~BLOCK_PASSIVE);
    sched_gate(t);
    follow(t, HOPS);
}

void donate_forget(struct thread *t)
{
    donate_end(t);
    if (!t->passive)
        return;
    donors_drop(t);
    t->task->passive_count--;
    t->passive = false;
}

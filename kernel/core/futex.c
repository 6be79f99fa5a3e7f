/* SPDX-License-Identifier: MIT
 * futex: threads that wait for a word, in lists by a hash of what they wait on; a waiter is its
 * TCB. The key of a private wait is the task and the address, that of a shared one the kernel's
 * view of the word (an address above all of user mode, so the two kinds never meet). A shared
 * waiter holds a reference to the frame: it cannot become another's memory, whose waking would find
 * the wrong thread. The word is compared and the thread queued with interrupts off on the one CPU,
 * so no waking falls between. */
#include "kernel/core/futex.h"

#include "kernel/core/calls.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"

#define BUCKETS 256u /* a power of two */
#define WORD    4u

static struct list buckets[BUCKETS];

/* What a thread waits on. */
struct key {
    const struct task *task; /* 0: shared */
    uint64_t at;
};

void futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
}

static struct list *bucket_of(struct key key)
{
    uint64_t at = key.at / WORD;

    return &buckets[(at ^ at >> 10 ^ (key.task ? key.task->tid : 0)) % BUCKETS];
}

static paddr_t frame_of(const void *word)
{
    return ((uint64_t)word - direct_base) & ~(PAGE_SIZE - 1);
}

void futex_forget(struct thread *t)
{
    page_unref(t->futex_frame);
    t->futex_frame = 0;
}

static bool waits_on(const struct thread *w, struct key key)
{
    return w->futex_at == key.at && (!key.task || w->task == key.task);
}

static void waiter_wake(struct thread *w)
{
    list_remove(&w->link);
    if (w->futex_frame)
        futex_forget(w);
    w->rax = 0;
    sched_ready(w);
}

/* Up to `count` waiters of that key, the oldest first; how many there were. */
static long wake(struct key key, uint64_t count)
{
    const struct list *bucket = bucket_of(key);
    struct list *l = bucket->next;
    long woken = 0;

    while (l != bucket && (uint64_t)woken < count) {
        struct thread *w = list_entry(l, struct thread, link);
        l = l->next;
        if (!waits_on(w, key))
            continue;
        waiter_wake(w);
        woken++;
    }
    return woken;
}

/* The oldest waiter of that key, 0: none. */
static inline struct thread *waiter_first(struct key key)
{
    const struct list *bucket = bucket_of(key);

    for (struct list *l = bucket->next; l != bucket; l = l->next)
        if (waits_on(list_entry(l, struct thread, link), key))
            return list_entry(l, struct thread, link);
    return 0;
}

/* Blocks t on the key, until the deadline if that is not 0. */
static inline void wait(struct thread *t, struct key key, uint64_t deadline)
{
    t->rax = 0;
    t->futex_at = key.at;
    t->deadline = deadline;
    list_push_back(bucket_of(key), &t->link);
    sched_block(t, THREAD_FUTEX);
}

/* The reference that a shared wait holds. EAGAIN: too many have one. */
static enum err frame_hold(struct thread *t, const void *word)
{
    paddr_t frame = frame_of(word);

    if (page_refs(frame) > PAGE_REFS_MAX)
        return T_EAGAIN;
    page_ref(frame);
    t->futex_frame = frame;
    return OK;
}

/* OK: t waits. */
static enum err wait_if(struct thread *t, struct key key)
{
    const volatile uint32_t *word = space_look(&t->task->space, t->rdi, PROT_READ);
    uint64_t deadline = t->r10 ? ns_to_ticks(t->r10) : 0;

    if (!word)
        return T_EFAULT;
    if (*word != (uint32_t)t->rdx)
        return T_EAGAIN;
    if (t->r10 && deadline <= hal_tsc())
        return T_ETIMEDOUT;
    if (!key.task) {
        key.at = (uint64_t)word;
        enum err e = frame_hold(t, (const void *)word);
        if (e)
            return e;
    }
    wait(t, key, deadline);
    return OK;
}

static __attribute__((noinline)) void futex_any(struct thread *t)
{
    uint64_t op = t->rsi & ~(uint64_t)FUTEX_PRIVATE;
    struct key key = {.task = t->rsi & FUTEX_PRIVATE ? t->task : 0, .at = t->rdi};

    if (t->rdi % WORD || op > FUTEX_WAKE) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    if (op == FUTEX_WAIT) {
        enum err e = wait_if(t, key);
        if (e)
            t->rax = (uint64_t) - (long)e;
        return;
    }
    if (!key.task)
        key.at = (uint64_t)space_look(&t->task->space, t->rdi, PROT_READ);
    if (!key.at && !key.task)
        t->rax = (uint64_t)-T_EFAULT;
    else
        t->rax = (uint64_t)wake(key, t->rdx);
}

/* Wakes one on a word of t's task. */
static inline void wake_private(struct thread *t)
{
    const struct key key = {.task = t->task, .at = t->rdi};
    struct thread *w = waiter_first(key);

    t->rax = w != 0;
    if (w)
        waiter_wake(w);
}

/* Waits on a word of t's task that is in the page looked at last, for ever. */
static inline void wait_private(struct thread *t)
{
    const struct key key = {.task = t->task, .at = t->rdi};
    const struct space *s = &t->task->space;
    const volatile uint32_t *word = (const void *)(s->window + key.at % PAGE_SIZE);

    if (*word == (uint32_t)t->rdx)
        wait(t, key, 0);
    else
        t->rax = (uint64_t)-T_EAGAIN;
}

/* What most calls are goes by ways of their own, which hold nothing that they do not need. */
void call_futex(struct thread *t)
{
    if (t->rsi == (FUTEX_WAKE | FUTEX_PRIVATE) && t->rdx == 1 && !(t->rdi % WORD))
        wake_private(t);
    else if (t->rsi == (FUTEX_WAIT | FUTEX_PRIVATE) && !t->r10 && !(t->rdi % WORD) &&
             space_seen(&t->task->space, t->rdi, WORD, PROT_READ))
        wait_private(t);
    else
        futex_any(t);
}

void futex_say_ended(struct task *task, vaddr_t at)
{
    const struct key key = {.task = task, .at = at};
    volatile uint32_t *word = at % WORD ? 0 : space_look(&task->space, at, PROT_WRITE);

    if (!word)
        return;
    *word = 1;
    (void)wake(key, THREAD_SLOTS);
}

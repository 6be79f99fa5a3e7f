/* SPDX-License-Identifier: MIT
 * See sync.h. Each word is changed by atomic instructions only, and each sleep names the value that
 * it must not outlive: what changes it in between makes futex answer at once, so nothing is lost.
 */
#include "servers/lib/sync.h"

#include "servers/lib/syscall.h"

#define EVERYBODY 0x7FFFFFFFu

enum mutex_state { FREE, HELD, CONTENDED };
enum once_state { NOT_YET, RUNNING, AWAITED, DONE };

static long sleep_on(uint32_t *word, uint32_t value, uint32_t shared, uint64_t deadline_ns)
{
    return sys_futex(word, FUTEX_WAIT | (shared ? 0 : FUTEX_PRIVATE), value, deadline_ns);
}

static void wake(uint32_t *word, uint32_t count, uint32_t shared)
{
    sys_futex(word, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE), count, 0);
}

/* *word from `from` to `to`; what it was. */
static uint32_t change(uint32_t *word, uint32_t from, uint32_t to)
{
    __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    return from;
}

bool mutex_try(struct mutex *m)
{
    return change(&m->state, FREE, HELD) == FREE;
}

void mutex_lock(struct mutex *m)
{
    if (mutex_try(m))
        return;
    /* Whoever had to sleep takes it as contended: others may sleep too. */
    while (__atomic_exchange_n(&m->state, CONTENDED, __ATOMIC_ACQUIRE) != FREE)
        sleep_on(&m->state, CONTENDED, m->shared, 0);
}

void mutex_unlock(struct mutex *m)
{
    if (__atomic_exchange_n(&m->state, FREE, __ATOMIC_RELEASE) == CONTENDED)
        wake(&m->state, 1, m->shared);
}

bool condition_wait(struct condition *c, struct mutex *m, uint64_t deadline_ns)
{
    uint32_t sequence = __atomic_load_n(&c->sequence, __ATOMIC_ACQUIRE);

    mutex_unlock(m);
    long result = sleep_on(&c->sequence, sequence, c->shared, deadline_ns);
    mutex_lock(m);
    return result != -T_ETIMEDOUT;
}

static void condition_wake(struct condition *c, uint32_t count)
{
    __atomic_add_fetch(&c->sequence, 1, __ATOMIC_RELEASE);
    wake(&c->sequence, count, c->shared);
}

void condition_signal(struct condition *c)
{
    condition_wake(c, 1);
}

void condition_broadcast(struct condition *c)
{
    condition_wake(c, EVERYBODY);
}

static bool semaphore_try(struct semaphore *s)
{
    uint32_t count = __atomic_load_n(&s->count, __ATOMIC_RELAXED), seen = count;

    while (count && (seen = change(&s->count, count, count - 1)) != count)
        count = seen;
    return count != 0;
}

bool semaphore_take(struct semaphore *s, uint64_t deadline_ns)
{
    long result = 0;

    if (semaphore_try(s))
        return true;
    __atomic_add_fetch(&s->waiting, 1, __ATOMIC_SEQ_CST);
    bool taken = semaphore_try(s);
    while (!taken && result != -T_ETIMEDOUT) {
        result = sleep_on(&s->count, 0, s->shared, deadline_ns);
        taken = semaphore_try(s);
    }
    __atomic_sub_fetch(&s->waiting, 1, __ATOMIC_SEQ_CST);
    return taken;
}

void semaphore_give(struct semaphore *s)
{
    __atomic_add_fetch(&s->count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&s->waiting, __ATOMIC_SEQ_CST))
        wake(&s->count, 1, s->shared);
}

void once_run(struct once *o, void (*run)(void))
{
    uint32_t state = change(&o->state, NOT_YET, RUNNING);

    if (state == NOT_YET) {
        run();
        if (__atomic_exchange_n(&o->state, DONE, __ATOMIC_ACQ_REL) == AWAITED)
            wake(&o->state, EVERYBODY, 0);
        return;
    }
    while (state != DONE) {
        if (state == AWAITED || change(&o->state, RUNNING, AWAITED) == RUNNING)
            sleep_on(&o->state, AWAITED, 0, 0);
        state = __atomic_load_n(&o->state, __ATOMIC_ACQUIRE);
    }
}

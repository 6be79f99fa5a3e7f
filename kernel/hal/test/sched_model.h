/* SPDX-License-Identifier: MIT
 * A model of the scheduler that keeps each queue as a plain array, the checks of everything that
 * must be true when a thread runs, and a clock that brings the timer's interrupts. The tests of the
 * scheduler include it once; they tell the model what they do, and leave() compares. */
#ifndef TACH_HAL_TEST_SCHED_MODEL_H
#define TACH_HAL_TEST_SCHED_MODEL_H

#include <string.h>

#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/trap.h"
#include "traces/test/check.h"

#define THREADS 24u
#define TICKS   4000ull /* of a slice: the clock runs at 1 MHz */

static struct thread *pool[THREADS];

/* The model: who is where. */
static struct thread *queue[READY_LEVELS][THREADS];
static unsigned queue_length[READY_LEVELS];
static struct thread *running; /* 0: stopped */
static uint64_t deadline_of[THREADS];
static uint64_t last_tick_deadline, ticks_seen;

static inline unsigned index_of(const struct thread *t)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (pool[i] == t)
            return i;
    return THREADS;
}

static inline void model_push(struct thread *t, bool first)
{
    struct thread **q = queue[t->priority];
    unsigned n = queue_length[t->priority]++;
    if (first)
        memmove(q + 1, q, n * sizeof(*q));
    q[first ? 0 : n] = t;
    deadline_of[index_of(t)] = 0;
}

static inline void model_take(const struct thread *t)
{
    struct thread **q = queue[t->priority];
    unsigned n = queue_length[t->priority], i = 0;
    while (i < n && q[i] != t)
        i++;
    if (!CHECK(i < n))
        return;
    memmove(q + i, q + i + 1, (n - i - 1) * sizeof(*q));
    queue_length[t->priority]--;
}

static inline int model_best(void)
{
    int p = READY_LEVELS - 1;
    while (p >= 0 && !queue_length[p])
        p--;
    return p;
}

static inline bool model_ready(const struct thread *t)
{
    for (unsigned i = 0; i < queue_length[t->priority]; i++)
        if (queue[t->priority][i] == t)
            return true;
    return false;
}

static inline bool blocked(const struct thread *t)
{
    return t != running && !model_ready(t);
}

static inline void tick_wakes(struct thread *t)
{
    unsigned i = index_of(t);
    HOLD(deadline_of[i] && deadline_of[i] <= mock_tsc && deadline_of[i] >= last_tick_deadline);
    HOLD(list_empty(&t->timer));
    last_tick_deadline = deadline_of[i];
    ticks_seen++;
    HOLD(blocked(t));
    sched_ready(t);
    model_push(t, false);
}

/* Time jumps to the next interrupt of the timer, as HLT does. */
static inline void idle_sleeps(void)
{
    HOLD(mock_cpu.current == &thread_none);
    HOLD(mock_timer != 0);
    if (mock_timer > mock_tsc)
        mock_tsc = mock_timer;
    mock_timer = 0;
    last_tick_deadline = 0;
    sched_timer();
}

static inline void start(unsigned threads_made)
{
    hal_config.tsc_hz = 1000000;
    mock_tsc = 1;
    mock_timer = mock_timer_calls = 0;
    mock_idle = idle_sleeps;
    mock_tick = tick_wakes;
    mock_core_idle = 0;
    sched_init();
    memset(queue_length, 0, sizeof(queue_length));
    memset(deadline_of, 0, sizeof(deadline_of));
    running = 0;
    for (unsigned i = 0; i < THREADS; i++)
        pool[i] = 0;
    for (unsigned i = 0; i < threads_made; i++)
        HOLD_EQ(thread_alloc(&pool[i]), OK);
}

static inline void finish(void)
{
    for (unsigned i = 0; i < THREADS && pool[i]; i++)
        thread_free(pool[i]);
    HOLD_EQ(mock_cpu.ready_bits, 0);
    HOLD(list_empty(&mock_cpu.deadlines));
}

static inline void queues_check(void)
{
    for (unsigned p = 0; p < READY_LEVELS; p++) {
        unsigned i = 0;
        const struct list *head = &mock_cpu.ready[p];
        for (struct list *l = head->next; l != head && i < THREADS; l = l->next, i++)
            HOLD(list_entry(l, struct thread, link) == queue[p][i] && l->next->prev == l);
        HOLD_EQ(i, queue_length[p]);
        HOLD_EQ(mock_cpu.ready_bits >> p & 1, queue_length[p] != 0);
    }
}

static inline void timer_check(uint64_t timer_before)
{
    uint64_t first = 0, now = mock_tsc;
    for (unsigned i = 0; i < THREADS; i++)
        if (deadline_of[i] && (!first || deadline_of[i] < first))
            first = deadline_of[i];
    bool equal = model_best() == running->priority;
    HOLD(!first || (mock_timer && mock_timer <= first));
    HOLD(!equal || (mock_timer && mock_timer <= now + TICKS));
    if (!first && model_best() < 0) /* nobody wants it: it is off, or still what it was */
        HOLD(!mock_timer || mock_timer == timer_before);
}

/* Leaves the kernel, and checks who runs and all that must be true in user mode. */
static inline void leave(void)
{
    bool over = mock_cpu.odd & ODD_RESCHED;
    uint64_t timer = mock_timer;
    struct thread *before = running, *got = sched_leave();
    int best = model_best();
    HOLD(index_of(got) < THREADS);
    if (before && got != before) {
        /* out for a better one, or since its slice ended while an equal waited */
        HOLD(best > before->priority || (best == before->priority && over));
        model_push(before, best > before->priority);
    }
    best = model_best();
    if (got != before && got != queue[best][0]) {
        /* the first in the queue had been put back there in a slice that is over since */
        HOLD(over);
        struct thread *first = queue[best][0];
        model_take(first);
        model_push(first, false);
    }
    if (got != before) {
        HOLD(best >= 0 && queue[best][0] == got);
        model_take(got);
    }
    running = got;
    HOLD(mock_cpu.current == got);
    HOLD_EQ(got->state, THREAD_ACTIVE);
    HOLD(model_best() <= got->priority);
    HOLD_EQ(mock_cpu.gate, got->blockers || mock_cpu.odd & ODD_RESCHED ? 255 : model_best() + 1);
    queues_check();
    timer_check(timer);
}

static inline void spend(uint64_t ticks)
{
    while (ticks) {
        uint64_t part = ticks;
        if (mock_timer && mock_timer < mock_tsc + ticks)
            part = mock_timer > mock_tsc ? mock_timer - mock_tsc : 0;
        mock_tsc += part;
        ticks -= part;
        if (!mock_timer || mock_timer > mock_tsc)
            continue;
        mock_timer = 0;
        last_tick_deadline = 0;
        sched_timer();
        leave();
    }
}

#endif

/* SPDX-License-Identifier: MIT
 * The scheduler against its model: a million random wakes, blocks, yields, hand-overs, deadlines,
 * and what the assembly path does behind C's back. */
#include "kernel/hal/test/sched_model.h"

#define STEPS 1000000u

static struct thread *random_thread(bool (*want)(const struct thread *))
{
    unsigned first = (unsigned)mock_random(THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        if (want(pool[(first + i) % THREADS]))
            return pool[(first + i) % THREADS];
    return 0;
}

static void step_block(void)
{
    unsigned i = index_of(running);
    switch (mock_random(3)) {
    case 0:
        running->timeout_ticks = 1 + mock_random(6000);
        deadline_of[i] = mock_tsc + running->timeout_ticks;
        sched_block(running, THREAD_CALLING);
        running->timeout_ticks = 0;
        break;
    case 1:
        deadline_of[i] = mock_tsc + 1 + mock_random(20000);
        sched_block(running, THREAD_SLEEPING);
        sched_deadline(running, deadline_of[i]);
        break;
    default:
        /* for ever; somebody must stay to wake the others */
        deadline_of[i] = 0;
        sched_block(running, THREAD_RECEIVING);
        if (model_best() < 0) {
            deadline_of[i] = mock_tsc + 50;
            sched_deadline(running, deadline_of[i]);
        }
    }
    CHECK(mock_cpu.current == &thread_none);
    running = 0;
}

/* A call that the assembly path makes: no C at all. */
static void step_fast(void)
{
    struct thread *t = random_thread(blocked);
    if (!t || mock_cpu.gate == 255 || deadline_of[index_of(t)])
        return;
    CHECK_EQ(t->fast_prio, t->blockers ? 0 : t->priority + 1);
    bool notify = mock_random(2);
    if (t->fast_prio <= mock_cpu.gate || (notify && t->fast_prio <= running->fast_prio))
        return;
    struct thread *old = running;
    if (notify) {
        list_push_front(&mock_cpu.ready[old->priority], &old->link);
        mock_cpu.ready_bits |= 1u << old->priority;
        mock_cpu.gate = old->fast_prio;
        model_push(old, true);
    }
    mock_cpu.current = running = t;
    if (!notify && model_best() == t->priority)
        leave(); /* in time, by whatever interrupt comes: C arms the slice */
}

static void step_priority(void)
{
    running->priority = (uint8_t)mock_random(READY_LEVELS);
    running->blockers = mock_random(4) ? 0 : BLOCK_WATCHED;
    sched_gate(running);
    leave();
}

static void step(void)
{
    struct thread *t;
    switch (mock_random(10)) {
    case 0:
    case 1:
        if ((t = random_thread(blocked)) != 0) {
            bool first = mock_random(4) == 0;
            first ? sched_ready_first(t) : sched_ready(t);
            model_push(t, first);
            if (mock_random(2))
                return; /* several in one call */
        }
        break;
    case 2:
    case 3:
        step_block();
        break;
    case 4:
        sched_give_way();
        if (model_best() >= running->priority) {
            model_push(running, false);
            running = 0;
        }
        break;
    case 5:
        if ((t = random_thread(model_ready)) != 0) {
            sched_remove(t, THREAD_RECEIVING);
            model_take(t);
            CHECK_EQ(t->state, THREAD_RECEIVING);
        }
        break;
    case 6:
        if ((t = random_thread(blocked)) != 0) {
            deadline_of[index_of(t)] = 0;
            step_block();
            sched_switch_to(t);
            running = t;
        }
        break;
    case 7:
        leave();
        step_fast();
        return;
    case 8:
        if (mock_random(20) == 0)
            step_priority();
        break;
    default:
        leave();
        spend(mock_random(3000));
        return;
    }
    leave();
}

static void test_random(void)
{
    start(THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        pool[i]->priority = (uint8_t)(mock_random(2) ? 16 + mock_random(3) : mock_random(32));
        sched_ready(pool[i]);
        model_push(pool[i], false);
    }
    leave();
    for (unsigned i = 0; i < STEPS; i++)
        step();
    CHECK(ticks_seen > 1000);
    finish();
}

int main(void)
{
    CHECK_EQ(page_init(mock_memory(64)), OK);
    test_random();
    return check_end("hal_sched");
}

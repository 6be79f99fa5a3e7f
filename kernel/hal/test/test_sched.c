/* SPDX-License-Identifier: MIT
 * The scheduler against a model that keeps each queue as a plain array: a million random wakes,
 * blocks, yields, hand-overs, deadlines, and what the assembly path does behind C's back. Then the
 * promises one by one: slices shared fairly whatever the threads do to each other, no timer when it
 * is not needed, deadlines in order. Time is the mock's. */
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/test/mock.h"
#include "kernel/hal/trap.h"
#include "traces/test/check.h"

#define THREADS 24u
#define STEPS   1000000u
#define TICKS   4000ull /* of a slice: the clock runs at 1 MHz */

static struct thread *pool[THREADS];

/* The model: who is where. */
static struct thread *queue[READY_LEVELS][THREADS];
static unsigned queue_length[READY_LEVELS];
static struct thread *running; /* 0: stopped */
static uint64_t deadline_of[THREADS];
static uint64_t last_tick_deadline, ticks_seen;

static unsigned index_of(const struct thread *t)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (pool[i] == t)
            return i;
    return THREADS;
}

static void model_push(struct thread *t, bool first)
{
    struct thread **q = queue[t->priority];
    unsigned n = queue_length[t->priority]++;
    if (first)
        memmove(q + 1, q, n * sizeof(*q));
    q[first ? 0 : n] = t;
    deadline_of[index_of(t)] = 0;
}

static void model_take(const struct thread *t)
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

static int model_best(void)
{
    int p = READY_LEVELS - 1;
    while (p >= 0 && !queue_length[p])
        p--;
    return p;
}

static bool model_ready(const struct thread *t)
{
    for (unsigned i = 0; i < queue_length[t->priority]; i++)
        if (queue[t->priority][i] == t)
            return true;
    return false;
}

static bool blocked(const struct thread *t)
{
    return t != running && !model_ready(t);
}

static void tick_wakes(struct thread *t)
{
    unsigned i = index_of(t);
    CHECK(deadline_of[i] && deadline_of[i] <= mock_tsc && deadline_of[i] >= last_tick_deadline);
    CHECK(list_empty(&t->timer));
    last_tick_deadline = deadline_of[i];
    ticks_seen++;
    CHECK(blocked(t));
    sched_ready(t);
    model_push(t, false);
}

/* Time jumps to the next interrupt of the timer, as HLT does. */
static void idle_sleeps(void)
{
    CHECK(mock_cpu.current == &thread_none);
    CHECK(mock_timer != 0);
    if (mock_timer > mock_tsc)
        mock_tsc = mock_timer;
    mock_timer = 0;
    last_tick_deadline = 0;
    sched_timer();
}

static void start(unsigned threads_made)
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
        CHECK_EQ(thread_alloc(&pool[i]), OK);
}

static void finish(void)
{
    for (unsigned i = 0; i < THREADS && pool[i]; i++)
        thread_free(pool[i]);
    CHECK_EQ(mock_cpu.ready_bits, 0);
    CHECK(list_empty(&mock_cpu.deadlines));
}

static void queues_check(void)
{
    for (unsigned p = 0; p < READY_LEVELS; p++) {
        unsigned i = 0;
        const struct list *head = &mock_cpu.ready[p];
        for (struct list *l = head->next; l != head && i < THREADS; l = l->next, i++)
            CHECK(list_entry(l, struct thread, link) == queue[p][i] && l->next->prev == l);
        CHECK_EQ(i, queue_length[p]);
        CHECK_EQ(mock_cpu.ready_bits >> p & 1, queue_length[p] != 0);
    }
}

static void timer_check(void)
{
    uint64_t first = 0, now = mock_tsc;
    for (unsigned i = 0; i < THREADS; i++)
        if (deadline_of[i] && (!first || deadline_of[i] < first))
            first = deadline_of[i];
    bool equal = model_best() == running->priority;
    CHECK(!first || (mock_timer && mock_timer <= first));
    CHECK(!equal || (mock_timer && mock_timer <= now + TICKS));
    if (!first && model_best() < 0)
        CHECK_EQ(mock_timer, 0);
}

/* Leaves the kernel, and checks who runs and all that must be true in user mode. */
static void leave(void)
{
    bool over = mock_cpu.resched;
    struct thread *before = running, *got = sched_leave();
    int best = model_best();
    CHECK(index_of(got) < THREADS);
    if (before && got != before) {
        /* out for a better one, or since its slice ended while an equal waited */
        CHECK(best > before->priority || (best == before->priority && over));
        model_push(before, best > before->priority);
    }
    best = model_best();
    if (got != before && got != queue[best][0]) {
        /* the first in the queue had been put back there in a slice that is over since */
        CHECK(over);
        struct thread *first = queue[best][0];
        model_take(first);
        model_push(first, false);
    }
    if (got != before) {
        CHECK(best >= 0 && queue[best][0] == got);
        model_take(got);
    }
    running = got;
    CHECK(mock_cpu.current == got);
    CHECK_EQ(got->state, THREAD_ACTIVE);
    CHECK(model_best() <= got->priority);
    CHECK_EQ(mock_cpu.gate, got->blockers || mock_cpu.resched ? 255
                            : model_best() < 0                ? 0
                                                              : model_best());
    queues_check();
    timer_check();
}

static void spend(uint64_t ticks)
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
    if (t->fast_prio <= mock_cpu.gate || (notify && t->priority <= running->priority))
        return;
    struct thread *old = running;
    if (notify) {
        list_push_front(&mock_cpu.ready[old->priority], &old->link);
        mock_cpu.ready_bits |= 1u << old->priority;
        mock_cpu.gate = old->priority;
        model_push(old, true);
    }
    mock_cpu.current = running = t;
    if (!notify && model_best() == t->priority)
        leave(); /* in time, by whatever interrupt comes: C arms the slice */
}

static void step_priority(void)
{
    running->priority = (uint8_t)mock_random(READY_LEVELS);
    running->blockers = mock_random(4) ? 0 : BLOCK_KILLED;
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
        sched_yield();
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

/* Scenarios: threads are 0 A, 1 B, ...; used[] is the time that each had. */
static uint64_t used[THREADS];

static void scenario(unsigned count, unsigned priority)
{
    start(count);
    memset(used, 0, sizeof(used));
    for (unsigned i = 0; i < count; i++) {
        pool[i]->priority = (uint8_t)priority;
        sched_gate(pool[i]);
    }
}

static void make_ready(unsigned i)
{
    sched_ready(pool[i]);
    model_push(pool[i], false);
}

/* Lets whoever runs spin, and accounts for it. */
static void spin(uint64_t ticks)
{
    while (ticks) {
        uint64_t part = ticks < 100 ? ticks : 100;
        used[index_of(running)] += part;
        ticks -= part;
        spend(part);
    }
}

static void test_spinners(unsigned count)
{
    scenario(count, 16);
    for (unsigned i = 0; i < count; i++)
        make_ready(i);
    leave();
    spin(count * 100 * TICKS);
    for (unsigned i = 0; i < count; i++)
        CHECK(used[i] > 98 * TICKS && used[i] < 102 * TICKS);
    CHECK(mock_timer_calls < count * 110); /* one for each slice */
    finish();
}

static void test_alone(void)
{
    scenario(2, 16);
    make_ready(0);
    pool[1]->priority = 3;
    make_ready(1); /* a lesser one waits: no reason for a timer either */
    leave();
    spin(1000 * TICKS);
    CHECK_EQ(mock_timer_calls, 0);
    CHECK_EQ(used[0], 1000 * TICKS);
    finish();
}

/* A client and its server take turns every 300 ticks, B spins at the client's priority. */
static void ping_pong(unsigned server_priority, bool fast)
{
    scenario(3, 16);
    pool[2]->priority = (uint8_t)server_priority;
    sched_gate(pool[2]);
    make_ready(0);
    make_ready(1);
    leave();
    for (unsigned i = 0; i < 4000; i++) {
        spin(300);
        struct thread *to = running == pool[0] ? pool[2] : running == pool[2] ? pool[0] : 0;
        if (!to || model_ready(to))
            continue;
        if (fast && to->fast_prio > mock_cpu.gate) {
            mock_cpu.current = running = to;
            continue;
        }
        sched_block(running, THREAD_CALLING);
        sched_switch_to(to);
        running = to;
        leave();
    }
    CHECK(used[1] > 4000 * 300 * 45 / 100 && used[1] < 4000 * 300 * 55 / 100);
    finish();
}

/* A notifies a better thread every 300 ticks, which works 200 and waits again; B spins. */
static void notifier(bool fast)
{
    scenario(3, 16);
    pool[2]->priority = 20;
    sched_gate(pool[2]);
    make_ready(0);
    make_ready(1);
    leave();
    for (unsigned i = 0; i < 4000; i++) {
        spin(300);
        if (running != pool[0])
            continue;
        if (fast && pool[2]->fast_prio > mock_cpu.gate) {
            list_push_front(&mock_cpu.ready[16], &pool[0]->link);
            pool[0]->state = THREAD_READY;
            model_push(pool[0], true);
            mock_cpu.gate = 16;
            mock_cpu.current = running = pool[2];
        } else {
            make_ready(2);
            leave();
        }
        CHECK(running == pool[2]);
        spin(200);
        sched_block(running, THREAD_RECEIVING);
        running = 0;
        leave();
    }
    CHECK(used[1] > used[0] * 9 / 10); /* B has no less than A */
    finish();
}

/* The rest of a slice survives an interruption by a better thread. */
static void test_preemption(void)
{
    scenario(3, 16);
    pool[2]->priority = 20;
    make_ready(0);
    make_ready(1);
    leave();
    spin(3000);
    make_ready(2);
    leave();
    CHECK(running == pool[2]);
    spin(10000);
    sched_block(running, THREAD_SLEEPING);
    running = 0;
    leave();
    CHECK(running == pool[0]);
    spin(999);
    CHECK(running == pool[0]);
    spin(2);
    CHECK(running == pool[1]);
    spin(TICKS - 2);
    CHECK(running == pool[1]);
    spin(10);
    CHECK(running == pool[0]);
    finish();
}

static unsigned deferred;

static bool deferred_work(void)
{
    if (!deferred)
        return false;
    deferred--;
    if (!deferred)
        make_ready(1);
    return true;
}

static void test_idle(void)
{
    scenario(2, 16);
    make_ready(0);
    leave();
    deadline_of[0] = 5000;
    sched_deadline(pool[0], 5000);
    sched_block(pool[0], THREAD_SLEEPING);
    running = 0;
    leave(); /* sleeps until the deadline */
    CHECK(running == pool[0] && mock_tsc == 5000);
    CHECK_EQ(pool[0]->deadline, 0);
    deferred = 3;
    mock_core_idle = deferred_work;
    mock_idle = 0; /* to halt would be a panic */
    sched_block(pool[0], THREAD_RECEIVING);
    running = 0;
    leave();
    CHECK(running == pool[1]);
    CHECK_EQ(deferred, 0);
    finish();
}

/* A wait that ends in another way takes its deadline along. */
static void test_deadline_ends(void)
{
    scenario(2, 16);
    make_ready(0);
    make_ready(1);
    leave();
    pool[0]->timeout_ticks = 100;
    deadline_of[0] = mock_tsc + 100;
    sched_block(pool[0], THREAD_CALLING);
    running = 0;
    CHECK_EQ(pool[0]->deadline, mock_tsc + 100);
    leave();
    CHECK_EQ(mock_timer, mock_tsc + 100);
    make_ready(0);
    CHECK_EQ(pool[0]->deadline, 0);
    ticks_seen = 0;
    leave();
    spin(3 * TICKS);
    CHECK_EQ(ticks_seen, 0);
    finish();
}

static void run_thread(unsigned i)
{
    sched_block(running, THREAD_RECEIVING);
    sched_switch_to(pool[i]);
    running = pool[i];
    leave();
}

static void test_bases(void)
{
    scenario(3, 16);
    make_ready(0);
    leave();
    CHECK_EQ(mock_fs_base, 0);
    pool[1]->fs_base = pool[2]->fs_base = 0x7000;
    pool[2]->watch = 0x5000;
    run_thread(1);
    CHECK_EQ(mock_fs_base, 0x7000);
    mock_fs_base = 1; /* the thread loads its FS selector: its own loss */
    leave();
    CHECK_EQ(mock_fs_base, 1);
    run_thread(2);
    CHECK_EQ(mock_fs_base, 0x7000);
    CHECK_EQ(mock_watch, 0x5000);
    pool[2]->fs_base = 0x8000;
    leave();
    CHECK_EQ(mock_fs_base, 0x8000);
    run_thread(0);
    CHECK_EQ(mock_fs_base, 0);
    CHECK_EQ(mock_watch, 0);
    run_thread(1);
    thread_free(pool[1]); /* while it runs */
    CHECK_EQ(mock_fs_base, 0);
    CHECK(mock_cpu.current == &thread_none);
    running = 0;
    pool[1] = pool[2];
    pool[2] = 0;
    make_ready(0);
    leave();
    CHECK(running == pool[0]);
    finish();
}

/* A thread that ends leaves the queue and the deadlines. */
static void test_forget(void)
{
    scenario(3, 16);
    make_ready(0);
    make_ready(1);
    leave();
    sched_deadline(pool[2], mock_tsc + 10);
    thread_free(pool[2]);
    CHECK(list_empty(&mock_cpu.deadlines));
    model_take(pool[1]);
    thread_free(pool[1]);
    CHECK_EQ(mock_cpu.ready_bits, 0);
    pool[1] = pool[2] = 0;
    leave();
    CHECK(running == pool[0] && mock_timer == 0 && mock_cpu.gate == 0);
    finish();
}

int main(void)
{
    CHECK_EQ(page_init(mock_memory(64)), OK);
    test_spinners(2);
    test_spinners(3);
    test_alone();
    ping_pong(16, false);
    ping_pong(16, true);
    ping_pong(20, false);
    ping_pong(20, true);
    ping_pong(18, true);
    notifier(false);
    notifier(true);
    test_preemption();
    test_idle();
    test_deadline_ends();
    test_bases();
    test_forget();
    test_random();
    return check_end("hal_sched");
}

/* SPDX-License-Identifier: MIT
 * The scheduler's promises one by one: slices shared fairly whatever the threads do to each other,
 * no timer when it is not needed, deadlines that end with their wait, idling, FS bases, threads
 * that go away. */
#include "kernel/hal/test/sched_model.h"

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
            mock_cpu.gate = 17;
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

/* Who has waited begins a whole one, whatever was left of his last. */
static void test_whole(void)
{
    scenario(3, 16);
    pool[2]->priority = 20;
    make_ready(0);
    make_ready(1);
    leave();
    spin(3000);
    make_ready(2);
    leave();
    sched_block(running, THREAD_SLEEPING);
    running = 0;
    leave();
    CHECK(running == pool[0]);
    sched_block(running, THREAD_RECEIVING);
    running = 0;
    leave();
    CHECK(running == pool[1]);
    make_ready(0);
    leave();
    spin(TICKS + 1);
    CHECK(running == pool[0]);
    spin(TICKS - 2);
    CHECK(running == pool[0]);
    spin(10);
    CHECK(running == pool[1]);
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
    pool[1]->blockers = BLOCK_FSBASE;
    pool[2]->blockers = BLOCK_FSBASE | BLOCK_WATCHED;
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
    pool[2]->fs_base = 0; /* a base alone is unloaded, and a watchpoint alone */
    run_thread(2);
    CHECK_EQ(mock_watch, 0x5000);
    run_thread(0);
    CHECK_EQ(mock_watch, 0);
    run_thread(1);
    CHECK_EQ(mock_fs_base, 0x7000);
    run_thread(0);
    CHECK_EQ(mock_fs_base, 0);
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
    CHECK(running == pool[0] && mock_cpu.gate == 0);
    uint64_t calls = mock_timer_calls;
    spin(3 * TICKS);
    CHECK(mock_timer == 0 && mock_timer_calls == calls); /* fired once for nothing */
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
    test_whole();
    test_idle();
    test_deadline_ends();
    test_bases();
    test_forget();
    return check_end("hal_slices");
}

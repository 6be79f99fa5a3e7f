/* SPDX-License-Identifier: MIT
 * Threads of a task and what they wait for: their making and their end, futex with all its errors,
 * across tasks and over memory that goes away, the locks of servers/lib/sync.h. Long runs are
 * test_futex.c's. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/sync.h"
#include "servers/lib/thread.h"

#define PAGE        4096u
#define PRIVATE     FUTEX_PRIVATE
#define THERE       0x70000000ull /* where the child sees the shared page */
#define MANY        500u          /* threads of the crowd, each on a stack of its own: */
#define CROWD_STACK 512u
#define LOCKERS     8u
#define TURNS       400u
#define ITEMS       2000u

static uint32_t word, other;
static volatile unsigned ran;

static long counter(const char *name)
{
    return sysfile_number("sys:counters", name);
}

/* Until that many threads wait on futexes. */
static bool waiters(long want)
{
    for (unsigned i = 0; i < 1000 && counter("futex_waiters") != want; i++)
        sys_yield();
    return CHECK_EQ(counter("futex_waiters"), want);
}

static void count(uint64_t argument)
{
    ran += (unsigned)argument;
}

static void ends(void)
{
    struct user_thread u[4];
    long before = counter("threads");

    SHOWS("T4", "a thread ends alone, is joined, and leaves nothing");
    for (unsigned i = 0; i < 4; i++)
        CHECK(thread_start(&u[i], count, i + 1) > 0);
    for (unsigned i = 0; i < 4; i++)
        thread_join(&u[i]);
    CHECK_EQ(ran, 10);
    CHECK_EQ(counter("threads"), before);
    CHECK_EQ(sys_thread_create(0, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_thread_create(USER_END, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_thread_create(DIRECT_BASE, 0, 0), -T_EINVAL);
    CHECK_EQ(sys_thread_create((uint64_t)count, USER_END + 1, 0), -T_EINVAL);
    CHECK_EQ(guest_wait(guest_child("last", 0)), 7); /* the last thread's status is the task's */
    CHECK_EQ(guest_wait(guest_child("crowd", 0)), 0);
    CHECK_EQ(counter("threads"), before);
}

__attribute__((noreturn)) static void end_later(uint64_t status)
{
    sys_sleep(clock_in(MS));
    sys_exit_thread(status, 0);
}

static void crowd_thread(void)
{
    sys_sleep(~0ull);
    sys_exit(2);
}

/* As many threads as one task may have; how the refusal looks. */
static int crowd_role(void)
{
    char *stacks = guest_memory(MANY * CROWD_STACK + PAGE);
    long made = 0;
    unsigned n = 0;

    while (n < 1000 && made >= 0) {
        uint64_t top = (uint64_t)stacks + (n < MANY ? n + 1 : MANY) * CROWD_STACK - 8;
        made = sys_thread_create((uint64_t)crowd_thread, top, 0);
        n += made >= 0;
    }
    return made == -T_EAGAIN && n == 511 ? 0 : 1;
}

static void errors(void)
{
    SHOWS("T8", "futex: values, addresses, deadlines and operations at their borders");
    word = 5;
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT, 4, 0), -T_EAGAIN);
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT | PRIVATE, 4, 0), -T_EAGAIN);
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT | PRIVATE, 5, 1), -T_ETIMEDOUT);
    uint64_t until = clock_in(2 * MS);
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT | PRIVATE, 5, until), -T_ETIMEDOUT);
    CHECK(sys_clock(CLOCK_NS) >= until);
    until = clock_in(2 * MS);
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT, 5, until), -T_ETIMEDOUT);
    CHECK(sys_clock(CLOCK_NS) >= until);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){MS, 0, 0, 0});
    CHECK_EQ(sys_futex(&word, FUTEX_WAIT, 5, 0), -T_ETIMEDOUT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){0, 0, 0, 0});
    for (unsigned how = 0; how <= PRIVATE; how += PRIVATE) {
        CHECK_EQ(sys_futex((uint32_t *)((char *)&word + 2), FUTEX_WAIT | how, 5, 0), -T_EINVAL);
        CHECK_EQ(sys_futex(&word, 2 | how, 5, 0), -T_EINVAL);
        CHECK_EQ(sys_futex(&word, how | 1ull << 40, 5, 0), -T_EINVAL);
        CHECK_EQ(sys_futex(0, FUTEX_WAIT | how, 0, 0), -T_EFAULT);
        CHECK_EQ(sys_futex((uint32_t *)DIRECT_BASE, FUTEX_WAIT | how, 0, 0), -T_EFAULT);
        CHECK_EQ(sys_futex((uint32_t *)~3ull, FUTEX_WAIT | how, 0, 0), -T_EFAULT);
        CHECK_EQ(sys_futex(&word, FUTEX_WAKE | how, 9, 0), 0);
    }
    CHECK_EQ(sys_futex((uint32_t *)DIRECT_BASE, FUTEX_WAKE, 1, 0), -T_EFAULT);
    CHECK_EQ(sys_futex((uint32_t *)DIRECT_BASE, FUTEX_WAKE | PRIVATE, 1, 0), 0);
}

static uint32_t order[6];
static unsigned order_next;
static volatile long results[6];

static void sleeper(uint64_t i)
{
    results[i] = sys_futex(&word, FUTEX_WAIT | (i & 8 ? 0 : PRIVATE), 5, 0);
    order[__atomic_fetch_add(&order_next, 1, __ATOMIC_RELAXED) % 6] = (uint32_t)i;
}

/* Those from `from` on are awake, and no others. Among themselves a slice may end at any moment. */
static void woken(unsigned from, unsigned until)
{
    uint32_t seen = 0;

    while (__atomic_load_n(&order_next, __ATOMIC_RELAXED) < until)
        sys_yield();
    for (unsigned i = from; i < until; i++)
        seen |= 1u << order[i];
    CHECK_EQ(seen, (1u << until) - (1u << from));
}

/* The oldest first, no more than asked for, nobody of another word or kind. */
static void wakes(void)
{
    struct user_thread u[6];

    SHOWS("T8", "futex wakes the oldest first, as many as asked for, of that word only");
    word = 5;
    for (unsigned i = 0; i < 6; i++) {
        CHECK(thread_start(&u[i], sleeper, i) > 0);
        waiters(i + 1);
    }
    CHECK_EQ(sys_futex(&word, FUTEX_WAKE, 100, 0), 0);
    CHECK_EQ(sys_futex(&other, FUTEX_WAKE | PRIVATE, 100, 0), 0);
    CHECK_EQ(sys_futex(&word, FUTEX_WAKE | PRIVATE, 0, 0), 0);
    CHECK_EQ(sys_futex(&word, FUTEX_WAKE | PRIVATE, 1, 0), 1);
    waiters(5);
    woken(0, 1);
    CHECK_EQ(sys_futex(&word, FUTEX_WAKE | PRIVATE, 2, 0), 2);
    waiters(3);
    woken(1, 3);
    CHECK_EQ(sys_futex(&word, FUTEX_WAKE | PRIVATE, ~0ull, 0), 3);
    woken(3, 6);
    for (unsigned i = 0; i < 6; i++) {
        thread_join(&u[i]);
        CHECK_EQ(results[i], 0);
    }
}

static uint32_t *page;
static volatile long page_result;

static void page_waiter(uint64_t ns)
{
    page_result = sys_futex(page, FUTEX_WAIT, 0, clock_in(ns));
}

/* The page goes while a thread waits on it: its frame is nobody else's until the wait is over. */
static void unmapped(void)
{
    struct user_thread u;
    uint32_t *fresh[64];
    long free, woken = 0;

    SHOWS("T8", "memory that is unmapped under a waiter stays out of use until the wait ends");
    free = sysfile_number("sys:memory", "free_pages");
    page = guest_memory(PAGE);
    *page = 0;
    CHECK(thread_start(&u, page_waiter, 300 * MS) > 0);
    waiters(1);
    CHECK_EQ(sys_munmap((uint64_t)page, PAGE), 0);
    for (unsigned i = 0; i < 64; i++) {
        fresh[i] = guest_memory(PAGE);
        woken += sys_futex(fresh[i], FUTEX_WAKE, 1, 0);
    }
    CHECK_EQ(woken, 0);
    for (unsigned i = 0; i < 64; i++)
        CHECK_EQ(sys_munmap((uint64_t)fresh[i], PAGE), 0);
    thread_join(&u);
    CHECK_EQ(page_result, -T_ETIMEDOUT);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), free);
}

/* A child that waits on memory of ours: woken through it, and killed in it. */
static void between_tasks(void)
{
    uint32_t *shared = guest_memory(PAGE);
    long free = 0;

    SHOWS("T8", "a shared futex works between tasks that map one frame, and dies with its waiter");
    for (unsigned round = 0; round < 3; round++) {
        long tid = guest_child("shared", 0);
        *shared = 0;
        CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_SHARE,
                             (struct taskctl){THERE, PAGE, (uint64_t)shared, PROT_READ}),
                 0);
        CHECK_EQ(sys_notify((uint32_t)tid, 1), 0);
        waiters(1);
        CHECK_EQ(sys_futex(shared, FUTEX_WAKE | PRIVATE, 1, 0), 0);
        if (round < 2) {
            *shared = 1;
            CHECK_EQ(sys_futex(shared, FUTEX_WAKE, 5, 0), 1);
            CHECK_EQ(guest_wait(tid), 42);
        } else {
            CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
            CHECK_EQ(sys_futex(shared, FUTEX_WAKE, 5, 0), 0);
            CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
        }
        if (!round)
            free = sysfile_number("sys:memory", "free_pages");
    }
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), free);
    CHECK_EQ(sys_munmap((uint64_t)shared, PAGE), 0);
}

static int shared_role(void)
{
    struct msg m = {0};

    if (sys_receive(&m) < 0)
        return 1;
    while (*(volatile uint32_t *)THERE == 0)
        if (sys_futex((uint32_t *)THERE, FUTEX_WAIT, 0, 0) < 0)
            return 2;
    return 42;
}

static struct mutex lock;
static volatile uint64_t guarded, bare;
static volatile unsigned inside, wrong;

/* A long critical section, in which others run: by yields and, as it takes long, by the slice. */
static void locker(uint64_t turns)
{
    for (uint64_t i = 0; i < turns; i++) {
        mutex_lock(&lock);
        wrong += inside++ != 0;
        uint64_t seen = guarded;
        if (i % 3 == 0)
            sys_yield();
        for (volatile unsigned spin = 0; spin < 300; spin++)
            ;
        guarded = seen + 1;
        inside--;
        mutex_unlock(&lock);
        uint64_t before = bare;
        if (i % 5 == 0)
            sys_yield();
        bare = before + 1;
    }
}

static void exclusion(void)
{
    struct user_thread u[LOCKERS];

    SHOWS("T8", "8 threads exclude each other by a mutex; without one their updates are lost");
    for (unsigned i = 0; i < LOCKERS; i++)
        CHECK(thread_start(&u[i], locker, TURNS) > 0);
    for (unsigned i = 0; i < LOCKERS; i++)
        thread_join(&u[i]);
    CHECK_EQ(guarded, LOCKERS * TURNS);
    CHECK_EQ(wrong, 0);
    CHECK_EQ(lock.state, 0);
    CHECK(bare < LOCKERS * TURNS);
    CHECK(mutex_try(&lock) && !mutex_try(&lock));
    mutex_unlock(&lock);
}

/* A ring of four, filled and emptied by two threads each, under a mutex and two conditions. */
static struct condition not_full, not_empty;
static unsigned ring[4], ring_used, ring_head, ring_taken;
static volatile uint64_t ring_sum;

static void producer(uint64_t first)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        mutex_lock(&lock);
        while (ring_used == 4)
            condition_wait(&not_full, &lock, 0);
        ring[(ring_head + ring_used++) % 4] = (unsigned)first + i;
        condition_signal(&not_empty);
        mutex_unlock(&lock);
    }
}

static void consumer(uint64_t items)
{
    while (items) {
        mutex_lock(&lock);
        while (!ring_used && ring_taken < 2 * ITEMS)
            condition_wait(&not_empty, &lock, 0);
        items = ring_taken < 2 * ITEMS;
        if (items) {
            ring_sum += ring[ring_head];
            ring_head = (ring_head + 1) % 4;
            ring_used--;
            if (++ring_taken == 2 * ITEMS)
                condition_broadcast(&not_empty);
            condition_signal(&not_full);
        }
        mutex_unlock(&lock);
    }
}

static struct semaphore permits;
static volatile unsigned permits_taken;

static void taker(uint64_t n)
{
    while (n--) {
        CHECK(semaphore_take(&permits, 0));
        permits_taken++;
    }
}

static struct once once;
static volatile unsigned once_count, once_seen;

static void once_body(void)
{
    sys_sleep(clock_in(MS));
    once_count++;
}

static void once_user(uint64_t argument)
{
    (void)argument;
    once_run(&once, once_body);
    once_seen += once_count;
}

static void locks(void)
{
    struct user_thread u[4];

    SHOWS("T8", "condition, semaphore and once on top of futex");
    for (unsigned i = 0; i < 4; i++)
        CHECK(thread_start(&u[i], i < 2 ? producer : consumer, i < 2 ? i * ITEMS : 1) > 0);
    for (unsigned i = 0; i < 4; i++)
        thread_join(&u[i]);
    CHECK_EQ(ring_sum, (uint64_t)ITEMS * (2 * ITEMS - 1));
    mutex_lock(&lock);
    CHECK(!condition_wait(&not_empty, &lock, clock_in(MS)));
    mutex_unlock(&lock);
    CHECK(!semaphore_take(&permits, clock_in(MS)));
    for (unsigned i = 0; i < 3; i++)
        CHECK(thread_start(&u[i], taker, 100) > 0);
    for (unsigned i = 0; i < 300; i++) {
        semaphore_give(&permits);
        if (i % 7 == 0)
            sys_yield();
    }
    for (unsigned i = 0; i < 3; i++)
        thread_join(&u[i]);
    CHECK_EQ(permits_taken, 300);
    CHECK_EQ(permits.count | permits.waiting, 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK(thread_start(&u[i], once_user, 0) > 0);
    for (unsigned i = 0; i < 4; i++)
        thread_join(&u[i]);
    CHECK_EQ(once_count, 1);
    CHECK_EQ(once_seen, 4);
}

static void levels(void)
{
    SHOWS("T39", "threads have their task's level, which is never lowered");
    CHECK_EQ(guest_wait(guest_child("level", 0)), 0);
}

static volatile long level_of_thread, level_tried;

static void level_thread(uint64_t argument)
{
    level_of_thread = sys_self(SELF_LEVEL);
    level_tried = sys_taskctl(0, TASK_LEVEL, (struct taskctl){argument, 0, 0, 0});
}

static int level_role(void)
{
    struct user_thread before, after;
    bool good = sys_self(SELF_LEVEL) == 0;

    if (sys_taskctl(0, TASK_LEVEL, (struct taskctl){9, 0, 0, 0}))
        return 1;
    thread_start(&before, level_thread, 3);
    thread_join(&before);
    good = good && level_of_thread == 9 && level_tried == -T_EPERM && sys_self(SELF_LEVEL) == 9;
    thread_start(&after, level_thread, 12); /* one thread raises the number for all */
    thread_join(&after);
    good = good && level_tried == 0 && sys_self(SELF_LEVEL) == 12;
    return good ? 0 : 2;
}

static int role(const char *name)
{
    if (name[0] == 'l' && name[1] == 'a') {
        guest_thread(end_later, 7);
        sys_exit_thread(1, 0);
    }
    return name[0] == 'c' ? crowd_role() : name[0] == 's' ? shared_role() : level_role();
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return role(argv[1]);
    long threads = 0, timers = 0, free = 0;
    for (unsigned round = 0; round < 2; round++) { /* the first fills the pools of the kernel */
        ran = 0, order_next = 0, guarded = 0, bare = 0, ring_taken = 0, ring_sum = 0;
        permits_taken = once_count = once_seen = 0;
        once = (struct once){0};
        threads = counter("threads"), timers = counter("timers");
        free = sysfile_number("sys:memory", "free_pages");
        ends();
        errors();
        wakes();
        unmapped();
        between_tasks();
        exclusion();
        locks();
        levels();
    }
    SHOWS("T4,T8", "no thread, waiter, timer or page is left");
    CHECK_EQ(counter("threads"), threads);
    CHECK_EQ(counter("futex_waiters"), 0);
    CHECK_EQ(counter("timers"), timers);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), free);
    return guest_end("threads");
}

/* SPDX-License-Identifier: MIT
 * A few tasks of a few threads do anything to each other: messages, files, schemes, duplicates,
 * deadlines, deaths. After each call the invariants of task.h hold; after each round nothing is
 * left: no task, thread, description or scheme, and no frame beyond what the pools keep.
 *
 * usage: test_soak [rounds [seed]] */
#include "kernel/core/request.h"
#include "kernel/core/test/kit.h"
#include "kernel/hal/sched.h"
#include "traces/test/check.h"

#include <stdlib.h>

#define ROUNDS  40u
#define CALLS   3000u
#define THREADS 12u

static struct thread *pool[THREADS];
static unsigned counts[64];

#define random mock_random /* reproducible */

static void forget_dead(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (pool[i] &&
            (threads[pool[i]->slot] != pool[i] || !pool[i]->task || pool[i]->task->dying))
            pool[i] = 0;
}

/* Somebody who can make a call; a dead one's place is filled by a newborn. */
static struct thread *somebody(void)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        struct thread **t = &pool[random(THREADS)];
        if (!*t) {
            const struct thread *sibling = pool[random(THREADS)];
            *t =
                sibling && random(2) ? kit_thread(sibling->task) : kit_task(0, (uint32_t)random(2));
            sched_remove(*t, THREAD_ACTIVE);
            (*t)->priority = (uint8_t)random(17);
            sched_ready(*t);
            continue;
        }
        if (!blocked(*t))
            return *t;
    }
    return 0;
}

static uint64_t some_tid(void)
{
    const struct thread *t = pool[random(THREADS)];

    return t && random(16) ? t->tid : random(1ull << 32);
}

static uint64_t some_token(const struct thread *t)
{
    const struct thread *c = pool[random(THREADS)];

    if (t->client != &thread_none && random(3))
        return t->client->stamp;
    return c ? c->stamp + (random(8) ? 0 : 1ull << 44) : random(2);
}

static uint64_t some_tag(struct args *a)
{
    uint64_t length = random(4) ? random(MSG_INLINE_MAX + 2) : MSG_LENGTH_BUFFER;

    a->w[4] = random(8) ? KIT_MEMORY + random(9000) : random(1ull << 48);
    a->w[5] = random(8) ? random(3000) : random(1ull << 22);
    a->w[1] = random(60);
    return TAG(random(256), random(4), length, random(4) ? 0 : random(1ull << 32));
}

struct row {
    uint32_t number;
    unsigned weight;
    enum { TO_TASK, TO_TOKEN, TO_FD, TO_NOBODY } to;
};
static const struct row rows[] = {
    {SYS_call, 8, TO_TASK},   {SYS_send, 5, TO_TASK},      {SYS_notify, 4, TO_TASK},
    {SYS_post, 3, TO_TASK},   {SYS_reply, 10, TO_TOKEN},   {SYS_reply_wait, 10, TO_TOKEN},
    {SYS_xfer, 3, TO_TOKEN},  {SYS_receive, 6, TO_NOBODY}, {SYS_recv, 6, TO_NOBODY},
    {SYS_wait, 3, TO_NOBODY}, {SYS_read, 6, TO_FD},        {SYS_write, 4, TO_FD},
    {SYS_close, 5, TO_FD},    {SYS_dup, 3, TO_FD},         {SYS_lseek, 3, TO_FD},
    {SYS_fcall, 2, TO_FD},    {SYS_pipe2, 1, TO_NOBODY},   {SYS_yield, 1, TO_NOBODY},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void one_of_the_table(struct thread *t)
{
    unsigned total = 0, at;

    for (unsigned i = 0; i < ROWS; i++)
        total += rows[i].weight;
    at = (unsigned)random(total);
    const struct row *row = rows;
    while (at >= row->weight)
        at -= row++->weight;
    struct args a = {.w = {random(4), 0, random(100)}};
    a.rsi = row->to == TO_TASK && random(2) ? TAG(0, 0, 8, 0) : some_tag(&a);
    a.rdi = row->to == TO_TASK ? some_tid() : row->to == TO_FD ? random(6) : some_token(t);
    if (row->number == SYS_xfer)
        a.rsi = random(2), a.w[0] = random(3000), a.w[1] = KIT_MEMORY + random(5000);
    if (row->number == SYS_read && random(2))
        a.rsi = TAG_READ_SHORT;
    counts[row->number & SYS_INDEX_MASK]++;
    sys(t, row->number, a);
}

static void open_something(struct thread *t)
{
    static const char *const paths[] = {"null:",  "zero:", "echo:",   "ram:a", "ram:b", "red:x",
                                        "blue:y", "red:",  "nobody:", ":",     "root",  "pipe:"};
    static const char *const own[] = {":red", ":blue"};

    counts[SYS_open & SYS_INDEX_MASK]++;
    if (random(3))
        kit_open(t, paths[random(sizeof(paths) / sizeof(paths[0]))],
                 O_RDWR | (random(2) ? O_CREAT : 0));
    else
        kit_open(t, own[random(2)], O_CREAT | O_EXCL | (random(2) ? O_POSITIONED : 0));
}

static void control_something(struct thread *t)
{
    static const uint64_t ops[] = {TASK_RXBUF, TASK_DEADLINE, TASK_PRIORITY, TASK_PASSIVE};
    struct args a = {.rsi = ops[random(4)]};

    a.w[0] = a.rsi == TASK_PASSIVE ? random(2)
             : a.rsi == TASK_RXBUF ? KIT_MEMORY + random(4096)
             : random(2)           ? random(17)
                                   : 0;
    a.w[1] = random(5000);
    sys(t, SYS_taskctl, a);
}

/* Waits and wakes on a few words, private and shared; signals with and without handlers. */
static void signal_something(struct thread *t)
{
    static const uint32_t calls[] = {SYS_futex, SYS_futex, SYS_futex,     SYS_sigaction,
                                     SYS_kill,  SYS_kill,  SYS_sigreturn, SYS_taskctl};
    uint32_t number = calls[random(8)];
    struct args a = {.rdi = KIT_MEMORY + 0x8000 + 4 * random(3),
                     .rsi = random(2) | (random(2) ? FUTEX_PRIVATE : 0),
                     .w = {0, random(4) ? 0 : 1000 + random(1ull << 30)}};

    if (number == SYS_sigaction)
        a = (struct args){random(33), random(8) ? KIT_MEMORY : random(2), {random(2)}};
    else if (number == SYS_kill)
        a = (struct args){random(2) ? 0 : some_tid(), random(8) ? SIGCHLD : random(32), {0}};
    else if (number == SYS_taskctl)
        a = (struct args){0, TASK_SIGMASK, {random(4) ? 0 : random(1ull << 32)}};
    else if (number == SYS_sigreturn)
        a = (struct args){0};
    counts[number & SYS_INDEX_MASK]++;
    sys(t, number, a);
}

/* A deadline passes, a thread or a task ends. */
static void disturb(struct thread *t)
{
    struct thread *victim = pool[random(THREADS)];
    unsigned dice = (unsigned)random(8);

    if (dice < 5 && victim && !list_empty(&victim->timer)) {
        sched_deadline_cancel(victim);
        ipc_timeout(victim);
    } else if (dice == 5 && victim && victim->task->thread_count > 1) {
        task_thread_end(victim, 0);
    } else if (dice == 6 && random(4) == 0) {
        sys(t, SYS_exit, (struct args){.rdi = 1});
    } else if (dice == 7 && random(4) == 0) {
        sys(t, SYS_kill, (struct args){.rdi = some_tid(), .rsi = SIGKILL});
    }
}

static unsigned schemes(void)
{
    unsigned n = 0;

    for (const struct list *l = scheme_list.next; l != &scheme_list; l = l->next)
        n++;
    return n;
}

static bool step(unsigned round, unsigned n)
{
    struct thread *t = somebody();

    mock_tsc += random(1000);
    if (!t) { /* all wait for each other */
        kit_end_all();
        forget_dead();
        return true;
    }
    unsigned dice = (unsigned)random(22);
    if (dice >= 20)
        signal_something(t);
    else if (dice < 14)
        one_of_the_table(t);
    else if (dice < 17)
        open_something(t);
    else if (dice < 18)
        control_something(t);
    else
        disturb(t);
    forget_dead();
    const char *broken = kit_broken();
    if (broken)
        fprintf(stderr, "round %u, call %u: %s\n", round, n, broken);
    return CHECK(!broken);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], 0, 10) : ROUNDS;

    kit_boot();
    for (unsigned long i = argc > 2 ? strtoul(argv[2], 0, 10) : 0; i; i--)
        (void)random(2);
    unsigned before = schemes();
    uint64_t free_before = 0;
    for (unsigned round = 0; round < rounds && !check_failed; round++) {
        for (unsigned n = 0; n < CALLS && step(round, n); n++)
            ;
        kit_end_all();
        forget_dead();
        CHECK(list_empty(&task_list));
        CHECK_EQ(file_count(), 0);
        CHECK_EQ(schemes(), before);
        for (unsigned i = 0; i < THREAD_SLOTS; i++)
            CHECK(threads[i] == &thread_none);
        if (round == rounds / 2)
            free_before = page_free_count();
    }
    CHECK(page_free_count() + 16 >= free_before); /* the pools may still have grown a little */
    for (unsigned i = 0; i < ROWS && !check_failed; i++)
        CHECK(counts[rows[i].number & SYS_INDEX_MASK] != 0);
    check_shows("T41", "CORE's own tests on a mock machine: soak");
    return check_end("core soak");
}

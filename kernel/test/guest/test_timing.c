/* SPDX-License-Identifier: MIT
 * Deadlines: how late what waits for one wakes, never early, and that a deadline belongs to the
 * call: a wait that the kernel begins anew keeps it. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

#define MS      1000000ull
#define US      1000ull
#define SAMPLES 200u
#define BUCKETS 16u        /* lateness below 1, 2, 4.. us; the last: all above */
#define LATE    (4 * MS)   /* half of the samples must be better than that on a busy host, */
#define PRECISE (256 * US) /* and all where the clock counts instructions */

static unsigned histogram[BUCKETS];
static uint64_t latest;
static unsigned early, late;

static uint64_t now(void)
{
    return sys_clock(CLOCK_NS);
}

static void note(uint64_t due, uint64_t woke)
{
    uint64_t after = woke - due;
    unsigned bucket = 0;

    early += woke < due;
    late += after > LATE;
    latest = after > latest ? after : latest;
    while (bucket < BUCKETS - 1 && after >= US << bucket)
        bucket++;
    histogram[bucket]++;
}

static void deadline(uint64_t ns)
{
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){ns, 0, 0, 0}), 0);
}

static bool counting(void)
{
    uint64_t took[4];

    for (unsigned i = 0; i < 4; i++) {
        uint64_t begin = sys_clock(CLOCK_TSC);
        for (volatile unsigned n = 0; n < 20000; n++)
            ;
        took[i] = sys_clock(CLOCK_TSC) - begin;
    }
    return took[1] == took[2] && took[2] == took[3];
}

static void accuracy(void)
{
    bool counts = counting();
    uint32_t word = 0;

    SHOWS("X11", "deadlines: never early, late by at most what the histogram shows");
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t due = now() + 50 * US + i * 7 * US;
        if (i % 2)
            CHECK_EQ(sys_sleep(due), 0);
        else
            CHECK_EQ(sys_futex(&word, FUTEX_WAIT, 0, due), -T_ETIMEDOUT);
        note(due, now());
    }
    for (unsigned i = 0; i < BUCKETS; i++)
        if (histogram[i])
            print("late below %lu us: %u\n", 1ul << i, histogram[i]);
    CHECK_EQ(early, 0);
    CHECK(late < SAMPLES / 2);
    if (counts)
        CHECK(latest < PRECISE);
}

static int ends[2];
static volatile bool stop;
static volatile unsigned taken;

static void greedy(uint64_t argument)
{
    char byte;

    (void)argument;
    while (file_read(ends[0], &byte, 1) == 1)
        taken++;
}

static void feeder(uint64_t argument)
{
    (void)argument;
    for (unsigned i = 0; i < 100 && !stop; i++) {
        sys_sleep(now() + 3 * MS);
        file_write(ends[1], "x", 1);
    }
}

/* Somebody takes what we are woken for, again and again: our wait does not begin anew. */
static void again(void)
{
    struct user_thread eater, writer;
    char byte;
    long result = 1;

    SHOWS("X11", "a reader whose bytes others take ends at the deadline of its call");
    CHECK_EQ(sys_pipe2(0, ends), 0);
    CHECK(thread_start(&eater, greedy, 0) > 0);
    sys_sleep(now() + MS); /* it waits, before us */
    stop = false;
    CHECK(thread_start(&writer, feeder, 0) > 0);
    deadline(30 * MS);
    uint64_t begin = now();
    while (result == 1) {
        begin = now();
        result = file_read(ends[0], &byte, 1);
    }
    uint64_t took = now() - begin;
    deadline(0);
    stop = true;
    CHECK_EQ(result, -T_ETIMEDOUT);
    CHECK(took >= 30 * MS && took < 150 * MS);
    CHECK(taken > 0);
    thread_join(&writer);
    CHECK_EQ(file_close(ends[1]), 0);
    thread_join(&eater);
    CHECK_EQ(file_close(ends[0]), 0);
}

int main(int argc, char **argv, char **envp)
{
    long timers = sysfile_number("sys:counters", "timers");

    (void)argc, (void)argv, (void)envp;
    accuracy();
    again();
    SHOWS("X11", "no timer is left");
    CHECK_EQ(sysfile_number("sys:counters", "timers"), timers);
    return guest_end("timing");
}

/* SPDX-License-Identifier: MIT
 * Deadlines: how late what waits for one wakes, never early, and that a deadline belongs to the
 * call: a wait that the kernel begins anew keeps it. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/thread.h"

#define US      1000ull
#define FEEDS   100u
#define FEED_NS (3 * MS)
#define WAIT_NS (30 * MS)
#define SAMPLES 200u
#define BUCKETS 16u        /* lateness below 1, 2, 4.. us; the last: all above */
#define PRECISE (256 * US) /* all are better where the clock counts instructions */

static unsigned histogram[BUCKETS];
static uint64_t latest;
static unsigned early;

static void note(uint64_t due, uint64_t woke)
{
    uint64_t after = woke - due;
    unsigned bucket = 0;

    early += woke < due;
    latest = after > latest ? after : latest;
    while (bucket < BUCKETS - 1 && after >= US << bucket)
        bucket++;
    histogram[bucket]++;
}

static void deadline(uint64_t ns)
{
    CHECK_EQ(sys_taskctl(0, TASK_DEADLINE, (struct taskctl){ns, 0, 0, 0}), 0);
}

static void accuracy(void)
{
    bool counts = clock_exact();
    uint32_t word = 0;

    SHOWS("X11", "deadlines: never early, late by at most what the histogram shows");
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t due = clock_in((50 + i * 7) * US);
        if (i % 2)
            CHECK_EQ(sys_sleep(due), 0);
        else
            CHECK_EQ(sys_futex(&word, FUTEX_WAIT, 0, due), -T_ETIMEDOUT);
        note(due, clock_now());
    }
    for (unsigned i = 0; i < BUCKETS; i++)
        if (histogram[i])
            print("late below %lu us: %u\n", 1ul << i, histogram[i]);
    CHECK_EQ(early, 0);
    if (counts)
        CHECK(latest < PRECISE);
    print("timing: the clock %s\n", counts ? "counts instructions" : "is the host's");
}

static int ends[2];
static volatile unsigned taken, fed;

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
    for (fed = 0; fed < FEEDS; fed++) {
        clock_nap(FEED_NS);
        file_write(ends[1], "x", 1);
    }
}

/* Reads beside the eater until one of the waits is over: how often it was fed during that. */
static unsigned last_saw(void)
{
    uint64_t begin = clock_now();
    unsigned before = fed;
    long result = 1;
    char byte;

    deadline(WAIT_NS);
    while (result == 1) {
        before = fed;
        begin = clock_now();
        result = file_read(ends[0], &byte, 1);
    }
    const unsigned saw = fed - before;
    CHECK(clock_now() - begin >= WAIT_NS);
    deadline(0);
    CHECK_EQ(result, -T_ETIMEDOUT);
    return saw;
}

/* Somebody else takes most of what comes: a wait ends at its own deadline. No feeder is early, so
 * that more than so many do not fit into it, whatever the host does; a wait that each of them began
 * anew would see them all. */
static void again(void)
{
    struct user_thread eater, writer;

    SHOWS("X11", "a reader whose bytes others take ends at the deadline of its call");
    CHECK_EQ(sys_pipe2(0, ends), 0);
    CHECK(thread_start(&eater, greedy, 0) > 0);
    clock_settle(); /* it waits, before us */
    CHECK(thread_start(&writer, feeder, 0) > 0);
    CHECK(last_saw() <= 2 * WAIT_NS / FEED_NS);
    thread_join(&writer);
    CHECK(taken > 0);
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

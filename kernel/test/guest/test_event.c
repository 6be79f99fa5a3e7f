/* SPDX-License-Identifier: MIT
 * Readiness: queues of event:, what registers, what a read of a queue gives, and what undoes it.
 * Files of the kernel's schemes, and of a server that posts by its root descriptor. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define SCHEME         "event-test"
#define STORM          1000000u /* an emulator takes a minute for that many CR3 writes, so fewer then */
#define STORM_ISOLATED 50000u
#define PAIRS          64u

static struct event_record records[256];
static uint8_t block[65536];

static int queue_open(unsigned flags)
{
    long fd = file_open("event:", O_RDONLY | flags);

    CHECK(fd >= 0);
    return (int)fd;
}

static long watches(void)
{
    return sysfile_number("sys:counters", "watches");
}

/* The queue gives exactly this record, or nothing for mask 0. */
static void expect_one(int queue, int fd, uint32_t mask, uint64_t data)
{
    memset(records, 0, sizeof(records));
    long n = file_read(queue, records, sizeof(records));

    if (!mask) {
        CHECK_EQ(n, -T_EAGAIN);
        return;
    }
    CHECK_EQ(n, sizeof(records[0]));
    CHECK_EQ(records[0].fd, fd);
    CHECK_EQ(records[0].mask, mask);
    CHECK_EQ(records[0].data, data);
}

static void errors(void)
{
    int queue = queue_open(O_NONBLOCK), ends[2];
    long null = file_open("null:", O_RDWR);

    SHOWS("V30", "what cannot be registered is refused");
    CHECK_EQ(sys_pipe2(0, ends), 0);
    CHECK_EQ(file_open("event:x", O_RDONLY), -T_ENOENT);
    CHECK_EQ(sys_fevent(200, ends[0], EVENT_READ, 0), -T_EBADF);
    CHECK_EQ(sys_fevent(-1, ends[0], EVENT_READ, 0), -T_EBADF);
    CHECK_EQ(sys_fevent(queue, 200, EVENT_READ, 0), -T_EBADF);
    CHECK_EQ(sys_fevent(ends[0], ends[0], EVENT_READ, 0), -T_EINVAL);
    CHECK_EQ(sys_fevent(queue, ends[0], 8, 0), -T_EINVAL);
    CHECK_EQ(sys_fevent(queue, ends[0], 1ull << 32, 0), -T_EINVAL);
    CHECK_EQ(sys_fevent(queue, ends[0], 0, 0), -T_ENOENT);
    CHECK_EQ(sys_fevent(queue, (int)null, EVENT_READ, 0), -T_EOPNOTSUPP);
    CHECK_EQ(sys_fevent(queue, queue, EVENT_READ, 0), -T_EOPNOTSUPP);
    CHECK_EQ(watches(), 0);
    CHECK_EQ(file_read(queue, records, 15), -T_EINVAL);
    CHECK_EQ(file_read(queue, records, 16), -T_EAGAIN);
    CHECK_EQ(file_read(queue, (void *)8, 4096), -T_EAGAIN);
    CHECK_EQ(sys_fevent(queue, ends[1], EVENT_WRITE, 3), 0);
    CHECK_EQ(file_read(queue, (void *)8, 4096), -T_EFAULT);
    expect_one(queue, ends[1], EVENT_WRITE, 3);
    file_close(queue);
    file_close((int)null);
    file_close(ends[0]);
    file_close(ends[1]);
}

static void levels(void)
{
    int queue = queue_open(O_NONBLOCK), ends[2];

    SHOWS("V30", "a queue answers for the level of each descriptor");
    CHECK_EQ(sys_pipe2(O_NONBLOCK, ends), 0);
    CHECK_EQ(sys_fevent(queue, ends[0], EVENT_READ | EVENT_HANGUP, 77), 0);
    expect_one(queue, 0, 0, 0);
    CHECK_EQ(file_write(ends[1], block, 100), 100);
    expect_one(queue, ends[0], EVENT_READ, 77);
    expect_one(queue, ends[0], EVENT_READ, 77); /* as long as it is so */
    CHECK_EQ(file_read(ends[0], block, 60), 60);
    expect_one(queue, ends[0], EVENT_READ, 77);
    CHECK_EQ(file_read(ends[0], block, 60), 40);
    expect_one(queue, 0, 0, 0);
    CHECK_EQ(sys_fevent(queue, ends[1], EVENT_WRITE, ~0ull), 0);
    expect_one(queue, ends[1], EVENT_WRITE, ~0ull);
    while (file_write(ends[1], block, 16384) > 0)
        ;
    expect_one(queue, ends[0], EVENT_READ, 77);                /* and not the other any more */
    CHECK_EQ(sys_fevent(queue, ends[0], EVENT_HANGUP, 78), 0); /* another mask, another word */
    expect_one(queue, 0, 0, 0);
    CHECK_EQ(file_read(ends[0], block, 100), 100); /* not yet room for an atomic write */
    expect_one(queue, 0, 0, 0);
    CHECK_EQ(file_read(ends[0], block, 8192), 8192);
    expect_one(queue, ends[1], EVENT_WRITE, ~0ull);
    file_close(ends[1]); /* its registration goes with it */
    CHECK_EQ(watches(), 1);
    expect_one(queue, ends[0], EVENT_HANGUP, 78);
    CHECK_EQ(sys_fevent(queue, ends[0], 0, 0), 0);
    CHECK_EQ(watches(), 0);
    expect_one(queue, 0, 0, 0);
    long debug = file_open("debug:", O_RDWR);
    CHECK_EQ(sys_fevent(queue, (int)debug, EVENT_WRITE, 5), 0);
    expect_one(queue, (int)debug, EVENT_WRITE, 5);
    file_close((int)debug);
    file_close(ends[0]);
    file_close(queue);
}

/* One descriptor in two queues, two descriptors of one file, short reads that take turns. */
static void turns(void)
{
    int one = queue_open(O_NONBLOCK), two = queue_open(O_NONBLOCK), ends[2];
    struct event_record pair[2];

    SHOWS("V30", "one pending entry a queue and descriptor, and each gets its turn");
    CHECK_EQ(sys_pipe2(0, ends), 0);
    long copy = file_dup(ends[0]);
    CHECK_EQ(sys_fevent(one, ends[0], EVENT_READ, 1), 0);
    CHECK_EQ(sys_fevent(one, (int)copy, EVENT_READ, 2), 0);
    CHECK_EQ(sys_fevent(two, ends[0], EVENT_READ, 3), 0);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(file_write(ends[1], block, 8), 8);
    expect_one(two, ends[0], EVENT_READ, 3);
    CHECK_EQ(file_read(one, records, sizeof(records)), 2 * sizeof(records[0]));
    CHECK_EQ(file_read(one, pair, 40), 32);
    CHECK_EQ(pair[0].data + pair[1].data, 3);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(file_read(one, &pair[i & 1], 16), 16);
        if (i)
            CHECK_EQ(pair[0].data + pair[1].data, 3);
    }
    file_close((int)copy); /* only its own registration goes */
    expect_one(one, ends[0], EVENT_READ, 1);
    file_close(two);
    CHECK_EQ(watches(), 1);
    file_close(ends[0]);
    expect_one(one, 0, 0, 0);
    CHECK_EQ(watches(), 0);
    file_close(ends[1]);
    file_close(one);
}

static volatile int shared_queue;
static volatile long waited;

static void waiter(uint64_t bytes)
{
    struct event_record r[4];

    waited = file_read(shared_queue, r, bytes);
    for (;;)
        sys_sleep(~0ull);
}

static void waits(void)
{
    int ends[2];

    SHOWS("V30", "a read of a queue waits until something is ready, or the queue goes");
    for (unsigned i = 0; i < 6; i++) {
        shared_queue = queue_open(0);
        waited = 0;
        CHECK_EQ(sys_pipe2(0, ends), 0);
        CHECK_EQ(sys_fevent(shared_queue, ends[0], EVENT_READ, i), 0);
        CHECK(guest_thread(waiter, i % 2 ? 16 : 64) > 0);
        clock_settle();
        CHECK_EQ(waited, 0);
        if (i < 2)
            CHECK_EQ(file_write(ends[1], block, 8), 8);
        else if (i < 4)
            file_close(ends[1]); /* the end of the pipe can be read */
        else
            file_close(shared_queue);
        clock_settle();
        CHECK_EQ(waited, i < 4 ? 16 : -T_EBADF);
        file_close(ends[0]);
        if (i < 2 || i >= 4)
            file_close(ends[1]);
        if (i < 4)
            file_close(shared_queue);
        CHECK_EQ(watches(), 0);
    }
}

/* The server: handle 7 for each file; a read of n bytes posts n times, a write ends it. */
__attribute__((noreturn)) static void server_role(void)
{
    struct msg m = {0};
    long root = file_open(":" SCHEME, O_RDWR | O_CREAT | O_EXCL);

    exec_ready();
    for (;;) {
        sys_reply_wait(&m);
        long result = TAG_OP(m.tag) == OP_open ? 7 : TAG_OP(m.tag) == OP_fevent ? 0 : -T_EIO;
        if (TAG_OP(m.tag) == OP_write)
            sys_exit(0);
        if (TAG_OP(m.tag) == OP_read)
            for (uint64_t i = 0; i < m.w[1]; i++)
                result = file_call((int)root, FCALL_POST,
                                   (uint64_t[5]){7, i % 2 ? EVENT_READ : EVENT_WRITE});
        m.tag = TAG(TAG_OP(m.tag), 0, 8, 0);
        m.w[0] = (uint64_t)result;
    }
}

static void storm(const char *path)
{
    const char *argv[] = {path, "server", "0", 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .ready_write = -1};
    struct msg m = {.tag = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0)};
    int queue = queue_open(O_NONBLOCK);
    long tid;

    SHOWS("V30", "10^6 posts without a reader: memory constant, one record on read");
    CHECK_EQ(exec_spawn_ready(&what, &tid) > 0, 1);
    long fd = file_open(SCHEME ":", O_RDWR);
    CHECK_EQ(sys_fevent(queue, (int)fd, EVENT_READ, 9), 0);
    expect_one(queue, 0, 0, 0);
    long pages = sysfile_number("sys:memory", "free_pages");
    m.caller = (uint64_t)fd;
    m.w[1] = sysfile_line("sys:mitig", "pti on") ? STORM_ISOLATED : STORM;
    m.w[4] = (uint64_t)block;
    m.w[5] = 64;
    CHECK_EQ(sys_message(SYS_read, &m), 0);
    CHECK_EQ(m.w[0], 0);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
    CHECK_EQ(watches(), 1);
    expect_one(queue, (int)fd, EVENT_READ, 9);
    CHECK_EQ(file_call((int)fd, FCALL_POST, (uint64_t[5]){7, EVENT_READ}), -T_EACCES);
    CHECK_EQ(sys_fevent(queue, (int)fd, EVENT_HANGUP, 10), 0);
    expect_one(queue, 0, 0, 0);
    CHECK_EQ(file_write((int)fd, block, 8), -T_ENODEV); /* the server is gone */
    expect_one(queue, (int)fd, EVENT_HANGUP, 10);
    CHECK_EQ(sys_fevent(queue, (int)fd, EVENT_READ, 9), -T_ENODEV);
    CHECK_EQ(guest_wait(tid), 0);
    file_close((int)fd);
    file_close(queue);
    CHECK_EQ(watches(), 0);
}

/* As many as there may be, and what goes with the queue, with the descriptors, with the task. */
static void bounds(void)
{
    static int ends[PAIRS][2];
    long pages = 0, n = 0;

    SHOWS("V30,X1", "registrations are bounded and go with what they are of");
    for (unsigned round = 0; round < 3; round++) {
        int queue = queue_open(O_NONBLOCK);
        for (unsigned i = 0; i < PAIRS; i++) {
            CHECK_EQ(sys_pipe2(0, ends[i]), 0);
            CHECK_EQ(sys_fevent(queue, ends[i][0], EVENT_READ, i), 0);
            CHECK_EQ(sys_fevent(queue, ends[i][1], EVENT_WRITE, i), 0);
        }
        CHECK_EQ(watches(), 2 * PAIRS);
        CHECK_EQ(file_read(queue, records, sizeof(records)), PAIRS * sizeof(records[0]));
        for (unsigned i = 0; i < PAIRS; i += 2)
            file_write(ends[i][1], block, 8);
        n = file_read(queue, records, sizeof(records));
        CHECK_EQ(n, (PAIRS + PAIRS / 2) * sizeof(records[0]));
        if (round % 2)
            file_close(queue);
        for (unsigned i = 0; i < PAIRS; i++) {
            file_close(ends[i][0]);
            file_close(ends[i][1]);
        }
        CHECK_EQ(watches(), 0);
        if (round % 2 == 0)
            file_close(queue);
        if (round)
            CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
        pages = sysfile_number("sys:memory", "free_pages");
    }
    CHECK_EQ(guest_wait(guest_child("full", 0)), 0);
    CHECK_EQ(watches(), 0);
}

/* One descriptor too many for a queue; then it dies with all of it. */
__attribute__((noreturn)) static void full_role(void)
{
    long queue = file_open("event:", O_RDONLY | O_NONBLOCK), debug = file_open("debug:", O_RDWR);
    long e = 0, fd = debug;
    unsigned n = 0;

    for (; n < 1100 && e >= 0 && fd >= 0; n++) {
        e = sys_fevent((int)queue, (int)fd, EVENT_WRITE, n);
        fd = file_dup((int)debug);
    }
    sys_exit(e == -T_ENOSPC && n == 1025 ? 0 : 1);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc == 3 && !strcmp(argv[1], "server"))
        server_role();
    if (argc == 3)
        full_role();
    errors();
    levels();
    turns();
    waits();
    bounds();
    storm(argv[0]);
    return guest_end("event");
}

/* SPDX-License-Identifier: MIT
 * chan:, wherever it is placed: listeners, connections, streams both ways, waits and their ends,
 * bounds, and that nothing stays behind. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define RING    65536u
#define BACKLOG 16u
#define BULK    (64u << 20)
#define PIECE   16384u

static uint8_t block[RING], back[RING];

static long path_dup(int fd, const char *path)
{
    struct msg m = {.tag = TAG(OP_dup, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t)path, [5] = strlen(path)},
                    .caller = (uint64_t)fd};
    long rax = sys_message(SYS_dup, &m);

    return rax < 0 ? rax : (long)m.w[0];
}

/* Both ends of a connection through an unnamed listener, which is closed again. */
static void pair(int end[2], unsigned flags)
{
    long listener = file_open("chan:", O_RDWR | O_CREAT | flags);

    CHECK(listener >= 0);
    end[0] = (int)path_dup((int)listener, "connect");
    end[1] = (int)path_dup((int)listener, "listen");
    CHECK(end[0] >= 0 && end[1] >= 0);
    file_close((int)listener);
}

static void pair_close(const int end[2])
{
    file_close(end[0]);
    file_close(end[1]);
}

static void names(void)
{
    static char path[60] = "chan:";
    SHOWS("V28", "listeners by name and without, the 17th connection is refused");
    CHECK_EQ(file_open("chan:nobody", O_RDWR), -T_ECONNREFUSED);
    CHECK_EQ(file_open("chan:", O_RDWR), -T_EINVAL);
    memset(path + 5, 'x', 33);
    CHECK_EQ(file_open(path, O_RDWR | O_CREAT), -T_ENAMETOOLONG);
    long listener = file_open("chan:test", O_RDWR | O_CREAT | O_NONBLOCK);
    CHECK(listener >= 0);
    CHECK_EQ(file_open("chan:test", O_RDWR | O_CREAT), -T_EEXIST);
    CHECK_EQ(path_dup((int)listener, "listen"), -T_EAGAIN);
    CHECK_EQ(path_dup((int)listener, "other"), -T_EINVAL);
    CHECK_EQ(file_read((int)listener, back, 8), -T_EINVAL);
    CHECK_EQ(file_write((int)listener, back, 8), -T_EINVAL);
    static long near[BACKLOG + 1], far[BACKLOG];
    for (unsigned i = 0; i < BACKLOG; i++) {
        CHECK((near[i] = file_open("chan:test", O_RDWR)) >= 0);
        CHECK_EQ(file_write((int)near[i], &i, 4), 4); /* before anybody took it */
    }
    CHECK_EQ(file_open("chan:test", O_RDWR), -T_ECONNREFUSED);
    CHECK_EQ(path_dup((int)listener, "connect"), -T_ECONNREFUSED);
    for (unsigned i = 0, got = 99; i < BACKLOG; i++, got = 99) {
        CHECK((far[i] = path_dup((int)listener, "listen")) >= 0);
        CHECK_EQ(file_read((int)far[i], &got, 4), 4);
        CHECK_EQ(got, i);
    }
    CHECK((near[BACKLOG] = file_open("chan:test", O_RDWR)) >= 0);
    CHECK_EQ(path_dup((int)near[0], "listen"), -T_EINVAL);
    file_close((int)listener);
    CHECK_EQ(file_open("chan:test", O_RDWR), -T_ECONNREFUSED);
    CHECK_EQ(file_read((int)near[BACKLOG], back, 8), 0); /* never taken: it ended */
    CHECK_EQ(file_write((int)near[BACKLOG], back, 8), -T_EPIPE);
    CHECK_EQ(file_write((int)near[3], "hello", 5), 5); /* taken: it lives on */
    CHECK_EQ(file_read((int)far[3], back, 40), 5);
    for (unsigned i = 0; i <= BACKLOG; i++)
        file_close((int)near[i]);
    CHECK_EQ(file_read((int)far[3], back, 8), 0);
    CHECK_EQ(file_write((int)far[3], back, 8), -T_EPIPE);
    for (unsigned i = 0; i < BACKLOG; i++)
        file_close((int)far[i]);
}

static void lengths(void)
{
    static const uint32_t sizes[] = {1, 8, 9, 40, 41, 4096, 4097, 16384, 7, 50000, 65536, 3};
    int end[2];
    SHOWS("V28", "both ways at every length, 64 KiB a direction");
    pair(end, 0);
    for (unsigned i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t n = sizes[i / 2];
        for (uint64_t k = 0; k < n; k++)
            block[k] = (uint8_t)(k * 7 + (k >> 8) + i);
        CHECK_EQ(file_write_all(end[i & 1], block, n), n);
        memset(back, 0, n);
        CHECK_EQ(file_read_all(end[!(i & 1)], back, n), n);
        CHECK(!memcmp(block, back, n));
    }
    CHECK_EQ(file_write(end[0], block, 0), 0);
    pair_close(end);
    pair(end, O_NONBLOCK);
    for (unsigned side = 0; side < 2; side++) {
        long put = 0, n;
        CHECK_EQ(file_read(end[side], back, 8), side ? 8 : -T_EAGAIN);
        CHECK_EQ(file_read(end[side], back, 64), side ? 64 : -T_EAGAIN);
        while ((n = file_write(end[side], block, RING)) > 0)
            put += n;
        CHECK_EQ(n, -T_EAGAIN);
        CHECK_EQ(put, RING);
    }
    CHECK_EQ(file_read(end[0], back, 100), 100);
    CHECK_EQ(file_write(end[1], block, 8192), 100);
    CHECK_EQ(file_write(end[0], block, 8192), 72); /* what the other side has read of it */
    file_close(end[1]);                            /* what was written can still be read */
    CHECK_EQ(file_read_all(end[0], back, RING), RING);
    CHECK_EQ(file_read(end[0], back, 8), 0);
    CHECK_EQ(file_write(end[0], block, 8), -T_EPIPE);
    file_close(end[0]);
}

static int ends[2];
static volatile long thread_result;
static volatile unsigned thread_done;
static uint8_t mine[RING];

static void thread_end(long result)
{
    thread_result = result;
    thread_done = 1;
    for (;;)
        sys_sleep(~0ull);
}

static void reader(uint64_t n)
{
    thread_end(file_read(ends[1], mine, n));
}

static void writer(uint64_t n)
{
    thread_end(file_write(ends[1], block, n));
}

static void acceptor(uint64_t listener)
{
    thread_end(path_dup((int)listener, "listen"));
}

static void thread_start(void (*run)(uint64_t), uint64_t n)
{
    thread_done = 0;
    CHECK(guest_thread(run, n) > 0);
    clock_settle();
    CHECK_EQ(thread_done, 0);
}

/* Each wait, ended by what it waits for and by the close of either end. */
static void waits(void)
{
    static const uint32_t sizes[] = {8, 40, 100, 4096, 16384};
    SHOWS("V28,X7",
          "reads, writes and accepts wait, and end with what they wait for or with EOF and EPIPE");
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t n = sizes[i];
        for (uint64_t k = 0; k < n; k++)
            block[k] = (uint8_t)(k * 5 + i);
        pair(ends, 0);
        thread_start(reader, n);
        CHECK_EQ(file_write(ends[0], block, n), n);
        clock_settle();
        CHECK_EQ(thread_done, 1);
        CHECK_EQ(thread_result, n);
        CHECK(!memcmp(mine, block, n));
        CHECK_EQ(file_write_all(ends[1], block, RING), RING);
        thread_start(writer, n);
        CHECK_EQ(file_read_all(ends[0], back, RING), RING);
        clock_settle();
        CHECK_EQ(thread_result, n);
        CHECK_EQ(file_read_all(ends[0], back, n), n);
        CHECK(!memcmp(back, block, n));
        pair_close(ends);
    }
    for (unsigned i = 0; i < 4; i++) {
        pair(ends, 0);
        if (i & 1)
            CHECK_EQ(file_write_all(ends[1], block, RING), RING);
        thread_start(i & 1 ? writer : reader, i / 2 ? 8 : 64); /* a long one holds its file */
        file_close(ends[i / 2]);
        clock_settle();
        CHECK_EQ(thread_done, 1);
        CHECK_EQ(thread_result, i == 0 ? 0 : i == 1 ? -T_EPIPE : -T_EBADF);
        file_close(ends[!(i / 2)]);
    }
    long listener = file_open("chan:wait", O_RDWR | O_CREAT);
    thread_start(acceptor, (uint64_t)listener);
    long near = file_open("chan:wait", O_RDWR);
    clock_settle();
    CHECK(thread_done && thread_result >= 0);
    CHECK_EQ(file_write((int)near, "x", 1), 1);
    CHECK_EQ(file_read((int)thread_result, back, 8), 1);
    file_close((int)near);
    file_close((int)thread_result);
    file_close((int)listener);
}

/* A wait that its own deadline ends takes no byte and no connection with it. */
static void deadlines(void)
{
    int end[2];
    SHOWS("V28", "a wait that times out takes nothing with it, however often");
    pair(end, 0);
    long listener = file_open("chan:late", O_RDWR | O_CREAT);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = MS / 10});
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(file_read(end[0], back, i & 1 ? 8 : 100), -T_ETIMEDOUT);
        CHECK_EQ(path_dup((int)listener, "listen"), -T_ETIMEDOUT);
    }
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
    CHECK_EQ(file_write(end[1], "abcdefgh", 8), 8);
    CHECK_EQ(file_read(end[0], back, 100), 8);
    long near = file_open("chan:late", O_RDWR);
    CHECK_EQ(file_write((int)near, "y", 1), 1);
    long far = path_dup((int)listener, "listen");
    CHECK(far >= 0);
    CHECK_EQ(file_read((int)far, back, 8), 1);
    pair_close(end);
    file_close((int)near);
    file_close((int)far);
    file_close((int)listener);
}

static void events(void)
{
    struct event_record r[8];
    int end[2];
    long queue = file_open("event:", O_RDONLY | O_NONBLOCK);
    SHOWS("V28,V30", "readiness of ends and listeners");
    long listener = file_open("chan:ready", O_RDWR | O_CREAT);
    CHECK_EQ(sys_fevent((int)queue, (int)listener, EVENT_READ, 1), 0);
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), -T_EAGAIN);
    end[0] = (int)file_open("chan:ready", O_RDWR);
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), 16);
    CHECK_EQ(r[0].data, 1);
    end[1] = (int)path_dup((int)listener, "listen");
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), -T_EAGAIN);
    CHECK_EQ(sys_fevent((int)queue, end[1], EVENT_READ | EVENT_HANGUP, 2), 0);
    CHECK_EQ(sys_fevent((int)queue, end[0], EVENT_WRITE, 3), 0);
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), 16);
    CHECK_EQ(r[0].data, 3);
    CHECK_EQ(file_write_all(end[0], block, RING), RING);
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), 16); /* full: the reader's turn */
    CHECK_EQ(r[0].data, 2);
    CHECK_EQ(r[0].mask, EVENT_READ);
    CHECK_EQ(file_read_all(end[1], back, RING), RING);
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), 16);
    CHECK_EQ(r[0].data, 3);
    file_close(end[0]);
    clock_settle();
    CHECK_EQ(file_read((int)queue, r, sizeof(r)), 16);
    CHECK_EQ(r[0].data, 2);
    CHECK_EQ(r[0].mask, EVENT_READ | EVENT_HANGUP);
    file_close(end[1]);
    file_close((int)listener);
    file_close((int)queue);
}

/* The echo: everything back as it came, until the stream ends. */
__attribute__((noreturn)) static void echo_role(void)
{
    long fd = file_open("chan:echo", O_RDWR), n;

    while ((n = file_read((int)fd, block, PIECE)) > 0)
        if (file_write_all((int)fd, block, (uint64_t)n) != n)
            sys_exit(1);
    sys_exit(n ? 2 : 0);
}

static uint64_t sum_add(uint64_t sum, const uint8_t *bytes, uint64_t n)
{
    for (uint64_t i = 0; i + 8 <= n; i += 8)
        sum = (sum ^ *(const uint64_t *)(const void *)(bytes + i)) * 0x9E3779B97F4A7C15ull;
    return sum;
}

static int echo_fd;

static void echo_writer(uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += PIECE) {
        for (uint64_t k = 0; k < PIECE; k += 8)
            *(uint64_t *)(void *)(mine + k) = (at + k) * 0x2545F4914F6CDD1Dull;
        if (file_write_all(echo_fd, mine, PIECE) != PIECE)
            break;
    }
    thread_end(0);
}

static void echo(uint64_t bulk)
{
    uint64_t want = 0, have = 0;
    SHOWS("V28,X7", "an echo of megabytes through both directions at once, by checksum");
    long listener = file_open("chan:echo", O_RDWR | O_CREAT);
    long tid = guest_child("echo", 0);
    echo_fd = (int)path_dup((int)listener, "listen");
    CHECK(echo_fd >= 0);
    thread_done = 0;
    CHECK(guest_thread(echo_writer, bulk) > 0);
    for (uint64_t at = 0; at < bulk; at += PIECE) {
        if (file_read_all(echo_fd, back, PIECE) != PIECE)
            break;
        have = sum_add(have, back, PIECE);
        for (uint64_t k = 0; k < PIECE; k += 8)
            *(uint64_t *)(void *)(block + k) = (at + k) * 0x2545F4914F6CDD1Dull;
        want = sum_add(want, block, PIECE);
    }
    CHECK_EQ(have, want);
    file_close(echo_fd);
    file_close((int)listener);
    CHECK_EQ(guest_wait(tid), 0);
}

/* A reader that never comes: the writer waits, memory does not grow. */
static void slow_reader(void)
{
    SHOWS("V28,X7", "a slow reader and a fast writer: memory stays what it was");
    pair(ends, 0);
    CHECK_EQ(file_write_all(ends[1], block, RING), RING);
    long pages = sysfile_number("sys:memory", "free_pages");
    thread_start(writer, 4096);
    long less =
        pages - sysfile_number("sys:memory", "free_pages"); /* the thread's stack, one page */
    CHECK(less < 8);
    for (unsigned i = 0; i < 50; i++)
        CHECK_EQ(file_read(ends[0], back, 64), 64);
    CHECK(pages - sysfile_number("sys:memory", "free_pages") < 8);
    pair_close(ends);
}

/* A server hears of a close when it comes to it. */
static void settle(void)
{
    for (unsigned i = 0; i < 50; i++)
        clock_settle();
}

/* All ports at once, then none: the next round finds the same memory. */
static void crowd(void)
{
    static int all[200][2];
    long pages = 0;
    unsigned n = 0;
    SHOWS("V28,X1", "ends are bounded, and what they held comes back");
    for (unsigned round = 0; round < 3; round++) {
        settle();
        long files = sysfile_number("sys:counters", "files");
        long listener = file_open("chan:", O_RDWR | O_CREAT | O_NONBLOCK);
        for (n = 0; n < 200; n++) {
            long near = path_dup((int)listener, "connect");
            if (near < 0)
                break;
            all[n][0] = (int)near;
            all[n][1] = (int)path_dup((int)listener, "listen");
            CHECK(file_write(all[n][0], block, 4096) > 0);
        }
        CHECK(n > 20 && n < 200);
        while (n--)
            pair_close(all[n]);
        file_close((int)listener);
        settle();
        CHECK_EQ(sysfile_number("sys:counters", "files"), files);
        if (round == 2 && sysfile_line("sys:svc", "chan linked"))
            CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
        pages = sysfile_number("sys:memory", "free_pages");
    }
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc == 3)
        echo_role();
    names();
    lengths();
    waits();
    deadlines();
    events();
    slow_reader();
    crowd();
    echo(sysfile_line("sys:mitig", "pti on") ? BULK / 4 : BULK);
    return guest_end("chan");
}

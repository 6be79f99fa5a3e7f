/* SPDX-License-Identifier: MIT
 * The classic transport from ring 3: what a daemon reads from its root, which answers it may give,
 * what reaches the client, and that none of it needs memory. The daemon is this program's first
 * thread, its clients are others; tasks of their own where a buffer crosses a border. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/thread.h"

#define CLIENTS  64u
#define CROWD    100u
#define REQUESTS 10000u
#define MIXED    100000u /* requests of a route; "short", for slow machines: a tenth */
#define CLOSES   1000u
#define BYTES    5000u
#define ASKEW    300u
#define GUARD    0x5A

static int root, fd;
static unsigned part; /* requests of a route by this */
static struct msg records[CROWD];
static struct user_thread threads[CROWD];
static long results[CROWD];
static uint64_t words[CROWD];
static uint8_t receive[RXBUF_MAX] __attribute__((aligned(4096)));

static long counter(const char *name)
{
    return sysfile_number("sys:counters", name);
}

static void scheme_make(const char *name, unsigned flags)
{
    root = (int)file_open(name, O_CREAT | O_EXCL | O_CLASSIC | flags);
    CHECK(root >= 0);
}

/* Records until there are n of them, without waiting for more. */
static unsigned take(unsigned n)
{
    unsigned have = 0;

    for (unsigned tries = 0; have < n && tries < 1000; tries++) {
        long got = file_read(root, records + have, (n - have) * sizeof(records[0]));
        if (got > 0)
            have += (unsigned)got / sizeof(records[0]);
        else
            sys_yield();
    }
    return have;
}

static long answer(uint64_t caller, long result)
{
    const struct answer a = {caller, result};

    return file_write(root, &a, sizeof(a));
}

/* ---- clients ---- */

static void opener(uint64_t i)
{
    (void)i;
    fd = (int)file_open("classic:file", O_RDWR);
}

static void reader(uint64_t i)
{
    results[i] = file_read(fd, &words[i], i % FILE_INLINE_MAX % 8 + 1);
}

static void begin(unsigned first, unsigned count, void (*run)(uint64_t))
{
    for (unsigned i = first; i < first + count; i++)
        CHECK(thread_start(&threads[i], run, i) > 0);
}

static void end(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        thread_join(&threads[i]);
}

static void file_make(unsigned handle)
{
    begin(0, 1, opener);
    CHECK_EQ(take(1), 1);
    CHECK_EQ(TAG_OP(records[0].tag), OP_open);
    CHECK_EQ(answer(records[0].caller, handle), 16);
    end(0, 1);
    CHECK(fd >= 0);
}

static void reads(void)
{
    SHOWS("V21",
          "one read gives all 64 records that are there; sizes, waiting and the end of file");
    CHECK_EQ(file_read(root, records, 4096), -T_EAGAIN);
    CHECK_EQ(file_read(root, records, 63), -T_EINVAL);
    CHECK_EQ(file_read(root, records, 8), -T_EINVAL);
    for (unsigned i = 0; i < CLIENTS; i++) {
        begin(i, 1, reader);
        for (unsigned k = 0; k < 8; k++)
            sys_yield(); /* it waits now, even if its slice ended on the way */
    }
    long got = file_read(root, records, 4096);
    CHECK_EQ(got, 64 * 64);
    for (unsigned i = 0; i < CLIENTS; i++) {
        CHECK_EQ(records[i].tag, TAG_READ_SHORT);
        CHECK_EQ(records[i].w[0], 7);
        CHECK_EQ(records[i].w[1], i % FILE_INLINE_MAX % 8 + 1); /* in the order of their calls */
    }
}

/* The 64 of before are answered in reverse order, the words of each its own number. */
static void answers(void)
{
    struct {
        struct answer head;
        uint64_t word[ANSWER_WORDS];
    } inside[2];

    SHOWS("V22,V23", "answers in any order; double, late and forged ones are EBADFD");
    for (unsigned i = CLIENTS; i-- > 2;) {
        inside[0].head = (struct answer){records[i].caller, ANSWER_INLINE | 1};
        inside[0].word[0] = i;
        CHECK_EQ(file_write(root, inside, 56), 56);
        CHECK_EQ(answer(records[i].caller, 1), -T_EBADFD);
        CHECK_EQ(answer(records[i].caller ^ 1ull << 44, 1), -T_EBADFD);
    }
    for (unsigned bit = 0; bit < 64; bit = bit == 31 ? 44 : bit + 1) /* another slot has its own */
        CHECK_EQ(answer(records[0].caller ^ 1ull << bit, 1), -T_EBADFD);
    CHECK_EQ(answer(0, 1), -T_EBADFD);
    CHECK_EQ(file_write(root, inside, 15), -T_EINVAL);
    inside[0].head = (struct answer){records[0].caller, ANSWER_INLINE | 1};
    inside[0].word[0] = 0;
    inside[1] = inside[0]; /* double: the first one counts */
    CHECK_EQ(file_write(root, inside, sizeof(inside)), 56);
    inside[0].head.caller = records[1].caller;
    inside[0].word[0] = 1;
    CHECK_EQ(file_write(root, inside, 56 + 8), 56); /* what is not whole is left */
    end(0, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        CHECK_EQ(results[i], 1);
        CHECK_EQ(words[i] & 0xFF, i);
    }
}

static void results_matrix(void)
{
    static const long cases[][2] = {{0, 0},
                                    {1, 1},
                                    {-T_EIO, -T_EIO},
                                    {-T_ENOENT, -T_ENOENT},
                                    {-T_EINTR, -T_EIO},
                                    {-T_ECANCELED, -T_ECANCELED},
                                    {-4095, -4095},
                                    {-4096, -T_EIO},
                                    {INT64_MIN, -T_EIO}};

    SHOWS("V24", "results and errors reach the caller; EINTR is not the daemon's to give");
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(0, 1, reader);
        CHECK_EQ(take(1), 1);
        CHECK_EQ(answer(records[0].caller, cases[i][0]), 16);
        end(0, 1);
        CHECK_EQ(results[0], cases[i][1]);
    }
}

/* ---- a client in a task of its own ---- */

/* Reads and writes BYTES at an odd place: its neighbourhood stays as it was. */
static int client_capture(void)
{
    uint8_t *page = guest_memory(4 * 4096), *buffer = page + ASKEW;
    int bad = 0;

    memset(page, GUARD, 4 * 4096);
    fd = (int)file_open("classic:capture", O_RDWR);
    bad += file_read(fd, buffer, BYTES) != BYTES;
    for (unsigned i = 0; i < 4 * 4096; i++)
        bad += page[i] != (i < ASKEW || i >= ASKEW + BYTES ? GUARD : 0xC3);
    bad += file_write(fd, buffer, BYTES) != BYTES;
    bad += file_read(fd, buffer, BYTES) != 10; /* a short one: the rest is as it was */
    for (unsigned i = 0; i < 4 * 4096; i++)
        bad += page[i] != (i < ASKEW || i >= ASKEW + BYTES ? GUARD
                           : i < ASKEW + 10                ? 0x11
                                                           : 0xC3) &&
               i / 4096 != 1;
    return bad != 0;
}

/* Every byte outside of the payload, in the pages where it lies. */
static unsigned outside(const uint8_t *at, uint8_t is)
{
    const uint8_t *first = (const uint8_t *)((uint64_t)at & ~0xFFFull);
    unsigned wrong = 0;

    for (unsigned i = 0; i < 2 * 4096; i++)
        wrong += (i < ASKEW || i >= ASKEW + BYTES) && first[i] != is;
    return wrong;
}

static void captures(void)
{
    SHOWS("V25,X8", "the daemon sees zeros around a buffer, and changes nothing there");
    long made = counter("captures_made");
    scheme_make(":classic", O_MAPPED);
    uint64_t from[5] = {1};
    CHECK_EQ(file_call(root, FCALL_MAP_FROM, from), 0);
    long tid = guest_child("capture", 0);
    CHECK_EQ(take(1), 1);
    CHECK_EQ(answer(records[0].caller, 1), 16);
    for (unsigned round = 0; round < 3; round++) {
        CHECK_EQ(take(1), 1);
        uint8_t *at = (uint8_t *)records[0].w[4];
        uint64_t page = (uint64_t)at & ~0xFFFull;
        bool write = TAG_OP(records[0].tag) == OP_write;
        CHECK_EQ((uint64_t)at % 4096, ASKEW);
        CHECK_EQ(outside(at, 0), 0);
        CHECK_EQ(sys_munmap(page, 4096), -T_EBUSY);
        CHECK_EQ(sys_munmap(page - 4096, 1 << 20), -T_EBUSY);
        CHECK_EQ(sys_mprotect(page, 4096, PROT_READ | PROT_WRITE), -T_EBUSY);
        if (write) {
            CHECK_EQ(at[0], 0xC3);
            CHECK_EQ(at[BYTES - 1], 0xC3);
            CHECK_EQ(guest_probe_write((uint64_t)at).vector, 14); /* only to be read */
            CHECK_EQ(guest_probe_write((uint64_t)at + 4096).vector, 14);
        } else {
            memset((void *)page, round ? 0x11 : 0xC3, 2 * 4096);
        }
        CHECK_EQ(answer(records[0].caller, round == 2 ? 10 : BYTES), 16);
        CHECK_EQ(guest_probe(page).vector, 14); /* gone with the answer */
    }
    CHECK_EQ(guest_wait(tid), 0);
    CHECK_EQ(counter("captures_made") - made, 3);
    CHECK_EQ(counter("captures"), 0);
    CHECK_EQ(file_close(root), 0);
}

/* ---- many, and without memory ---- */

static void crowd(uint64_t i)
{
    for (unsigned n = 0; n < REQUESTS / CROWD; n++)
        results[i] += file_read(fd, &words[i], 8);
}

static void back_pressure(void)
{
    static struct answer all[CROWD];
    unsigned served = 0;

    SHOWS("V38,X1,X7",
          "10000 requests of 100 threads to a daemon that stops: no allocation, none fails");
    int alloc = (int)file_open("sys:alloc", O_WRONLY);
    memset(results, 0, sizeof(results));
    begin(0, CROWD, crowd);
    for (unsigned i = 0; i < 2 * CROWD; i++)
        sys_yield(); /* all of them wait now */
    long pages = counter("page_allocs"), blocks = counter("pool_allocs");
    long read_pages = counter("page_allocs") - pages, read_blocks = counter("pool_allocs") - blocks;
    CHECK_EQ(file_write(alloc, "fail", 4), 4);
    CHECK_EQ(file_open("sys:counters", O_RDONLY), -T_ENOMEM);
    pages = -1;
    while (served < REQUESTS) {
        unsigned n = take(1);
        long more = file_read(root, records + 1, (CROWD - 1) * sizeof(records[0]));
        n += more > 0 ? (unsigned)more / (unsigned)sizeof(records[0]) : 0;
        for (unsigned i = 0; i < n; i++)
            all[i] = (struct answer){records[i].caller, 1};
        if (!n || file_write(root, all, n * sizeof(all[0])) != (long)(n * sizeof(all[0])))
            break;
        served += n;
    }
    CHECK_EQ(served, REQUESTS);
    CHECK_EQ(file_write(alloc, "ok", 2), 2);
    end(0, CROWD);
    for (unsigned i = 0; i < CROWD; i++)
        CHECK_EQ(results[i], REQUESTS / CROWD);
    /* the same with memory: what they take is what reading the counters takes */
    memset(results, 0, sizeof(results));
    begin(0, 1, crowd);
    while (take(1) && TAG_OP(records[0].tag) == OP_read && served++ < REQUESTS + 50)
        answer(records[0].caller, 1);
    pages = counter("page_allocs"), blocks = counter("pool_allocs");
    answer(records[0].caller, 1);
    for (unsigned i = 51; i < REQUESTS / CROWD && take(1); i++)
        answer(records[0].caller, 1);
    CHECK_EQ(counter("page_allocs") - pages, read_pages);
    CHECK_EQ(counter("pool_allocs") - blocks, read_blocks);
    end(0, 1);
    CHECK_EQ(file_close(alloc), 0);
}

/* Opens that many files of this daemon, then ends. */
static int client_closes(void)
{
    for (unsigned i = 0; i < CLOSES; i++)
        if (file_open("classic:many", O_RDONLY) < 0)
            return 1;
    return 0;
}

static void closes(void)
{
    static bool seen[CLOSES + 1];
    unsigned closed = 0;

    SHOWS("V32",
          "a task with 1000 descriptors ends at once while the daemon is stopped; it hears all");
    memset(seen, 0, sizeof(seen));
    long tid = guest_child("closes", 0);
    for (unsigned i = 1; i <= CLOSES && take(1); i++)
        answer(records[0].caller, i);
    uint64_t start = sys_clock(CLOCK_NS);
    CHECK_EQ(guest_wait(tid), 0); /* nobody reads the root meanwhile */
    CHECK(sys_clock(CLOCK_NS) - start < 2000000000);
    for (; closed < CLOSES && take(1) && records[0].w[0] <= CLOSES; closed++) {
        CHECK_EQ(TAG_OP(records[0].tag), OP_close);
        CHECK(!seen[records[0].w[0]]);
        seen[records[0].w[0]] = true;
    }
    CHECK_EQ(closed, CLOSES);
    CHECK_EQ(file_read(root, records, sizeof(records[0])), -T_EAGAIN);
}

/* ---- one daemon, both transports ---- */

static long served(const char *scheme, const char *route)
{
    const char *const argv[] = {"initfs:/bin/svc-ram", scheme, route, 0};
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    long tid = 0;

    return exec_spawn_ready(&what, &tid) < 0 ? -1 : tid;
}

/* Requests of all kinds and sizes; a sum of everything that came back. */
static uint64_t mixed(const char *path, unsigned count)
{
    static uint8_t buffer[8192];
    uint64_t sum = 0, seed = 1;
    int file = (int)file_open(path, O_RDWR | O_CREAT | O_TRUNC);

    memset(buffer, 0, sizeof(buffer));
    for (unsigned i = 0; i < count; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t n = seed >> 40 & 15 ? seed >> 33 & 63 : seed >> 33 & 8191;
        long got = seed >> 60 < 6    ? file_read(file, buffer, n)
                   : seed >> 60 < 9  ? file_seek(file, (long)(seed >> 20 & 0xFFF), SEEK_SET)
                   : seed >> 60 < 10 ? file_seek(file, 0, SEEK_END)
                                     : file_write(file, buffer, n);
        buffer[i % sizeof(buffer)] ^= (uint8_t)seed;
        sum = (sum << 7 | sum >> 57) ^ (uint64_t)got ^ buffer[n % sizeof(buffer)];
    }
    file_close(file);
    return sum;
}

static void routes(void)
{
    static const char *const names[] = {"t1", "t2", "t0", "t1h"};
    uint64_t sum[4];

    SHOWS("V18,V40", "one daemon serves mixed requests over both transports alike");
    for (unsigned i = 0; i < 4; i++) {
        unsigned count = (i < 2 ? MIXED : MIXED / 20) / part;
        long tid = served("both", names[i]), before = counter("records");
        CHECK(tid > 0);
        sum[i] = mixed("both:x", count);
        long records_read = counter("records") - before;
        if (i == 1)
            CHECK_EQ(records_read, 0);
        else
            CHECK(records_read > count * 8 / 10);
        CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
        guest_wait(tid);
    }
    CHECK_EQ(sum[0], sum[1]);
    CHECK_EQ(sum[2], sum[3]);
}

static void nothing_left(const long before[3])
{
    SHOWS("V21,V25", "no frame, description or capture is left");
    clock_settle();
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), before[0]);
    CHECK_EQ(counter("files"), before[1]);
    CHECK_EQ(counter("captures") + counter("captures_orphaned"), before[2]);
}

static void run(void)
{
    scheme_make(":classic", O_NONBLOCK);
    file_make(7);
    reads();
    answers();
    results_matrix();
    back_pressure();
    CHECK_EQ(file_close(fd), 0);
    CHECK_EQ(take(1), 1);
    closes();
    CHECK_EQ(file_close(root), 0);
    captures();
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return argv[1][1] == 'a' ? client_capture() : client_closes();
    part = argc > 1 ? 10 : 1;
    sys_taskctl(0, TASK_RXBUF, (struct taskctl){(uint64_t)receive, sizeof(receive), 0, 0});
    run(); /* once, so that pools and tables have grown */
    const long before[3] = {sysfile_number("sys:memory", "free_pages"), counter("files"), 0};
    run();
    nothing_left(before);
    routes();
    return guest_end("classic");
}

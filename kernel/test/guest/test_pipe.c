/* SPDX-License-Identifier: MIT
 * Pipes: what lies in them, who waits at them, what is whole, and that nothing of them stays
 * behind. The other sides are threads of this task or children of this program in a role. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define RING    65536u
#define ATOMIC  4096u
#define RECORDS 2000u  /* of each writer */
#define ROUNDS  20000u /* each seventh of them by a racer that has yielded 0 to 6 times */
#define SHORT   10u    /* "short": a part of both, for machines that are slow or prove no more */
#define MANY    100u
#define GIVEN   9u /* a child's descriptor */

static uint64_t block[RING / 8], back[RING / 8];
static int ends[2];
static uint64_t part = 1; /* records and rounds by this */

static void pipe_open(uint64_t flags)
{
    CHECK_EQ(sys_pipe2(flags, ends), 0);
}

static void pipe_shut(void)
{
    file_close(ends[0]);
    file_close(ends[1]);
}

static void fill(uint64_t seed)
{
    for (unsigned i = 0; i < RING / 8; i++)
        block[i] = seed + i * 0x9E3779B97F4A7C15ull;
}

/* Every length there and back, around each border. */
static void lengths(void)
{
    static const uint32_t sizes[] = {1,    7,    8,    9,    15,    39,    40, 41,    64,
                                     4095, 4096, 4097, 8192, 16383, 16384, 3,  40000, 65536};
    SHOWS("V26", "a pipe gives back what was written, at every length");
    pipe_open(0);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t n = sizes[i];
        fill(n);
        CHECK_EQ(file_write_all(ends[1], block, n), n);
        memset(back, 0, sizeof(back));
        CHECK_EQ(file_read_all(ends[0], back, n), n);
        CHECK(!memcmp(block, back, n));
    }
    CHECK_EQ(file_write(ends[1], block, 0), 0);
    CHECK_EQ(file_read(ends[0], back, 0), 0);
    CHECK_EQ(file_write(ends[0], block, 8), -T_EBADF);
    CHECK_EQ(file_read(ends[1], back, 8), -T_EBADF);
    pipe_shut();
    CHECK_EQ(sys_pipe2(O_CREAT, ends), -T_EINVAL);
}

/* Without waiting: what fits, in pieces above 4096 bytes and whole up to it. */
static void full_and_empty(void)
{
    SHOWS("V26", "64 KiB fit, writes up to 4096 bytes are whole or wait, EAGAIN without waiting");
    long put = 0, n;
    pipe_open(O_NONBLOCK);
    CHECK_EQ(file_read(ends[0], back, 8), -T_EAGAIN);
    CHECK_EQ(file_read(ends[0], back, 4096), -T_EAGAIN);
    while ((n = file_write(ends[1], block, sizeof(block))) > 0)
        put += n;
    CHECK_EQ(n, -T_EAGAIN);
    CHECK_EQ(put, RING);
    CHECK_EQ(file_write(ends[1], block, 1), -T_EAGAIN);
    CHECK_EQ(file_read_all(ends[0], back, 100), 100);
    CHECK_EQ(file_write(ends[1], block, ATOMIC), -T_EAGAIN); /* not a part of it */
    CHECK_EQ(file_write(ends[1], block, 101), -T_EAGAIN);
    CHECK_EQ(file_write(ends[1], block, ATOMIC + 1), 100); /* a part */
    CHECK_EQ(file_write(ends[1], block, 8), -T_EAGAIN);
    CHECK_EQ(file_read_all(ends[0], back, RING), RING);
    CHECK_EQ(file_read(ends[0], back, 8), -T_EAGAIN);
    file_close(ends[1]);
    CHECK_EQ(file_read(ends[0], back, 8), 0);
    CHECK_EQ(file_read(ends[0], back, 4096), 0);
    file_close(ends[0]);
    pipe_open(0);
    CHECK_EQ(file_write(ends[1], block, 8), 8);
    file_close(ends[1]);
    CHECK_EQ(file_read(ends[0], back, 4096), 8); /* the end comes behind the data */
    CHECK_EQ(file_read(ends[0], back, 4096), 0);
    file_close(ends[0]);
    pipe_open(0);
    file_close(ends[0]);
    CHECK_EQ(file_write(ends[1], block, 8), -T_EPIPE);
    CHECK_EQ(file_write(ends[1], block, 4097), -T_EPIPE);
    file_close(ends[1]);
}

/* A buffer that is none: an error, and the data is there for the next. */
static void bad_buffers(void)
{
    SHOWS("V26", "a bad buffer loses nothing");
    uint64_t hole = (uint64_t)guest_memory(8192);
    CHECK_EQ(sys_munmap(hole + 4096, 4096), 0);
    pipe_open(0);
    fill(5);
    CHECK_EQ(file_write(ends[1], block, 4000), 4000);
    CHECK_EQ(file_read(ends[0], (void *)(hole + 4096 - 1000), 4000), -T_EFAULT);
    CHECK_EQ(file_write(ends[1], (void *)(hole + 4096 - 1000), 4000), -T_EFAULT);
    memset(back, 0, 4096);
    CHECK_EQ(file_read(ends[0], back, RING), 4000);
    CHECK(!memcmp(back, block, 4000));
    pipe_shut();
    sys_munmap(hole, 4096);
}

static volatile uint64_t seen[8], started, done;

static void short_reader(uint64_t count)
{
    struct guest_regs r = {.rax = SYS_read, .rdi = (uint64_t)ends[0], .rsi = TAG_READ_SHORT};

    r.r10 = count;
    r.r8 = r.r9 = r.r12 = r.r13 = ~0ull;
    started = 1;
    guest_syscall(&r);
    seen[0] = r.rax, seen[1] = r.rdx, seen[2] = r.r10, seen[3] = r.r8, seen[4] = r.r9;
    seen[5] = r.r12, seen[6] = r.r13;
    done = 1;
    for (;;)
        sys_sleep(~0ull);
}

/* A write into the registers of a reader that waits: no byte more than was written, and a reader of
 * fewer gets its part and leaves the rest. */
static void into_registers(void)
{
    SHOWS("V26", "a waiting reader gets exactly the bytes written");
    for (unsigned n = 1; n <= 40; n++) {
        unsigned most = n % 3 || n < 2 ? 40 : n - 1;
        struct guest_regs w = {.rax = SYS_write, .rsi = TAG(0, 0, 8 + n, 0)};
        pipe_open(0);
        done = started = 0;
        CHECK(guest_thread(short_reader, most) > 0);
        while (!started)
            sys_yield();
        sys_yield();
        w.rdi = (uint64_t)ends[1];
        w.r10 = w.r8 = w.r9 = w.r12 = w.r13 = 0xA5A5A5A5A5A5A5A5ull;
        guest_syscall(&w);
        CHECK_EQ(w.rax, 0);
        CHECK_EQ(w.rdx, n);
        while (!done)
            sys_yield();
        unsigned got = most < n ? most : n;
        CHECK_EQ(seen[0], 0);
        CHECK_EQ(seen[1], got);
        for (unsigned i = 0; i < 5; i++) {
            unsigned left = got > 8 * i ? got - 8 * i : 0;
            uint64_t want = left >= 8 ? 0xA5A5A5A5A5A5A5A5ull
                                      : 0xA5A5A5A5A5A5A5A5ull & ((1ull << 8 * left) - 1);
            CHECK_EQ(seen[2 + i], want);
        }
        if (got < n)
            CHECK_EQ(file_read(ends[0], back, 40), n - got);
        pipe_shut();
    }
}

/* A record: the writer's number, 0 or 1, and the record's in each word. With 2 added it is short.
 */
__attribute__((noreturn)) static void writer_role(uint64_t number)
{
    uint64_t count = number & 2 ? RECORDS / SHORT : RECORDS;

    number &= 1;
    for (uint64_t k = 0; k < count; k++) {
        for (unsigned i = 0; i < ATOMIC / 8; i++)
            block[i] = number << 32 | k;
        if (file_write((int)GIVEN, block, ATOMIC) != ATOMIC)
            sys_exit(1);
    }
    sys_exit(0);
}

/* A child in that role with a descriptor of ours as GIVEN, for which it waits. */
static long child_with(const char *role, uint64_t number, int fd)
{
    long tid = guest_child(role, number);

    CHECK(tid > 0);
    CHECK_EQ(sys_taskctl((uint32_t)tid, TASK_FD, (struct taskctl){.a = GIVEN, .b = (uint64_t)fd}),
             GIVEN);
    CHECK_EQ(sys_notify((uint32_t)tid, 1), 0);
    return tid;
}

static void records(void)
{
    uint64_t next[2] = {0, 0};
    unsigned torn = 0, wrong = 0;

    SHOWS("V26", "two writers of 4096-byte records: no interleaving, no loss, in order");
    pipe_open(0);
    uint64_t brief = part > 1 ? 2 : 0;
    long a = child_with("writer", brief, ends[1]), b = child_with("writer", brief + 1, ends[1]);
    file_close(ends[1]);
    while (file_read_all(ends[0], back, ATOMIC) == ATOMIC) {
        uint64_t word = back[0], who = word >> 32;
        for (unsigned i = 1; i < ATOMIC / 8; i++)
            torn += back[i] != word;
        wrong += who > 1 || (uint32_t)word != next[who & 1]++;
    }
    CHECK_EQ(torn, 0);
    CHECK_EQ(wrong, 0);
    CHECK_EQ(next[0] + next[1], 2 * RECORDS / part);
    CHECK_EQ(guest_wait(a), 0);
    CHECK_EQ(guest_wait(b), 0);
    file_close(ends[0]);
}

/* What the racer has to do, one word: 0 nothing, then a descriptor + 1, at last to sleep. */
static volatile int race_close;

static void racer(uint64_t unused)
{
    unsigned turn = 0;
    (void)unused;
    for (;;) {
        while (!race_close)
            sys_yield();
        while (race_close < 0)
            sys_sleep(~0ull);
        for (unsigned i = 0; i < turn % 7; i++)
            sys_yield();
        turn++;
        file_close(race_close - 1);
        race_close = 0;
    }
}

static void races(void)
{
    unsigned wrong = 0;
    long n = 0;

    SHOWS("V26", "close against read and write: whoever waits hears of it");
    CHECK(guest_thread(racer, 0) > 0);
    for (unsigned i = 0; i < ROUNDS / part; i++) {
        wrong += sys_pipe2(0, ends) != 0;
        if (i % 4 == 3) { /* the reader goes under a writer that fills the pipe */
            race_close = ends[0] + 1;
            while ((n = file_write(ends[1], block, 16384)) > 0)
                ;
            wrong += n != -T_EPIPE;
        } else {
            if (i % 4 == 2)
                wrong += file_write(ends[1], block, 8) != 8;
            race_close = ends[1] + 1;
            n = file_read(ends[0], back, i % 2 ? 8 : 64);
            wrong += n != (i % 4 == 2 ? 8 : 0);
            wrong += i % 4 == 2 && file_read(ends[0], back, 8) != 0;
        }
        while (race_close)
            sys_yield();
        file_close(i % 4 == 3 ? ends[1] : ends[0]);
    }
    race_close = -1; /* who computes on keeps clock_settle waiting in vain */
    CHECK_EQ(wrong, 0);
}

static volatile unsigned woken;

static void one_reader(uint64_t bytes)
{
    long n = file_read(ends[0], back, bytes);

    woken += n == 8 ? 1 : 100;
    for (;;)
        sys_sleep(~0ull);
}

/* One record wakes one of those who wait, and a descriptor closed under a wait ends it. */
static void one_wakes(void)
{
    SHOWS("V26", "as few are woken as the data is for");
    pipe_open(0);
    woken = 0;
    for (unsigned i = 0; i < 4; i++)
        CHECK(guest_thread(one_reader, i % 2 ? 8 : 4096) > 0);
    clock_settle();
    for (unsigned i = 1; i <= 2; i++) {
        CHECK_EQ(file_write(ends[1], block, 8), 8);
        clock_settle();
        CHECK_EQ(woken, i);
    }
    file_close(ends[0]); /* the descriptor goes from under the two that still wait */
    clock_settle();
    CHECK_EQ(woken, 2 + 2 * 100);
    CHECK_EQ(file_write(ends[1], block, 8), -T_EPIPE);
    file_close(ends[1]);
}

__attribute__((noreturn)) static void stuck_role(uint64_t writes)
{
    long n = 1;

    while (n > 0)
        n = writes ? file_write((int)GIVEN, block, ATOMIC) : file_read((int)GIVEN, back, ATOMIC);
    sys_exit(n == -T_EBADF ? 3 : 4);
}

/* A task killed at a pipe leaves it as if it had never waited. */
static void killed(void)
{
    SHOWS("V26", "a killed waiter leaves the pipe whole");
    for (uint64_t writes = 0; writes < 2; writes++) {
        pipe_open(0);
        long tid = child_with("stuck", writes, ends[writes]);
        clock_settle();
        CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
        CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
        if (writes)
            CHECK_EQ(file_read_all(ends[0], back, RING), RING);
        CHECK_EQ(file_write(ends[1], block, 64), 64);
        CHECK_EQ(file_read(ends[0], back, RING), 64);
        pipe_shut();
    }
}

/* More than there once were, all as full as memory allows, all empty again. */
static void crowd(void)
{
    static int all[MANY][2];
    static uint32_t put[MANY];
    unsigned wrong = 0;
    long n;

    SHOWS("V26,X1", "a hundred full pipes, bounded by memory, and nothing of them stays");
    for (unsigned i = 0; i < MANY; i++) {
        wrong += sys_pipe2(O_NONBLOCK, all[i]) != 0;
        for (put[i] = 0; (n = file_write(all[i][1], block, 16384)) > 0;)
            put[i] += (uint32_t)n;
        wrong += n != -T_EAGAIN || put[i] < ATOMIC;
    }
    CHECK_EQ(put[0], RING);
    CHECK_EQ(sysfile_number("sys:counters", "pipes"), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        wrong += file_read_all(all[i][0], back, put[i]) != put[i];
        wrong += file_write(all[i][1], block, ATOMIC) != ATOMIC;
        file_close(all[i][0]);
        file_close(all[i][1]);
    }
    CHECK_EQ(wrong, 0);
}

static void nothing_left(void)
{
    long files = sysfile_number("sys:counters", "files");
    crowd(); /* whose pools stay */
    long pages = sysfile_number("sys:memory", "free_pages");
    crowd();
    records();
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages);
    CHECK_EQ(sysfile_number("sys:counters", "pipes"), 0);
    CHECK_EQ(sysfile_number("sys:counters", "files"), files);
}

static uint64_t number(const char *text)
{
    uint64_t value = 0;

    while (*text >= '0' && *text <= '9')
        value = value * 10 + (uint64_t)(*text++ - '0');
    return value;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc == 3)
        sys_wait(); /* until the descriptor is here */
    if (argc == 3 && !strcmp(argv[1], "writer"))
        writer_role(number(argv[2]));
    if (argc == 3)
        stuck_role(number(argv[2]));
    if (argc == 2) /* "short" */
        part = SHORT;
    lengths();
    full_and_empty();
    bad_buffers();
    into_registers();
    records();
    races();
    one_wakes();
    killed();
    nothing_left();
    return guest_end("pipe");
}

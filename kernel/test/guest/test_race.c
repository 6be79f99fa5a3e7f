/* SPDX-License-Identifier: MIT
 * Memory that changes under who looks at it: a second thread flips paths, lengths and whole
 * mappings while calls use them. What is used is what was checked, so each call ends in one of the
 * ways that some state at rest would give. */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define PAGE    4096ull
#define RW      (PROT_READ | PROT_WRITE)
#define FIXED   0x700000000ull
#define ROUNDS  2000u
#define FLIPS   51u /* of a turn: no multiple of what is taken in turns */
#define SMALL   16u
#define LIMIT   64u
#define HUGE    (1ull << 40)
#define PATTERN 0xA5u

enum flip { PATHS, LENGTHS, PAGES, STOP };

static volatile enum flip flip;
static volatile uint64_t path_word; /* read as one: "zero:\0" or "null:\0" */
static volatile uint64_t flips;

/* What both sides map: a length, then data. */
struct shared {
    volatile uint64_t length;
    uint8_t data[LIMIT];
};
static struct shared *shared;

static uint64_t path_of(const char *text)
{
    uint64_t word = 0;

    memcpy(&word, text, strlen(text));
    return word;
}

static void flip_once(uint64_t zero, uint64_t null)
{
    static const uint64_t lengths[] = {SMALL, HUGE, LIMIT, ~0ull, 0};

    flips++;
    if (flip == PATHS)
        path_word = flips & 1 ? zero : null;
    else if (flip == LENGTHS)
        shared->length = lengths[flips % 5];
    else if (flips & 1)
        sys_munmap(FIXED, PAGE);
    else
        sys_fmap(FIXED, PAGE, RW | MAP_PRIVATE | MAP_FIXED_NOREPLACE | (flips & 2 ? MAP_LAZY : 0));
}

static void mutate(uint64_t argument)
{
    const uint64_t zero = path_of("zero:"), null = path_of("null:");

    (void)argument;
    while (flip != STOP) {
        for (unsigned i = 0; i < FLIPS && flip != STOP; i++)
            flip_once(zero, null);
        sys_yield();
    }
    flips = 0;
    for (;;)
        sys_sleep(~0ull);
}

static void paths(void)
{
    unsigned seen[2] = {0, 0};
    uint8_t word[8];

    path_word = path_of("zero:");
    for (unsigned i = 0; i < ROUNDS; i++) {
        long fd = sys_open((const char *)&path_word, 5, O_RDONLY);
        memset(word, PATTERN, sizeof(word));
        long n = file_read((int)fd, word, sizeof(word));
        if (fd < 0 || !(n == 0 || (n == 8 && !word[0] && !word[7])))
            CHECK_EQ(fd, n);
        seen[n == 8]++;
        file_close((int)fd);
        if (i % 4 == 0)
            sys_yield();
    }
    CHECK(seen[0] && seen[1]);
}

/* The server's side: the length is read once, checked, and used. */
static long take(const struct shared *from)
{
    uint8_t copy[LIMIT];
    uint64_t length = from->length;

    if (length > LIMIT)
        return -T_EINVAL;
    memcpy(copy, from->data, length);
    for (uint64_t i = 0; i < length; i++)
        if (copy[i] != PATTERN)
            return -T_EIO;
    return (long)length;
}

static struct shared *attach(void)
{
    int fd = (int)file_open("shm:race", O_RDWR | O_CREAT);
    long at = sys_fmap_fd(fd, (struct fmap){0, PAGE, RW | MAP_SHARED, 0});

    CHECK_EQ(file_close(fd), 0);
    return at > 0 ? (struct shared *)at : 0;
}

static int server(void)
{
    struct msg m = {0};
    const struct shared *from = attach();

    if (!from || file_open(":race", O_RDWR | O_CREAT | O_EXCL) < 0)
        return 1;
    for (;;) {
        long kind = sys_reply_wait(&m);
        if ((uint8_t)kind != KIND_SCHEME)
            return 2;
        long result = TAG_OP(m.tag) == OP_fcall ? take(from) : 0;
        m = (struct msg){
            .tag = TAG(TAG_OP(m.tag), 0, 8, 0), .w = {(uint64_t)result}, .caller = m.caller};
    }
}

static void lengths(void)
{
    long tid = guest_child("serve", 0), fd;
    unsigned good = 0, refused = 0;

    while ((fd = file_open("race:", O_RDWR)) == -T_ENODEV)
        sys_yield();
    CHECK(fd >= 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t words[5] = {0};
        long n = file_call((int)fd, FCALL_SERVICE, words);
        good += n == SMALL || n == LIMIT || n == 0;
        refused += n == -T_EINVAL;
        if (i % 4 == 0)
            sys_yield();
    }
    CHECK_EQ(good + refused, ROUNDS);
    CHECK(good && refused);
    CHECK_EQ(file_close((int)fd), 0);
    CHECK_EQ(sys_kill((uint32_t)tid, SIGKILL), 0);
    CHECK_EQ(guest_wait(tid), 512 + SIGKILL);
}

/* A buffer that comes and goes: all of it is written, or the call fails. */
static void pages(void)
{
    int fd = (int)file_open("ram:race", O_RDWR | O_CREAT);
    unsigned whole = 0, fault = 0;

    CHECK(fd >= 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        file_seek(fd, 0, SEEK_SET);
        long n = file_write(fd, (const void *)FIXED, PAGE);
        whole += n == PAGE;
        fault += n == -T_EFAULT;
        if (i % 4 == 0)
            sys_yield();
    }
    CHECK_EQ(whole + fault, ROUNDS);
    CHECK(whole && fault);
    CHECK_EQ(file_truncate(fd, 0), 0);
    CHECK_EQ(file_close(fd), 0);
}

static void race(void)
{
    long before = sysfile_number("sys:memory", "mappings");

    SHOWS("X8", "paths, lengths and buffers that change meanwhile are used as they were checked");
    flip = PATHS;
    CHECK(guest_thread(mutate, 0) >= 0);
    paths();
    shared = attach();
    CHECK(shared);
    memset(shared->data, PATTERN, LIMIT);
    flip = LENGTHS;
    lengths();
    flip = PAGES;
    pages();
    flip = STOP;
    while (flips)
        sys_yield();
    sys_munmap(FIXED, PAGE);
    CHECK_EQ(sys_munmap((uint64_t)shared, PAGE), 0);
    CHECK_EQ(sysfile_number("sys:memory", "mappings"), before);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    guest_path_set(argv[0]);
    if (argc > 2)
        return server();
    race();
    return guest_end("race");
}

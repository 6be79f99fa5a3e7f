/* SPDX-License-Identifier: MIT
 * Descriptor tables and names by the thousand: growth to the limit, the lowest free number, prices
 * that do not grow, numbers that four threads reuse at once; and every system call number there is.
 */
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

#define FDS_MAX     65536u
#define MANY        60000u
#define SCHEMES     1000u
#define PRICE_TRIES 300u
#define STORM_FD    777u
#define STORM       1500u
#define THREADS     4u

static long files_before, pages_before;

/* The least that an open and close of that path take, in ticks: noise only adds. */
static uint64_t price(const char *path)
{
    uint64_t least = ~0ull;

    for (unsigned i = 0; i < PRICE_TRIES; i++) {
        uint64_t from = sys_clock(CLOCK_TSC), byte;
        int fd = (int)file_open(path, O_RDWR);
        file_read(fd, &byte, 8);
        file_close(fd);
        uint64_t ticks = sys_clock(CLOCK_TSC) - from;
        least = ticks < least ? ticks : least;
    }
    return least;
}

/* Duplicates until `limit` is open or the table is full; the last answer. */
static long fill(uint64_t limit)
{
    long fd = 0;

    while (fd >= 0 && (uint64_t)fd + 1 < limit)
        fd = file_dup(0);
    return fd;
}

static void tables(void)
{
    uint64_t few = price("zero:");

    SHOWS("V12",
          "60,000 descriptors cost what one costs, the lowest free is taken, 65,536 are all");
    CHECK_EQ(fill(MANY), MANY - 1);
    uint64_t many = price("zero:");
    if (!CHECK(many < few * 3))
        print("     few %lu many %lu\n", (unsigned long)few, (unsigned long)many);
    CHECK_EQ(fill(~0ull), -T_EMFILE);
    CHECK_EQ(file_open("null:", O_RDWR), -T_EMFILE);
    CHECK_EQ(sys_dup2(0, FDS_MAX - 1), FDS_MAX - 1);
    CHECK_EQ(sys_dup2(0, FDS_MAX), -T_EBADF);
    int ends[2];
    CHECK(sys_pipe2(0, ends) < 0);
    static const unsigned some[] = {40000, 300, 65535, 255, 256};
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(file_close((int)some[i]), 0);
    CHECK_EQ(file_dup(0), 255);
    CHECK_EQ(file_open("null:", O_RDWR), 256);
    CHECK_EQ(file_dup(256), 300);
    for (unsigned fd = 10; fd < FDS_MAX; fd++)
        (void)file_close((int)fd);
    CHECK_EQ(file_close(40000), -T_EBADF);
    CHECK_EQ(file_read(40000, ends, 8), -T_EBADF);
}

/* The names of a thousand schemes are more than a page. */
static void listing(void)
{
    static char text[65536];
    long n = file_text(":", text, sizeof(text));

    CHECK(n > 8 * (long)SCHEMES && text[n - 1] == '\n');
    CHECK(strncmp(text + n - 9, "many-999", 8) == 0);
}

static void schemes(void)
{
    static int root[SCHEMES];
    char name[16];
    uint64_t few = price("null:");

    SHOWS("V14,V19", "a thousand schemes cost what one costs; both spellings, names bounded");
    for (unsigned i = 0; i < SCHEMES; i++) {
        print_to(name, sizeof(name), ":many-%u", i);
        root[i] = (int)file_open(name, O_CREAT | O_EXCL);
    }
    CHECK(root[SCHEMES - 1] > 0);
    uint64_t many = price("null:");
    if (!CHECK(many < few * 3))
        print("     few %lu many %lu\n", (unsigned long)few, (unsigned long)many);
    CHECK_EQ(file_open(":many-7", O_CREAT | O_EXCL), -T_EEXIST);
    listing();
    for (unsigned i = 0; i < SCHEMES; i++)
        file_close(root[i]);
    CHECK(!sysfile_line(":", "many-999"));
    CHECK_EQ(file_open("many-7:", O_RDWR), -T_ENODEV);
    int fd = (int)file_open("/scheme/null", O_RDWR);
    CHECK(fd >= 0);
    file_close(fd);
}

static volatile uint64_t storm_wrong, storm_reads, storm_done;

/* Opens its own file, makes the number mean it, reads by the number whatever it means now. */
static void storm_run(uint64_t me)
{
    char path[] = "ram:storm-0", got[32];

    path[10] = (char)('0' + me);
    for (unsigned i = 0; i < STORM; i++) {
        int fd = (int)file_open(path, O_RDONLY);
        sys_dup2(fd, STORM_FD);
        file_close(fd);
        if (i % 7 == me)
            sys_yield();
        long n = file_read(STORM_FD, got, sizeof(got));
        for (long j = 0; j < n; j++)
            if (got[j] != got[0] || got[j] < 'a' || got[j] >= (char)('a' + THREADS))
                __atomic_fetch_add(&storm_wrong, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&storm_reads, n == sizeof(got), __ATOMIC_RELAXED);
        if (i % 3 == 0)
            file_close(STORM_FD);
    }
    __atomic_fetch_add(&storm_done, 1, __ATOMIC_RELAXED);
    for (;;)
        sys_sleep(~0ull >> 2);
}

static void storm(void)
{
    char path[] = "ram:storm-0", text[64];

    SHOWS("V12", "four threads reuse one number: never another file's data");
    for (unsigned i = 0; i < THREADS; i++) {
        path[10] = (char)('0' + i);
        int fd = (int)file_open(path, O_RDWR | O_CREAT | O_TRUNC);
        memset(text, (int)('a' + i), sizeof(text));
        CHECK_EQ(file_write(fd, text, sizeof(text)), sizeof(text));
        file_close(fd);
    }
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(guest_thread(storm_run, i) > 0);
    while (storm_done < THREADS)
        sys_yield();
    CHECK_EQ(storm_wrong, 0);
    CHECK(storm_reads > THREADS * STORM / 4);
    (void)file_close(STORM_FD);
    for (unsigned i = 0; i < THREADS; i++) {
        path[10] = (char)('0' + i);
        CHECK_EQ(file_unlink(path), 0);
        CHECK_EQ(file_open(path, O_RDONLY), -T_ENOENT);
    }
}

static void unlinked(void)
{
    uint64_t word = 5;
    int a = (int)file_open("ram:gone", O_RDWR | O_CREAT | O_TRUNC);

    SHOWS("V34", "an unlinked file lives until its last close; flags are the open file's");
    CHECK_EQ(file_write(a, &word, 8), 8);
    CHECK_EQ(file_unlink("ram:gone"), 0);
    CHECK_EQ(file_unlink("ram:gone"), -T_ENOENT);
    CHECK_EQ(file_unlink("null:"), -T_EACCES);
    CHECK_EQ(file_unlink("nobody:x"), -T_ENODEV);
    CHECK_EQ(file_unlink(":null"), -T_EINVAL);
    int b = (int)file_open("ram:gone", O_RDWR | O_CREAT);
    CHECK_EQ(file_read(b, &word, 8), 0);
    CHECK_EQ(file_seek(a, 0, SEEK_SET), 0);
    CHECK_EQ(file_read(a, &word, 8), 8);
    CHECK_EQ(word, 5);
    CHECK_EQ(sys_fcntl(a, FCNTL_SET_FLAGS, O_NONBLOCK), O_RDWR | O_CREAT | O_TRUNC);
    int c = (int)file_dup(a);
    CHECK_EQ(sys_fcntl(c, FCNTL_GET_FLAGS, 0), O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK);
    CHECK_EQ(sys_fcntl(c, FCNTL_SET_FLAGS, O_TRUNC), -T_EINVAL);
    CHECK_EQ(sys_fcntl(c, 2, 0), -T_EINVAL);
    CHECK_EQ(sys_fcntl(4000, FCNTL_GET_FLAGS, 0), -T_EBADF);
    file_close(a), file_close(b), file_close(c);
    CHECK_EQ(file_unlink("ram:gone"), 0);
}

/* Seeking makes no message: nobody serves while this task does not look. */
static void positions(void)
{
    int root = (int)file_open(":seek", O_CREAT | O_EXCL | O_POSITIONED);
    int fd = (int)file_open("ram:seek", O_RDWR | O_CREAT | O_TRUNC);

    SHOWS("V33", "a position is the kernel's, shared by duplicates; the size is asked for");
    CHECK_EQ(file_write(fd, "0123456789", 10), 10);
    int copy = (int)file_dup(fd);
    CHECK_EQ(file_seek(copy, 3, SEEK_SET), 3);
    CHECK_EQ(file_seek(fd, 2, SEEK_CUR), 5);
    CHECK_EQ(file_seek(fd, -1, SEEK_END), 9);
    CHECK_EQ(file_seek(fd, -11, SEEK_END), -T_EINVAL);
    CHECK_EQ(file_seek(copy, 0, SEEK_CUR), 9);
    file_close(fd), file_close(copy), file_close(root);
    CHECK_EQ(file_unlink("ram:seek"), 0);
}

static const uint32_t known[] = {
#define X(name, cls, kind, ret, index) SYS_##name,
    SYSCALLS(X)
#undef X
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* What a number must answer; 1: it is a call. */
static long number_expect(uint32_t number)
{
    long expect = -T_ENOSYS;

    for (unsigned i = 0; i < KNOWN; i++) {
        if (known[i] == number)
            return 1;
        if (!((known[i] ^ number) & ~SYS_NR(0u, 0xFu, SYS_RET_FILE, 0u)))
            expect = -T_EINVAL;
    }
    return expect;
}

static unsigned numbers_wrong, numbers_tried;

static void number_try(uint32_t number)
{
    long expect = number_expect(number);
    long have = expect == 1 ? 1 : syscall6(number, (struct syscall_args){1, 8, 8, 8, 8, 8});

    numbers_tried++;
    if (have != expect && numbers_wrong++ < 5)
        print("     number %x: %ld, not %ld\n", number, have, expect);
}

static void numbers(void)
{
    uint64_t random = 0x9E3779B97F4A7C15ull;

    SHOWS("V13", "each call with each wrong kind is EINVAL, all 16 x 16 of each index");
    CHECK(KNOWN <= SYS_TABLE_MAX);
    for (uint32_t index = 0; index <= SYS_INDEX_MASK; index++)
        for (uint32_t which = 0; which < 512; which++)
            number_try(SYS_NR(which >> 5, which >> 1 & 0xF, (which & 1) * SYS_RET_FILE, index));
    CHECK_EQ(numbers_wrong, 0);
    CHECK_EQ(numbers_tried, 512 * 64);
    SHOWS("V1", "numbers outside of the table: ENOSYS, and nothing happens");
    long tasks = sysfile_number("sys:counters", "files");
    for (unsigned i = 0; i < 50000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        number_try((uint32_t)(random >> 16));
    }
    CHECK_EQ(numbers_wrong, 0);
    CHECK_EQ(sysfile_number("sys:counters", "files"), tasks);
}

static void counts(void)
{
    files_before = sysfile_number("sys:counters", "files");
    pages_before = sysfile_number("sys:memory", "free_pages");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)envp;
    guest_path_set(argv[0]);
    for (unsigned round = 0; round < 2; round++) {
        counts();
        tables();
        schemes();
        positions();
        unlinked();
    }
    CHECK_EQ(sysfile_number("sys:counters", "files"), files_before);
    CHECK_EQ(sysfile_number("sys:memory", "free_pages"), pages_before);
    numbers();
    storm();
    return guest_end("fds");
}

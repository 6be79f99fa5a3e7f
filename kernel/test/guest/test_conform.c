/* SPDX-License-Identifier: MIT
 * What clients see of the neutral services, as a log: each line says what was asked of whom and
 * what came of it, nothing says where the service is. kernel/test/conform.py demands that the lines
 * are the same, byte for byte, in every placement, with and without isolation, on every machine.
 * A service is one row of `services`. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/guest.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/services/test/conformance.h"

#define PAGE     4096u
#define UNMAPPED 0x7000ull /* nothing of a program is there */

static unsigned char buffer[CONFORM_BYTES] __attribute__((aligned(4096)));

static const struct service {
    const char *name, *rest; /* what opens */
    unsigned flags;          /* with which it does */
} services[] = {{"null", "", O_RDWR},
                {"zero", "", O_RDWR},
                {"echo", "", O_RDWR},
                {"ram", "log", O_RDWR | O_CREAT},
                {"log", "log", O_RDWR | O_CREAT},
                {"shm", "log", O_RDWR | O_CREAT},
                {"chan", "log", O_RDWR | O_CREAT}};
#define SERVICES (sizeof(services) / sizeof(services[0]))

static const struct service *service; /* the present one */
static unsigned lines;

/* FNV-1a of what the buffer holds: the log's word for data. */
static uint32_t digest(const void *from, uint64_t bytes)
{
    const unsigned char *at = from;
    uint32_t hash = 0x811C9DC5u;

    for (uint64_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x01000193u;
    return hash;
}

/* One line; a negative result by its words. Descriptors' numbers are not told: 0 is any. */
static void told(const char *what, uint64_t a, uint64_t b, long result)
{
    print("conform %u %s %s %lu %lu: %ld%s%s\n", lines++, service->name, what, a, b, result,
          result < 0 ? " " : "", result < 0 ? error_text(result) : "");
}

static void told_data(const char *what, uint64_t a, uint64_t b, long result)
{
    told(what, a, b, result);
    print("conform %u %s data %x\n", lines++, service->name,
          digest(buffer, result > 0 ? (uint64_t)result : 0));
}

static void fill(uint64_t bytes, uint32_t seed)
{
    for (uint64_t i = 0; i < bytes; i++)
        buffer[i] = conform_byte(seed, i);
}

static int opened(const char *rest, unsigned flags)
{
    char path[80];

    print_to(path, sizeof(path), "%s:%s", service->name, rest);
    return (int)file_open(path, flags);
}

static int opened_good(void)
{
    int fd = opened(service->rest, service->flags);

    CHECK(fd >= 0);
    return fd;
}

static void opens(void)
{
    static const char *const rests[] = {"",    "x",   "/x",   "//",
                                        "a/b", "log", "/log", "a-name-of-thirty-two-characters-"};
    static const unsigned flags[] = {O_RDONLY,         O_WRONLY,         O_RDWR,
                                     O_RDWR | O_TRUNC, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL};

    for (unsigned i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
        for (unsigned j = 0; j < sizeof(flags) / sizeof(flags[0]); j++) {
            int fd = opened(rests[i], flags[j]);
            told("open", i, flags[j], fd < 0 ? fd : 0);
            if (fd >= 0)
                told("close", i, flags[j], file_close(fd));
        }
}

static const uint64_t sizes[] = {0,  1,   7,    8,    9,    39,   40,    41,    63,
                                 64, 255, 4095, 4096, 4097, 8192, 16384, 20000, 65536};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Every size to every service, aligned and not, and what is read back from the beginning. */
static void transfers(void)
{
    int fd = opened_good();

    for (unsigned i = 0; i < SIZES; i++)
        for (unsigned shift = 0; shift < 2; shift++) {
            fill(sizes[i] + shift * 3, i);
            told("write", sizes[i], shift, file_write(fd, buffer + shift * 3, sizes[i]));
            told("seek", 0, SEEK_SET, file_seek(fd, 0, SEEK_SET));
            memset(buffer, 0xA5, sizes[i] + 16);
            told_data("read", sizes[i], shift, file_read(fd, buffer + 0, sizes[i]));
            told("seek", 0, SEEK_SET, file_seek(fd, 0, SEEK_SET));
        }
    told("close", 0, 0, file_close(fd));
}

static void positions(void)
{
    static const struct {
        long offset;
        unsigned whence;
    } to[] = {{0, SEEK_CUR}, {5, SEEK_SET},     {-1, SEEK_SET},       {-3, SEEK_CUR},
              {0, SEEK_END}, {-10, SEEK_END},   {1l << 31, SEEK_SET}, {1l << 32, SEEK_SET},
              {0, 3},        {65535, SEEK_SET}, {65536, SEEK_SET},    {100000, SEEK_SET}};
    int fd = opened_good(), copy = (int)file_dup(fd);

    for (unsigned i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        told("seek", (uint64_t)to[i].offset, to[i].whence,
             file_seek(fd, to[i].offset, to[i].whence));
        told("where", 0, 0, file_seek(copy, 0, SEEK_CUR)); /* duplicates share it */
        told_data("read", 8, 0, file_read(copy, buffer, 8));
        told("write", 4, 0, file_write(fd, "abcd", 4));
    }
    told("close", 0, 0, file_close(fd));
    told("read", 8, 1, file_read(copy, buffer, 8));
    told("close", 1, 0, file_close(copy));
    told("close", 1, 1, file_close(copy));
    told("read", 8, 2, file_read(copy, buffer, 8));
}

/* The service's own calls, those that it has not, and the defaults of ops that it has not. */
static void calls(void)
{
    static const uint64_t kinds[] = {FCALL_STAT, FCALL_TRUNCATE, FCALL_SYNC, 6,
                                     50,         FCALL_SERVICE,  0xFF,       0};
    static const uint64_t arguments[] = {0, 10, 65536, 65537, ~0ull};
    int fd = opened_good();

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (unsigned j = 0; j < sizeof(arguments) / sizeof(arguments[0]); j++) {
            uint64_t words[5] = {arguments[j], 1, 2, 3, 4};
            told("fcall", kinds[i], arguments[j], file_call(fd, kinds[i], words));
            print("conform %u %s words %x\n", lines++, service->name, digest(words, sizeof(words)));
        }
    struct msg m = {.tag = TAG(0, 0, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t) "other", [5] = 5},
                    .caller = (uint64_t)fd};
    long result = sys_message(SYS_dup, &m);
    told("dup-path", 5, 0, result < 0 ? result : (long)m.w[0]);
    told("close", 0, 0, file_close(fd));
}

/* Names taken away, and files as memory; where it was mapped is not told. */
static void maps(void)
{
    static const struct {
        uint64_t offset, bytes, flags;
    } wanted[] = {
        {0, PAGE, PROT_READ | MAP_SHARED},    {0, PAGE, PROT_READ | PROT_WRITE | MAP_SHARED},
        {PAGE, PAGE, PROT_READ | MAP_SHARED}, {0, 2 * PAGE, PROT_READ | MAP_SHARED},
        {1, PAGE, PROT_READ | MAP_SHARED},    {0, 0, PROT_READ | MAP_SHARED},
        {0, PAGE, PROT_READ | MAP_PRIVATE},   {0, 1ull << 40, PROT_READ | MAP_SHARED}};
    int fd = opened_good();
    char path[80];

    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        long at =
            sys_fmap_fd(fd, (struct fmap){0, wanted[i].bytes, wanted[i].flags, wanted[i].offset});
        told("fmap", wanted[i].offset, wanted[i].bytes, at < 0 ? at : 0);
        if (at > 0)
            told("munmap", 0, 0, sys_munmap((uint64_t)at, wanted[i].bytes));
    }
    print_to(path, sizeof(path), "%s:%s", service->name, service->rest);
    told("unlink", 0, 0, file_unlink(path));
    told("unlink", 1, 0, file_unlink(path));
    told("close", 0, 0, file_close(fd));
}

static long path_dup(int fd, const char *path)
{
    struct msg m = {.tag = TAG(OP_dup, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {[4] = (uint64_t)path, [5] = strlen(path)},
                    .caller = (uint64_t)fd};
    long rax = sys_message(SYS_dup, &m);

    return rax < 0 ? rax : (long)m.w[0];
}

/* Both ends of a connection, where there are any; nothing here waits. */
static void streams(void)
{
    int listener = opened("streams", O_RDWR | O_CREAT | O_NONBLOCK), end[2];

    told("listen-early", 0, 0, path_dup(listener, "listen"));
    end[0] = (int)path_dup(listener, "connect");
    end[1] = (int)path_dup(listener, "listen");
    told("pair", 0, 0, end[0] < 0 || end[1] < 0);
    for (unsigned i = 0; i < SIZES; i++) {
        fill(sizes[i], i);
        told("write", sizes[i], i % 2, file_write(end[i % 2], buffer, sizes[i]));
        memset(buffer, 0xA5, sizes[i]);
        told_data("read", sizes[i], 0, file_read(end[!(i % 2)], buffer, sizes[i]));
        told_data("read", 8, 1, file_read(end[!(i % 2)], buffer, 8)); /* it is empty */
    }
    for (unsigned i = 0; i < 20; i++)
        told("fill", i, 0, file_write(end[0], buffer, 5000));
    told("close", 0, 0, file_close(end[0]));
    told_data("read-rest", 0, 0, file_read(end[1], buffer, CONFORM_ALL));
    told("read-end", 0, 0, file_read(end[1], buffer, 8));
    told("write-end", 0, 0, file_write(end[1], buffer, 8));
    told("close", 1, 0, file_close(end[1]));
    told("close", 2, 0, file_close(listener));
}

/* Buffers that are not there, half there, or only readable. */
static void addresses(void)
{
    static const char text[] = "constants are only readable";
    int fd = opened_good();
    unsigned char *half = buffer + sizeof(buffer) - PAGE;

    told("write", 64, 0, file_write(fd, buffer, 64));
    for (uint64_t n = 8; n <= 64; n += 56) {
        told("seek", 0, 0, file_seek(fd, 0, SEEK_SET));
        told("read-nowhere", n, 0, n > 40 ? file_read(fd, (void *)UNMAPPED, n) : 0);
        told("write-nowhere", n, 0, n > 40 ? file_write(fd, (void *)UNMAPPED, n) : 0);
        told("read-kernel", n, 0, n > 40 ? file_read(fd, (void *)~0xFFFFull, n) : 0);
        told("write-kernel", n, 0, n > 40 ? file_write(fd, (void *)~0xFFFFull, n) : 0);
    }
    told("seek", 0, 0, file_seek(fd, 0, SEEK_SET));
    told("write-text", sizeof(text), 0,
         file_write(fd, text, 41 < sizeof(text) ? 41 : sizeof(text)));
    told("write-end", PAGE, 0, file_write(fd, half, PAGE));
    told("read-again", 8, 0, file_read(fd, buffer, 8));
    told("write-large", MSG_SIZE_MAX, 0, file_write(fd, (void *)UNMAPPED, MSG_SIZE_MAX));
    told("close", 0, 0, file_close(fd));
}

/* Rights of the open, and numbers that are no descriptors. */
static void rights(void)
{
    for (unsigned flags = O_RDONLY; flags <= O_RDWR; flags++) {
        int fd = opened(service->rest, flags);
        told("read", flags, 0, file_read(fd, buffer, 8));
        told("write", flags, 0, file_write(fd, buffer, 8));
        told("write", flags, 64, file_write(fd, buffer, 64));
        int copy = (int)file_dup(fd);
        told("write", flags, 1, file_write(copy, buffer, 8));
        told("close", flags, 1, file_close(copy));
        told("close", flags, 0, file_close(fd));
        told("dup", flags, 2, file_dup(fd));
    }
}

/* As many as there can be; each closed once. */
static void many(void)
{
    static int fds[80];
    unsigned n = 0;

    while (n < 80 && (fds[n] = opened(service->rest, service->flags)) >= 0)
        n++;
    told("opens", n, 0, n < 80 ? fds[n] : 0);
    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(file_close(fds[i]), 0);
    clock_settle(); /* a server hears of closes when it runs */
    int fd = opened_good();
    told("close", n, 0, file_close(fd));
}

static void steps(void)
{
    static const struct conform_files files = {file_open, file_close, file_read, file_write,
                                               file_seek, file_dup,   file_stat, file_truncate};
    struct conform c = {&files, buffer, {0}};

    SHOWS("V10", "what null, zero, echo and ram are asked gives what the table says");
    for (unsigned i = 0; i < CONFORM_STEPS; i++)
        CHECK_EQ(conform_step(&c, &conform_steps[i]), conform_steps[i].expect);
}

/* Ops that a service has not answer the op's default. */
static void defaults(void)
{
    uint64_t words[5] = {0};
    int null = (int)file_open("null:", O_RDWR), echo = (int)file_open("echo:", O_RDWR);
    int chan = (int)file_open("chan:", O_RDWR | O_CREAT);

    SHOWS("V16", "a missing op answers its default error");
    CHECK_EQ(file_call(chan, FCALL_STAT, words), -T_EOPNOTSUPP);
    CHECK_EQ(file_call(chan, FCALL_TRUNCATE, words), -T_EOPNOTSUPP);
    CHECK_EQ(file_call(chan, FCALL_SYNC, words), -T_EOPNOTSUPP);
    CHECK_EQ(file_close(chan), 0);
    CHECK_EQ(file_seek(null, 0, SEEK_SET), -T_ESPIPE);
    CHECK_EQ(file_seek(echo, 0, SEEK_END), -T_ESPIPE);
    CHECK_EQ(syscall2(SYS_unlink, (uint64_t) "null:x", 6), -T_EACCES);
    CHECK_EQ(syscall2(SYS_unlink, (uint64_t) "echo:", 5), -T_EACCES);
    CHECK(syscall6(SYS_fmap, (struct syscall_args){(uint64_t)null, 0, PAGE, PROT_READ | MAP_SHARED,
                                                   0, 0}) < 0);
    CHECK_EQ(file_close(null), 0); /* null has no close: 0 */
    CHECK_EQ(file_close(echo), 0);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    steps();
    defaults();
    SHOWS("V10,T1", "the log of every op of every service was made");
    for (service = services; service < services + SERVICES; service++) {
        opens();
        transfers();
        positions();
        calls();
        addresses();
        rights();
        many();
        maps();
    }
    service = &services[SERVICES - 1];
    streams();
    CHECK(lines >= 300);
    CHECK(sysfile_line(":", "null") && sysfile_line(":", "ram"));
    return guest_end("conform");
}

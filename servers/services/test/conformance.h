/* SPDX-License-Identifier: MIT
 * What a client of null:, zero:, echo: and ram: must see, as one table, whatever the placement.
 * Invariant: steps use only the file calls of struct conform_files, so the same table runs on the
 * host over a mock and in a guest over servers/lib/file.h; it leaves no file open.
 * Data is a pattern that differs by position and by a step's seed. */
#ifndef TACH_SERVERS_SERVICES_TEST_CONFORMANCE_H
#define TACH_SERVERS_SERVICES_TEST_CONFORMANCE_H

#include <stdint.h>

#include "kernel/abi/abi.h"
#include "servers/lib/file.h"

/* The calls, with the meaning and the types of file.h. */
struct conform_files {
    long (*open)(const char *path, unsigned flags);
    long (*close)(int fd);
    long (*read)(int fd, void *buffer, uint64_t n);
    long (*write)(int fd, const void *buffer, uint64_t n);
    long (*seek)(int fd, long offset, unsigned whence);
    long (*dup)(int fd);
    long (*stat)(int fd, struct file_stat *out);
    long (*truncate)(int fd, uint64_t bytes);
};

enum conform_op {
    CONFORM_OPEN,     /* text: path, n: flags; expect 0 stands for any descriptor */
    CONFORM_CLOSE,    /* */
    CONFORM_WRITE,    /* n bytes of the pattern of seed */
    CONFORM_READ,     /* asks for n; what comes is the pattern of seed from byte `from` on */
    CONFORM_ZEROS,    /* asks for n; what comes is zeros */
    CONFORM_SEEK,     /* n: offset, from: whence */
    CONFORM_DUP,      /* into slot `from`; expect as for open */
    CONFORM_SIZE,     /* stat; expect: bytes */
    CONFORM_TRUNCATE, /* n: bytes */
};

struct conform_step {
    enum conform_op op;
    uint32_t slot; /* of the descriptor */
    const char *text;
    uint64_t n;
    uint32_t seed, from;
    long expect;
};

#define CONFORM_SLOTS 4u
#define CONFORM_BYTES (65536u + 4096u)
#define CONFORM_ALL   65536u
#define RW            O_RDWR
#define NEW           (O_RDWR | O_CREAT)

static const struct conform_step conform_steps[] = {
    /* null */
    {CONFORM_OPEN, 0, "null:", RW, 0, 0, 0},
    {CONFORM_OPEN, 1, "null:x", RW, 0, 0, -T_ENOENT},
    {CONFORM_READ, 0, 0, 8, 0, 0, 0},
    {CONFORM_READ, 0, 0, 4096, 0, 0, 0},
    {CONFORM_WRITE, 0, 0, 0, 1, 0, 0},
    {CONFORM_WRITE, 0, 0, 40, 1, 0, 40},
    {CONFORM_WRITE, 0, 0, 41, 1, 0, 41},
    {CONFORM_WRITE, 0, 0, CONFORM_ALL, 1, 0, CONFORM_ALL},
    {CONFORM_SEEK, 0, 0, 0, 0, SEEK_SET, -T_ESPIPE},
    {CONFORM_SIZE, 0, 0, 0, 0, 0, 0},
    {CONFORM_TRUNCATE, 0, 0, 0, 0, 0, -T_EINVAL},
    {CONFORM_DUP, 0, 0, 0, 0, 1, 0},
    {CONFORM_CLOSE, 0, 0, 0, 0, 0, 0},
    {CONFORM_WRITE, 1, 0, 8, 1, 0, 8},
    {CONFORM_CLOSE, 1, 0, 0, 0, 0, 0},
    {CONFORM_READ, 1, 0, 8, 0, 0, -T_EBADF},
    /* zero */
    {CONFORM_OPEN, 0, "zero:", RW, 0, 0, 0},
    {CONFORM_ZEROS, 0, 0, 0, 0, 0, 0},
    {CONFORM_ZEROS, 0, 0, 1, 0, 0, 1},
    {CONFORM_ZEROS, 0, 0, 8, 0, 0, 8},
    {CONFORM_ZEROS, 0, 0, 9, 0, 0, 9},
    {CONFORM_ZEROS, 0, 0, 40, 0, 0, 40},
    {CONFORM_ZEROS, 0, 0, 41, 0, 0, 41},
    {CONFORM_ZEROS, 0, 0, 4097, 0, 0, 4097},
    {CONFORM_ZEROS, 0, 0, CONFORM_ALL, 0, 0, CONFORM_ALL},
    {CONFORM_WRITE, 0, 0, 64, 1, 0, 64},
    {CONFORM_CLOSE, 0, 0, 0, 0, 0, 0},
    /* echo: a text a handle, read again and again, cut to 4096 bytes */
    {CONFORM_OPEN, 0, "echo:", RW, 0, 0, 0},
    {CONFORM_OPEN, 1, "echo:", RW, 0, 0, 0},
    {CONFORM_READ, 0, 0, 8, 0, 0, 0},
    {CONFORM_WRITE, 0, 0, 8, 1, 0, 8},
    {CONFORM_WRITE, 1, 0, 64, 2, 0, 64},
    {CONFORM_READ, 0, 0, 8, 1, 0, 8},
    {CONFORM_READ, 0, 0, 64, 1, 0, 8},
    {CONFORM_READ, 1, 0, 40, 2, 0, 40},
    {CONFORM_READ, 1, 0, 64, 2, 0, 64},
    {CONFORM_READ, 1, 0, 4096, 2, 0, 64},
    {CONFORM_WRITE, 0, 0, 40, 3, 0, 40},
    {CONFORM_READ, 0, 0, 40, 3, 0, 40},
    {CONFORM_WRITE, 0, 0, 4097, 4, 0, 4096},
    {CONFORM_READ, 0, 0, 4097, 4, 0, 4096},
    {CONFORM_DUP, 0, 0, 0, 0, 2, 0},
    {CONFORM_CLOSE, 0, 0, 0, 0, 0, 0},
    {CONFORM_READ, 2, 0, 5, 4, 0, 5},
    {CONFORM_WRITE, 2, 0, 0, 0, 0, 0},
    {CONFORM_READ, 2, 0, 5, 4, 0, 0},
    {CONFORM_SEEK, 2, 0, 0, 0, SEEK_CUR, -T_ESPIPE},
    {CONFORM_CLOSE, 2, 0, 0, 0, 0, 0},
    {CONFORM_CLOSE, 1, 0, 0, 0, 0, 0},
    /* ram: positions, pages, holes, limits */
    {CONFORM_OPEN, 0, "ram:conform", RW, 0, 0, -T_ENOENT},
    {CONFORM_OPEN, 0, "ram:", NEW, 0, 0, -T_EINVAL},
    {CONFORM_OPEN, 0, "ram:a-name-of-thirty-two-characters-", NEW, 0, 0, -T_ENAMETOOLONG},
    {CONFORM_OPEN, 0, "ram:conform", NEW | O_TRUNC, 0, 0, 0},
    {CONFORM_OPEN, 1, "ram:conform", NEW | O_EXCL, 0, 0, -T_EEXIST},
    {CONFORM_OPEN, 1, "ram:/conform", RW, 0, 0, 0},
    {CONFORM_SIZE, 0, 0, 0, 0, 0, 0},
    {CONFORM_READ, 0, 0, 8, 0, 0, 0},
    {CONFORM_WRITE, 0, 0, 8, 5, 0, 8},
    {CONFORM_READ, 0, 0, 8, 5, 0, 0},
    {CONFORM_READ, 1, 0, 8, 5, 0, 8},
    {CONFORM_SEEK, 0, 0, 4, 0, SEEK_SET, 4},
    {CONFORM_READ, 0, 0, 40, 5, 4, 4},
    {CONFORM_SEEK, 0, 0, 0, 0, SEEK_SET, 0},
    {CONFORM_WRITE, 0, 0, CONFORM_ALL, 6, 0, CONFORM_ALL},
    {CONFORM_WRITE, 0, 0, 1, 6, 0, -T_EFBIG},
    {CONFORM_WRITE, 0, 0, 64, 6, 0, -T_EFBIG},
    {CONFORM_SIZE, 1, 0, 0, 0, 0, CONFORM_ALL},
    {CONFORM_SEEK, 1, 0, 0, 0, SEEK_SET, 0},
    {CONFORM_READ, 1, 0, CONFORM_ALL, 6, 0, CONFORM_ALL},
    {CONFORM_SEEK, 1, 0, 4090, 0, SEEK_SET, 4090},
    {CONFORM_READ, 1, 0, 12, 6, 4090, 12},
    {CONFORM_SEEK, 1, 0, 4090, 0, SEEK_SET, 4090},
    {CONFORM_READ, 1, 0, 4100, 6, 4090, 4100},
    {CONFORM_SEEK, 1, 0, 0, 0, SEEK_END, CONFORM_ALL},
    {CONFORM_TRUNCATE, 0, 0, 10, 0, 0, 0},
    {CONFORM_TRUNCATE, 0, 0, 65537, 0, 0, -T_EFBIG},
    {CONFORM_SIZE, 1, 0, 0, 0, 0, 10},
    {CONFORM_READ, 1, 0, 8, 0, 0, 0},
    {CONFORM_TRUNCATE, 0, 0, 9000, 0, 0, 0},
    {CONFORM_SEEK, 1, 0, 10, 0, SEEK_SET, 10},
    {CONFORM_ZEROS, 1, 0, 9000, 0, 0, 8990},
    {CONFORM_SEEK, 1, 0, 12288, 0, SEEK_SET, 12288},
    {CONFORM_WRITE, 1, 0, 5, 7, 0, 5},
    {CONFORM_SEEK, 1, 0, 9000, 0, SEEK_SET, 9000},
    {CONFORM_ZEROS, 1, 0, 3288, 0, 0, 3288},
    {CONFORM_READ, 1, 0, 64, 7, 0, 5},
    {CONFORM_CLOSE, 1, 0, 0, 0, 0, 0},
    {CONFORM_OPEN, 1, "ram:conform", RW | O_TRUNC, 0, 0, 0},
    {CONFORM_SIZE, 0, 0, 0, 0, 0, 0},
    {CONFORM_DUP, 1, 0, 0, 0, 2, 0},
    {CONFORM_CLOSE, 2, 0, 0, 0, 0, 0},
    {CONFORM_CLOSE, 1, 0, 0, 0, 0, 0},
    {CONFORM_CLOSE, 0, 0, 0, 0, 0, 0},
};
#define CONFORM_STEPS (sizeof(conform_steps) / sizeof(conform_steps[0]))
#undef RW
#undef NEW

/* What a run needs; zero it, then set files and buffer (CONFORM_BYTES). */
struct conform {
    const struct conform_files *files;
    unsigned char *buffer;
    int fd[CONFORM_SLOTS];
};

static inline unsigned char conform_byte(uint32_t seed, uint64_t at)
{
    return (unsigned char)(seed * 37 + at * 7 + (at >> 8) * 3);
}

/* A descriptor into its slot; 0, or the error. */
static inline long conform_descriptor(struct conform *c, uint32_t slot, long fd)
{
    if (fd < 0)
        return fd;
    c->fd[slot] = (int)fd;
    return 0;
}

static inline long conform_write(const struct conform *c, const struct conform_step *s)
{
    for (uint64_t i = 0; i < s->n; i++)
        c->buffer[i] = conform_byte(s->seed, i);
    return c->files->write(c->fd[s->slot], c->buffer, s->n);
}

/* EIO: a byte is not what was expected, or one outside of the answer was changed. */
static inline long conform_read(const struct conform *c, const struct conform_step *s)
{
    for (uint64_t i = 0; i < s->n + 64; i++)
        c->buffer[i] = 0xA5;
    long got = c->files->read(c->fd[s->slot], c->buffer, s->n);
    uint64_t n = got > 0 ? (uint64_t)got : 0;
    for (uint64_t i = 0; i < s->n + 64; i++) {
        unsigned char byte = s->op == CONFORM_ZEROS ? 0 : conform_byte(s->seed, s->from + i);
        if (c->buffer[i] != (i < n ? byte : 0xA5))
            return -T_EIO;
    }
    return got;
}

static inline long conform_size(const struct conform *c, const struct conform_step *s)
{
    struct file_stat stat = {0, 0};
    long error = c->files->stat(c->fd[s->slot], &stat);
    return error < 0 ? error : (long)stat.bytes;
}

/* One step: what it gave; right when it equals step->expect. */
static inline long conform_step(struct conform *c, const struct conform_step *s)
{
    const struct conform_files *f = c->files;
    int fd = c->fd[s->slot];
    switch (s->op) {
    case CONFORM_OPEN:
        return conform_descriptor(c, s->slot, f->open(s->text, (unsigned)s->n));
    case CONFORM_CLOSE:
        return f->close(fd);
    case CONFORM_WRITE:
        return conform_write(c, s);
    case CONFORM_READ:
    case CONFORM_ZEROS:
        return conform_read(c, s);
    case CONFORM_SEEK:
        return f->seek(fd, (long)s->n, s->from);
    case CONFORM_DUP:
        return conform_descriptor(c, s->from, f->dup(fd));
    case CONFORM_SIZE:
        return conform_size(c, s);
    case CONFORM_TRUNCATE:
        return f->truncate(fd, s->n);
    }
    return -T_EINVAL;
}

#endif

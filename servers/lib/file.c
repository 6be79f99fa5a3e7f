/* SPDX-License-Identifier: MIT
 * File calls over the message registers.
 * Invariant: a short answer's bytes are taken from the registers only, never more than were asked
 * for, whatever a service claims. Called by all user programs. */
#include "servers/lib/file.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

/* The kernel's own error stands in rax, the service's result in W0. */
static inline long result(long rax, const struct msg *m)
{
    return rax < 0 ? rax : (long)m->w[0];
}

static inline uint64_t bounded(uint64_t n)
{
    return n < MSG_SIZE_MAX ? n : MSG_SIZE_MAX;
}

long file_open(const char *path, unsigned flags)
{
    return sys_open(path, strlen(path), flags);
}

long file_close(int fd)
{
    return sys_close(fd);
}

static long read_short(int fd, void *buffer, uint64_t n)
{
    struct msg m = {.tag = TAG_READ_SHORT, .w = {[1] = n}, .caller = (uint64_t)fd};
    long got = result(sys_message(SYS_read, &m), &m);
    if (got > (long)n)
        return -T_EIO;
    if (got > 0)
        memcpy(buffer, &m.w[1], (uint64_t)got);
    return got;
}

long file_read(int fd, void *buffer, uint64_t n)
{
    if (n <= FILE_INLINE_MAX)
        return read_short(fd, buffer, n);
    n = bounded(n);
    struct msg m = {.tag = TAG(OP_read, MSG_IN, MSG_LENGTH_BUFFER, 0),
                    .w = {[1] = n, [4] = (uint64_t)buffer, [5] = n},
                    .caller = (uint64_t)fd};
    long got = result(sys_message(SYS_read, &m), &m);
    /* An answer that could not be written to the buffer says so in its flags. */
    return got > 0 && TAG_FLAGS(m.tag) & MSG_TRUNC ? -T_EFAULT : got;
}

static long write_short(int fd, const void *buffer, uint64_t n)
{
    struct msg m = {.tag = TAG(OP_write, 0, 8 + n, 0), .caller = (uint64_t)fd};
    memcpy(&m.w[1], buffer, n);
    return result(sys_message(SYS_write, &m), &m);
}

long file_write(int fd, const void *buffer, uint64_t n)
{
    if (n <= FILE_INLINE_MAX)
        return write_short(fd, buffer, n);
    n = bounded(n);
    struct msg m = {.tag = TAG(OP_write, MSG_OUT, MSG_LENGTH_BUFFER, 0),
                    .w = {[1] = n, [4] = (uint64_t)buffer, [5] = n},
                    .caller = (uint64_t)fd};
    return result(sys_message(SYS_write, &m), &m);
}

long file_read_all(int fd, void *buffer, uint64_t n)
{
    uint64_t done = 0;
    while (done < n) {
        long got = file_read(fd, (unsigned char *)buffer + done, n - done);
        if (got < 0)
            return got;
        if (got == 0)
            break;
        done += (uint64_t)got;
    }
    return (long)done;
}

long file_write_all(int fd, const void *buffer, uint64_t n)
{
    uint64_t done = 0;
    while (done < n) {
        long put = file_write(fd, (const unsigned char *)buffer + done, n - done);
        if (put < 0)
            return put;
        if (put == 0)
            return -T_EIO; /* a service that takes nothing would keep us here for ever */
        done += (uint64_t)put;
    }
    return (long)done;
}

long file_seek(int fd, long offset, unsigned whence)
{
    return sys_lseek(fd, offset, whence);
}

long file_dup(int fd)
{
    struct msg m = {.tag = TAG(OP_dup, 0, 8, 0), .caller = (uint64_t)fd};
    return result(sys_message(SYS_dup, &m), &m);
}

long file_call(int fd, uint64_t kind, uint64_t words[5])
{
    struct msg m = {.tag = TAG(OP_fcall, 0, MSG_INLINE_MAX, 0), .caller = (uint64_t)fd};
    m.w[1] = kind;
    for (unsigned i = 0; i < 4; i++)
        m.w[2 + i] = words[i];
    long answer = result(sys_message(SYS_fcall, &m), &m);
    for (unsigned i = 0; i < 5; i++)
        words[i] = m.w[1 + i];
    return answer;
}

long file_stat(int fd, struct file_stat *out)
{
    uint64_t words[5] = {0};
    long answer = file_call(fd, FCALL_STAT, words);
    out->bytes = words[0];
    out->mode = words[1];
    return answer;
}

long file_truncate(int fd, uint64_t bytes)
{
    uint64_t words[5] = {bytes};
    return file_call(fd, FCALL_TRUNCATE, words);
}

long file_call_data(int fd, uint64_t kind, uint64_t words[5], struct file_data data)
{
    struct msg m = {.tag = TAG(OP_fcall, data.flags, MSG_LENGTH_BUFFER, 0),
                    .w = {0, kind, words[0], words[1], (uint64_t)data.buffer, data.n},
                    .caller = (uint64_t)fd};
    long answer = result(sys_message(SYS_fcall, &m), &m);
    for (unsigned i = 0; i < 5; i++)
        words[i] = m.w[1 + i];
    return answer > 0 && TAG_FLAGS(m.tag) & MSG_TRUNC ? -T_EFAULT : answer;
}

long file_path(int fd, char *path, uint64_t size)
{
    uint64_t words[5] = {0};
    long n = file_call_data(fd, FCALL_PATH, words, (struct file_data){path, size - 1, MSG_IN});
    path[n < 0 ? 0 : (uint64_t)n < size ? (uint64_t)n : size - 1] = 0;
    return n;
}

long file_entries(int fd, uint64_t from, void *buffer, uint64_t n)
{
    uint64_t words[5] = {from};
    return file_call_data(fd, FCALL_ENTRIES, words, (struct file_data){buffer, n, MSG_IN});
}

long file_sync(int fd)
{
    uint64_t words[5] = {0};
    return file_call(fd, FCALL_SYNC, words);
}

long file_unlink(const char *path)
{
    return sys_unlink(path, strlen(path));
}

long file_text(const char *path, char *buffer, uint64_t size)
{
    buffer[0] = 0;
    long fd = file_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    long got = file_read_all((int)fd, buffer, size - 1);
    file_close((int)fd);
    buffer[got > 0 ? got : 0] = 0;
    return got;
}

long file_put(const char *path, const char *text)
{
    long fd = file_open(path, O_WRONLY);
    if (fd < 0)
        return fd;
    long put = file_write_all((int)fd, text, strlen(text));
    file_close((int)fd);
    return put < 0 ? put : 0;
}

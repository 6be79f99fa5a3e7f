/* SPDX-License-Identifier: MIT
 * Where a task's descriptors lie: a window of kernel addresses, half of it slots that the fast path
 * reads, half of it what C keeps beside them; both grow by a chunk of FDS_CHUNK, a page each, and
 * never shrink while the task lives. Invariant: each thread's fd_limit is exactly what is mapped. A
 * chunk that nobody uses is all zero but for slots' stale scheme and handle. Called by task.c,
 * fd.c.
 */
#ifndef TACH_CORE_FDTABLE_H
#define TACH_CORE_FDTABLE_H

#include "kernel/core/task.h"

#define FDS_WORD 64u /* numbers that one word of bits is about */

/* A window with one chunk for a new task. ENOMEM: nothing is left behind. */
WARN_UNUSED enum err fds_create(struct task *task);

/* Gives the pages and the window back; every descriptor is closed. */
void fds_destroy(struct task *task);

/* Takes the lowest free number: it, EMFILE or ENOMEM. Its cost does not depend on how many there
 * are. */
long fds_take(struct task *task);

/* Takes that number. EBADF: beyond FDS_MAX, EBUSY: in use, ENOMEM. */
long fds_take_at(struct task *task, uint64_t fd);

/* The first number in use from `fd` on, or FDS_MAX. */
unsigned fds_next(const struct task *task, unsigned fd);

/* Where the description of a number below the limit stands. */
static inline struct file **fds_file(const struct task *task, uint64_t fd)
{
    return &task->fd.sides[fd].file;
}

static inline uint64_t fds_limit(const struct task *task)
{
    return task->fd.limit;
}

/* Which of the 64 numbers around `fd` are in use. */
static inline uint64_t *fds_word(const struct task *task, uint64_t fd)
{
    return &task->fd.sides[fd & ~(uint64_t)(FDS_WORD - 1)].used;
}

static inline uint64_t fds_bit(uint64_t fd)
{
    return 1ull << fd % FDS_WORD;
}

/* The number next in line is the lowest free one and not the last of its word: then this is
 * fds_take, and cannot fail. False: it takes a search. */
static inline bool fds_take_next(struct task *task, uint64_t fd)
{
    if (fd >= fds_limit(task) || *fds_file(task, fd))
        return false;
    uint64_t word = *fds_word(task, fd) | fds_bit(fd);
    if (!~word)
        return false;
    *fds_word(task, fd) = word;
    task->fd.used++;
    task->fd.next = (uint32_t)fd + 1;
    return true;
}

/* The number is free again. */
static inline void fds_release(struct task *task, uint64_t fd)
{
    uint64_t *word = fds_word(task, fd), chunk = fd / FDS_CHUNK;

    if (!~*word)
        task->fd.full[chunk / FDS_WORD] &= ~fds_bit(chunk);
    *word &= ~fds_bit(fd);
    task->fd.used--;
    if (fd < task->fd.next)
        task->fd.next = (uint32_t)fd;
}

#endif

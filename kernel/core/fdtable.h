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

/* A window with one chunk for a new task. ENOMEM: nothing is left behind. */
WARN_UNUSED enum err fds_create(struct task *task);

/* Gives the pages and the window back; every descriptor is closed. */
void fds_destroy(struct task *task);

/* Takes the lowest free number: it, EMFILE or ENOMEM. Its cost does not depend on how many there
 * are. */
long fds_take(struct task *task);

/* Takes that number. EBADF: beyond FDS_MAX, EBUSY: in use, ENOMEM. */
long fds_take_at(struct task *task, uint64_t fd);

/* The number is free again. */
void fds_release(struct task *task, unsigned fd);

/* The first number in use from `fd` on, or FDS_MAX. */
unsigned fds_next(const struct task *task, unsigned fd);

/* Where the description of a number below the limit stands. */
static inline struct file **fds_file(const struct task *task, uint64_t fd)
{
    return &task->fd.sides[fd / FDS_CHUNK].files[fd % FDS_CHUNK];
}

static inline uint64_t fds_limit(const struct task *task)
{
    return (uint64_t)task->fd.chunks * FDS_CHUNK;
}

#endif

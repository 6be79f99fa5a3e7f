/* SPDX-License-Identifier: MIT
 * Descriptors that go from task to task: sent on a file and obtained at its other side, or given as
 * the answer to an open. A descriptor in transit is a description held by its queue, so it is never
 * lost: it leaves the queue only for a number that was taken before. Called by fcall, file and
 * scheme; interrupts off. */
#ifndef TACH_CORE_PASSING_H
#define TACH_CORE_PASSING_H

#include "kernel/core/file.h"

/* Queues the caller's descriptor `fd` for whoever serves `file`, or for the other end of its pair:
 * 0; EBADF, EACCES (no FD_PASS), EINVAL (a scheme's root on that scheme), EOPNOTSUPP (nobody could
 * take it), EPIPE (the other end is closed), EAGAIN (too many wait), ENOMEM. */
long passing_send(const struct task *task, const struct file *file, uint64_t fd);

/* Gives the task the oldest descriptor that was sent to `file`: its number, and in *handle that of
 * the file it was sent on (0 at a pipe). EAGAIN: none waits, EOPNOTSUPP, EMFILE or ENOMEM: it waits
 * on. */
long passing_obtain(struct task *task, const struct file *file, uint64_t *handle);

/* The file is gone: what waits for it goes too. */
void passing_closed(struct scheme *s, uint32_t handle);
/* So does all that waits at a scheme that died. */
void passing_drop_all(struct scheme *s);

/* The server answered an open with its own descriptor `fd`, which leaves its table: a number of
 * the client's, with at most `rights`; EIO: no such descriptor or not to be passed; EMFILE, ENOMEM:
 * it is closed. */
struct move {
    struct task *from, *to;
    uint64_t fd;
    unsigned rights;
};
long passing_move(const struct move *move);

/* How many descriptors are in transit. */
uint32_t passing_count(void);

#endif

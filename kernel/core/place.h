/* SPDX-License-Identifier: MIT
 * Moving a service from one placement to another while clients use it: freeze (requests queue as
 * blocked callers, nothing is allocated), save and load its state in pieces, thaw. One move at a
 * time; it is held by one descriptor of open(":NAME", O_CREAT | O_ADOPT), or done at once by a
 * write to `sys:place` where both placements are in the kernel. A move that fails, or that takes
 * longer than PLACE_LIMIT_NS while somebody waits, leaves the service where it was; when that died
 * meanwhile the scheme ends as any does whose server dies. */
#ifndef TACH_CORE_PLACE_H
#define TACH_CORE_PLACE_H

#include "kernel/core/file.h"

#define PLACE_LIMIT_NS    2000000000ull
#define PLACE_PIECE_BYTES 4096u

/* Stands where a frozen scheme's server stands; its mailbox holds the requests. */
extern struct task task_frozen;

/* Once, with the schemes. */
void place_init(void);

/* Freezes the scheme of that name for t's task. A descriptor, or EACCES, ENODEV, EBUSY another move
 * is under way, EINVAL it is served by t's own task, EOPNOTSUPP it has no state to move, ENOMEM,
 * EMFILE. */
long place_open(struct thread *t, const char *name, uint64_t length);

/* FCALL_SAVE, FCALL_LOAD, FCALL_THAW of t on the descriptor of `file`. */
void place_call(struct thread *t, struct file *file);

/* t was queued at task_frozen: it will not wait beyond the move's end. */
void place_held(struct thread *t);

/* t, which waits at task_frozen, ran out of time. True: the move did; t goes on at the old place.
 */
bool place_expired(const struct thread *t);

/* The last descriptor of a root is gone: of the move, of a live scheme, or of neither. */
void place_root_gone(const struct file *file);

/* The scheme dies: if it is the one that moves, nobody waits for it any more. */
void place_scheme_died(const struct scheme *s);

/* "linked", "module" or "server". */
const char *place_name(const struct scheme *s);

/* The scheme that is frozen, or 0. */
const struct scheme *place_moving(void);

/* A write to sys:place: "NAME linked|module". Bytes, EINVAL, ENODEV, EBUSY, EEXIST it is there,
 * ENOENT no such module is loaded, EOPNOTSUPP a server takes part, or what the service says. */
long place_write(const char *word, uint64_t n);

/* What came of moves: how many ended either way; of the last one the freeze (TSC), freeze to thaw,
 * requests that waited, and pieces of state. */
extern struct place_last {
    uint64_t moves, rollbacks, since, gap_ticks, held, pieces;
} place_last;

#endif

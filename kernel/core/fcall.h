/* SPDX-License-Identifier: MIT
 * fcalls that the kernel answers itself, whoever serves the file: kinds from FCALL_KERNEL on, and
 * FCALL_PATH. A table over functions of the modules that own the matter. Called by file.c. */
#ifndef TACH_CORE_FCALL_H
#define TACH_CORE_FCALL_H

#include "kernel/core/file.h"

/* One such call: words[0] is W1, the kind, and so on; the results go into the same words. */
struct fcall {
    struct thread *t;
    struct file *file;
    uint64_t words[5];
};

/* Whether the kernel answers that kind. */
bool fcall_own(uint64_t kind);

/* The FD_* rights that a call of that kind needs. */
unsigned fcall_rights(uint64_t kind);

/* `task`, which is `own` or has not started, is in the namespace of that description from now on:
 * 0; EINVAL: it is none, EBUSY. */
long fcall_enter(const struct task *own, const struct file *file, struct task *task);

/* Answers the call in t's registers on that description. */
void fcall_answer(struct thread *t, struct file *file);

#endif

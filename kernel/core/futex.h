/* SPDX-License-Identifier: MIT
 * Waiting for a word of memory: the one primitive below every lock of user programs. See
 * kernel/abi/msg.h for what it does. Called by CORE, interrupts off. */
#ifndef TACH_CORE_FUTEX_H
#define TACH_CORE_FUTEX_H

#include "kernel/core/task.h"

/* Ready before the first task. */
void futex_init(void);

/* t's wait on shared memory is over, however it ended: its frame may go. */
void futex_forget(struct thread *t);

/* A thread of the task ended and asked for this word: it becomes 1, and all who wait on it
 * privately wake. A bad address is nobody's business any more. */
void futex_say_ended(struct task *task, vaddr_t word);

#endif

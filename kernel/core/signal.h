/* SPDX-License-Identifier: MIT
 * Signals: numbers that a task is told by those who govern it, each with a handler of its own.
 * Called by CORE, interrupts off, nothing blocks. */
#ifndef TACH_CORE_SIGNAL_H
#define TACH_CORE_SIGNAL_H

#include "kernel/core/task.h"

/* Tells the task: it dies of it, ignores it, or one thread that does not hold it back gets it on
 * its way to user mode, its wait ended by EINTR. While all hold it back, or are in too many
 * handlers, it stays pending. The task may be the current thread's. */
void signal_post(struct task *task, unsigned signal);

/* Pending signals of the task find a thread now, if one became free for them. */
void signal_retry(struct task *task);

/* t ends and its task lives on: what t has not been told goes to the others. */
void signal_hand_back(struct thread *t);

/* Ends t's innermost handler if that is a signal's. False: it is not. */
bool signal_return(struct thread *t, vaddr_t resume);

/* The signals that t holds back from now on; those before. */
uint32_t signal_hold(struct thread *t, uint32_t mask);

#endif

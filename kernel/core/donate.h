/* SPDX-License-Identifier: MIT
 * Priorities that are lent: a passive thread runs with the priority of whom it serves, and of who
 * waits to be served by it. Called by CORE, interrupts off, nothing blocks. */
#ifndef TACH_CORE_DONATE_H
#define TACH_CORE_DONATE_H

#include "kernel/core/task.h"

/* t queues at the mailbox of `task`: behind all of its priority, before all below. */
void donate_enqueue(struct task *task, struct thread *t);

/* The passive thread took the call of c. */
void donate_begin(struct thread *passive, struct thread *c);

/* c's call is over, however it ended: what it lent is taken back. */
void donate_end(struct thread *c);

/* The queue of a task with passive threads changed. */
void donate_refresh(struct task *task);

/* t's own priority, or whether it is passive. */
void donate_own(struct thread *t, uint8_t priority);
void donate_passive(struct thread *t, bool on);

/* t ends: it lends and borrows no more. */
void donate_forget(struct thread *t);

#endif

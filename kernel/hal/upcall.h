/* SPDX-License-Identifier: MIT
 * The six ways in which HAL calls CORE; there is no seventh, and a check of the symbols holds that.
 * All run on the CPU's kernel stack with interrupts off, run to completion and never block. */
#ifndef TACH_HAL_UPCALL_H
#define TACH_HAL_UPCALL_H

#include "kernel/hal/thread.h"

/* A system call of the current thread; number in t->rax, arguments in its registers. */
void core_syscall(struct thread *t);

/* An exception that t raised in user mode: vector 0..31, its error code, CR2 for a page fault. */
void core_trap(struct thread *t, unsigned vector, uint64_t error, uint64_t address);

/* The deadline of t has passed; its timer is no longer armed. */
void core_tick(struct thread *t);

/* t, which has BLOCK_SIGNAL, is about to run in user mode: its registers may become those of a
 * handler. Nothing else changes. */
void core_leave(struct thread *t);

/* A device interrupt on the given vector, acknowledged by the caller afterwards. */
void core_interrupt(unsigned vector);

/* No thread is ready: a chance for deferred work. True: something became ready. */
bool core_idle(void);

#endif

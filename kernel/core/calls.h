/* SPDX-License-Identifier: MIT
 * The system calls of class CORE and their kin. Each works on the saved registers of the current
 * thread: arguments in rdi rsi rdx r10 r8 r9, result in rax; none blocks inside the kernel. */
#ifndef TACH_CORE_CALLS_H
#define TACH_CORE_CALLS_H

#include "kernel/core/task.h"

void call_null(struct thread *t);
void call_exit(struct thread *t);
void call_spawn(struct thread *t);
void call_thread_create(struct thread *t);
void call_yield(struct thread *t);
void call_sleep(struct thread *t);
void call_clock(struct thread *t);
void call_self(struct thread *t);
void call_kill(struct thread *t);
void call_mprotect(struct thread *t);
void call_munmap(struct thread *t);
void call_fmap(struct thread *t);
void call_req_sys_mem(struct thread *t);
void call_taskctl(struct thread *t);
void call_waitpid(struct thread *t);
void call_sigreturn(struct thread *t);
void call_futex(struct thread *t);
void call_sigaction(struct thread *t);
void pipe_make(struct thread *t);

/* Pipes that are there. */
uint32_t pipe_count(void);

/* Ends the wait of t inside a service of the kernel by executing its call, of that number, again:
 * it sees the new state, and nothing needs to be remembered about it but its deadline. */
void call_again(struct thread *t, uint32_t number);

/* Sets what the fast path may do with the task's page faults, after its handler or its lazy memory
 * changed: a task that has any of that gets all of them by way of C. */
void fault_refresh(struct task *task);

/* TSC ticks of a number of nanoseconds, and back. */
uint64_t ns_to_ticks(uint64_t ns);
uint64_t ticks_to_ns(uint64_t ticks);

/* The task that the current thread may govern under this TID (0: its own), or 0: not there, not
 * its. */
struct task *task_governed(const struct thread *t, uint32_t tid);

#endif

/* SPDX-License-Identifier: MIT
 * A kernel in a host process for the tests of CORE: CORE itself, the real spaces, frames, threads
 * and scheduler of HAL, and the mock machine of kernel/hal/test below them. A test says which
 * thread makes which system call; nothing runs by itself. */
#ifndef TACH_CORE_TEST_KIT_H
#define TACH_CORE_TEST_KIT_H

#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/scheme.h"
#include "kernel/core/task.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/test/mock.h"

/* Each task of a test has this much memory, readable and writable, and nothing else. */
#define KIT_MEMORY ((vaddr_t)0x100000)
#define KIT_BYTES  0x20000ull

/* Once: memory, scheduler, schemes pipe, and the services null, zero, echo, ram linked. */
void kit_boot(void);

/* A task with one ready thread and its memory. */
struct thread *kit_task(uint32_t parent, uint32_t level);

/* A second thread of the same task. */
struct thread *kit_thread(struct task *task);

/* Registers of a system call beside rax, words in the order of the message. */
struct args {
    uint64_t rdi, rsi, w[6];
};

/* t, which is ready or current, makes the call. Returns rax as it then is: the result, unless t is
 * blocked. */
long sys(struct thread *t, uint32_t number, struct args args);

/* Neither running nor ready. */
bool blocked(const struct thread *t);

/* W0..W5 of t. */
uint64_t word_of(const struct thread *t, unsigned i);

/* Bytes of a task's memory. */
void poke(const struct thread *t, vaddr_t at, const void *from, uint64_t bytes);
void peek(const struct thread *t, vaddr_t at, void *to, uint64_t bytes);

/* open of a path that is written to the task's memory first. */
long kit_open(struct thread *t, const char *path, uint64_t flags);

/* Nothing waits in the mailbox. */
bool mailbox_empty(const struct task *task);

/* The invariants of task.h and thread.h over everything alive; the first that is broken, or 0. */
const char *kit_broken(void);

/* Ends every task there is. */
void kit_end_all(void);

#endif

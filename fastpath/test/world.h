/* SPDX-License-Identifier: MIT
 * A small kernel state at fixed addresses: everything that the path or its twin may touch for one
 * system call of one thread. world_make fills it at random within the invariants that task.h and
 * thread.h state, and with poison beside it that only a wrong index or a dropped compare would
 * find. */
#ifndef TACH_FASTPATH_TEST_WORLD_H
#define TACH_FASTPATH_TEST_WORLD_H

#include "fastpath/test/host.h"
#include "kernel/core/file.h"
#include "kernel/core/scheme.h"
#include "kernel/core/task.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"

#define W_THREADS 8u /* 0 makes the call; the last one is poison */
#define W_TASKS   5u /* the last one is poison */
#define W_SCHEMES 5u
#define W_FILES   8u
#define W_POISON  4u /* descriptors behind the table */

/* Each task has two pages from W_MEMORY, each folded to a few bytes. */
#define W_MEMORY       0x10000ull
#define W_MEMORY_BYTES (2 * PAGE_SIZE)
#define W_PAGE_KEPT    256u

enum operation {
    DO_CALL,
    DO_REPLY_WAIT,
    DO_READ,
    DO_NOTIFY,
    DO_NULL,
    DO_SIGRETURN,
    DO_FAULT,
    OPERATIONS
};

#define W_ENTRY_WORDS ((PERCPU_ENTRY_TOP - PERCPU_CPU - sizeof(struct cpu)) / 8)

struct world {
    struct thread thread[W_THREADS] __attribute__((aligned(64)));
    struct task task[W_TASKS] __attribute__((aligned(64)));
    struct scheme scheme[W_SCHEMES];
    struct file file[W_FILES];
    struct fd_side side[FDS_CHUNK]; /* one chunk is mapped */
    struct fd fds[FDS_CHUNK + W_POISON];
    struct memory {
        uint8_t prot[2];
        char byte[2][W_PAGE_KEPT];
    } memory[W_TASKS];
    struct cpu cpu __attribute__((aligned(64)));
    /* Neither copied nor compared with the rest, but by trap.c: the entry stack, where the real one
     * is seen from the CPU, and what lies behind it. */
    uint64_t entry[W_ENTRY_WORDS], behind[8];
};
_Static_assert(offsetof(struct world, behind) - offsetof(struct world, cpu) ==
                   PERCPU_ENTRY_TOP - PERCPU_CPU,
               "the entry stack ends where the assembly takes it to");

extern struct world world;

/* What the path takes for `tasks`: the real table, and behind it the poison task 4096 times. */
extern struct task *host_tasks[2 * TID_SLOTS];

/* What the service in the kernel will answer, and what it was asked. */
extern struct service_plan {
    long result;
    uint64_t words[5];
    struct svc *self;
    struct svc_req asked;
    unsigned calls;
} service_plan;

uint64_t world_random(uint64_t below); /* of 32 bits */
uint64_t world_random64(void);
void world_seed(uint64_t seed);

/* Once, before the first world. */
void world_init(void);

/* A new world and the user registers, in host_in, for one system call. pti: 0 off, 1 on, 2 PCID. */
void world_make(enum operation op, unsigned pti);

/* All that a call may change, without the entry stack. */
void world_copy(struct world *to, const struct world *from);

#endif

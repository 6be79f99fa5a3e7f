/* SPDX-License-Identifier: MIT
 * What ring-3 test programs share: checks that are counted and printed when they fail, threads,
 * children of the same program in another role, and raw system calls with every register chosen. */
#ifndef TACH_KERNEL_TEST_GUEST_H
#define TACH_KERNEL_TEST_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/lib/syscall.h"

/* Counts one check; a failed one is printed with its place. Returns the condition. */
bool guest_check(bool good, const char *what, int line);
#define CHECK(condition)     guest_check((condition), #condition, __LINE__)
#define CHECK_EQ(have, want) guest_check_equal((int64_t)(have), (int64_t)(want), #have, __LINE__)
bool guest_check_equal(int64_t have, int64_t want, const char *what, int line);

/* From here to the next one, or to guest_end, the checks show what rows of the feature list (their
 * numbers, parted by commas) promise. Printed at its end as "shows ROWS: ok, N checks: WHAT", or
 * FAIL; without a check it has failed. */
void guest_shows(const char *rows, const char *what);
#define SHOWS(rows, what) guest_shows(rows, what)

/* Checks that failed until now. */
unsigned guest_failed(void);

/* Prints "NAME: N passed, N failed"; the exit status of the program. */
int guest_end(const char *name);

/* A thread of this task on a fresh stack. Its slot, or an error. */
long guest_thread(void (*run)(uint64_t argument), uint64_t argument);

/* The program's own path, argv[0]: guest_child starts it. */
void guest_path_set(const char *path);

/* This program again as a child with argv[1] = role and argv[2] = a number. TID or an error. */
long guest_child(const char *role, uint64_t number);

/* Waits for that child; its status. */
uint64_t guest_wait(long tid);

/* Fresh memory, page aligned; ends the program if there is none. */
void *guest_memory(uint64_t bytes);

/* Every register that a system call may read or change, in the order of the assembly in call.asm.
 */
struct guest_regs {
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, r12, r13, rbx, rbp, r14, r15, rcx, r11, rflags;
};

/* Loads all of them, executes SYSCALL, stores all of them. */
void guest_syscall(struct guest_regs *regs);

/* A page-fault handler that resumes behind the next probe: see guest_probe. */
struct guest_fault {
    uint64_t vector, error, address, rip; /* vector 0: no fault */
};
/* Reads one byte at the address in user mode; what the fault was, if there was one. */
struct guest_fault guest_probe(uint64_t address);
/* Writes one byte; jumps there. */
struct guest_fault guest_probe_write(uint64_t address);
struct guest_fault guest_probe_jump(uint64_t address);

#endif

/* SPDX-License-Identifier: MIT
 * Running code that is meant to fault: whatever it does to its registers, stack pointer and flags,
 * control comes back behind guest_catch. One thread of a task at a time. */
#ifndef TACH_KERNEL_TEST_CATCH_H
#define TACH_KERNEL_TEST_CATCH_H

#include "kernel/test/guest/lib/guest.h"

/* Calls body(argument); the fault that ended it, vector 0 if none did. */
struct guest_fault guest_catch(void (*body)(uint64_t argument), uint64_t argument);

/* The same, with each #DB stepped over and counted: see step_count and step_rips. */
struct guest_fault guest_step(void (*body)(uint64_t argument), uint64_t argument);

/* The registers that the faulting code had, as they came back by sigreturn, rflags last. */
extern struct guest_regs catch_regs;
extern uint64_t catch_stack;     /* its stack pointer */
extern uint64_t catch_entry[9];  /* rax rbx rbp r8 r9 r12..r15 with which the handler began */
extern uint64_t catch_count;     /* faults since guest_catch began */
extern uint64_t catch_flags;     /* flags with which the handler calls sigreturn, 0: as they are */
extern void (*catch_hook)(void); /* called in the handler, 0: nothing */

#define STEPS_MAX 64u
extern uint64_t step_count, step_rips[STEPS_MAX];

#endif

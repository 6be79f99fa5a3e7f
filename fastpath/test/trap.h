/* SPDX-License-Identifier: MIT
 * The entry stack: what the CPU pushes for a page fault of the user, what the path pushes for
 * trap_user and for IRETQ. And the fault's and sigreturn's own part of a world. */
#ifndef TACH_FASTPATH_TEST_TRAP_H
#define TACH_FASTPATH_TEST_TRAP_H

#include "fastpath/test/world.h"

/* After world_make. For DO_FAULT host_in becomes what the trap stub hands on, and the entry stack
 * holds the hardware's frame; for DO_SIGRETURN the caller is in its handler, mostly. trace: the
 * variant's. */
void trap_make(enum operation op, bool trace);

/* The twin of trap_user and core_trap, in the world as it stands. */
void trap_run(void);

/* The entry stack holds what this way out, for this next thread, has to leave on it, and nothing
 * else was written there. */
bool trap_stack_good(const struct thread *next);

/* At trap_user: every register but rax is the user's still. */
bool trap_registers_good(void);

#endif

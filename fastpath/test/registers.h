/* SPDX-License-Identifier: MIT
 * The user's registers at the SYSCALL: mostly right for the operation, often nearly right, never
 * tame. Called by world.c once the world stands. */
#ifndef TACH_FASTPATH_TEST_REGISTERS_H
#define TACH_FASTPATH_TEST_REGISTERS_H

#include "fastpath/test/world.h"

/* Fills host_in and service_plan. */
void registers_make(enum operation op);

#endif

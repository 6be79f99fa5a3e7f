/* SPDX-License-Identifier: MIT
 * How a boot ends when the kernel is broken. */
#ifndef TACH_HAL_PANIC_H
#define TACH_HAL_PANIC_H

#include "kernel/hal/trap.h"

/* A panic out of a trap: the record shows the frame's registers and the root at that time. */
_Noreturn void panic_trap(const struct trap_frame *frame, const char *what, uint64_t root);

#endif

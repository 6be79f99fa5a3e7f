/* SPDX-License-Identifier: MIT
 * Files of sys: about one thing, sys:NAME/THING, for the debug console: sys:mbox/TID and
 * sys:peek/ADDRESS. Read-only. Called by sys.c when such a file is opened. */
#ifndef TACH_CORE_LOOK_H
#define TACH_CORE_LOOK_H

#include "kernel/core/text.h"

/* The mailbox of the task whose TID the decimal digits are. ESRCH, EINVAL. */
long look_mbox(struct text *text, const char *thing, uint64_t length);

/* 64 bytes at a hexadecimal address of the kernel half, from a multiple of 8 on. For level 0 only.
 * EINVAL no such address; EFAULT not mapped there, or device registers, whose reading may change
 * them. */
long look_peek(struct text *text, const char *thing, uint64_t length);

#endif

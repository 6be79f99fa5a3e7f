/* SPDX-License-Identifier: MIT
 * The loader's voice, at the serial port that port.h has and on the screen that screen.h has, and
 * its only way to give up. Called by main.c and paging.c. */
#ifndef TACH_LOADER_CONSOLE_H
#define TACH_LOADER_CONSOLE_H

#include <stdint.h>

void console_text(const char *text);
void console_dec(uint32_t value);
void console_hex(uint64_t value);

/* Prints "tach: exit V NAME: message: why" (why may be NULL), ends QEMU or Bochs, halts elsewhere.
 * code: one of EXITS in kernel/abi/boot.h. */
_Noreturn void loader_die(uint32_t code, const char *why);

#endif

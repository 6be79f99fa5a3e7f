/* SPDX-License-Identifier: MIT
 * Text for people: a small printf.
 * Knows %s %c %d %i %u %x %p %%, the length modifiers l, ll and z, a width and a leading 0 or -.
 * Invariant: a format that it does not know is printed as it stands, never skipped. */
#ifndef TACH_SERVERS_LIB_PRINT_H
#define TACH_SERVERS_LIB_PRINT_H

#include <stdarg.h>
#include <stdint.h>

/* Writes to descriptor 1 (the console) in lines as whole as fit; output errors are ignored. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* Into buffer[size], always NUL-terminated when size > 0: bytes that the whole text has. */
__attribute__((format(printf, 3, 4))) uint64_t print_to(char *buffer, uint64_t size,
                                                        const char *format, ...);
uint64_t print_list(char *buffer, uint64_t size, const char *format, va_list list);

/* The text of an error number, positive or negated. */
const char *error_text(long error);

#endif

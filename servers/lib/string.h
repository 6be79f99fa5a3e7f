/* SPDX-License-Identifier: MIT
 * Bytes and strings: the C standard's names with the C standard's meaning, as the compiler itself
 * calls some of them, and a few of our own. On the host the C library's stand in for the first.
 * Invariant: no state. Called by everything in user mode. */
#ifndef TACH_SERVERS_LIB_STRING_H
#define TACH_SERVERS_LIB_STRING_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *text, int c);

#endif

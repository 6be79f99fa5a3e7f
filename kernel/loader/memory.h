/* SPDX-License-Identifier: MIT
 * The three functions of <string.h> that a compiler may call on its own. The loader brings them in
 * memory.c; a host build takes the C library's. */
#ifndef TACH_LOADER_MEMORY_H
#define TACH_LOADER_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

/* SPDX-License-Identifier: MIT
 * The four functions that a compiler may call unasked. In kernel/hal/mem.c for the kernel; the host
 * has its own. */
#ifndef TACH_HAL_MEM_H
#define TACH_HAL_MEM_H

#include <stddef.h>

/* memcpy in the caller's own text: see mem.c. */
static inline void mem_copy(void *to, const void *from, size_t bytes)
{
    size_t words = bytes / 8, rest = bytes % 8;
    __asm__ volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
                     : "+D"(to), "+S"(from), "+c"(words)
                     : "r"(rest)
                     : "memory");
}

/* So many words of 8 bytes. */
static inline void mem_copy_words(void *to, const void *from, size_t words)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* As in C11 7.24. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

/* SPDX-License-Identifier: MIT
 * Block moves of the loader. Whole words first: the emulators take one step for each unit of a
 * string instruction, and a kernel image is hundreds of KiB. Not linked into host programs. */
#include "kernel/loader/memory.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *d = to;
    size_t words = bytes / 4, rest = bytes % 4;
    __asm__ volatile("rep movsl; mov %3, %2; rep movsb"
                     : "+D"(d), "+S"(from), "+c"(words)
                     : "r"(rest)
                     : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if (bytes == 0 || (uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    /* Downwards, and in assembly: of a loop in C a compiler may make a call of memmove. */
    void *d = (uint8_t *)to + bytes - 1;
    const void *s = (const uint8_t *)from + bytes - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *d = to;
    uint32_t fill = (uint8_t)value * 0x01010101u;
    size_t words = bytes / 4, rest = bytes % 4;
    __asm__ volatile("rep stosl; mov %2, %1; rep stosb"
                     : "+D"(d), "+c"(words)
                     : "r"(rest), "a"(fill)
                     : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *p = a, *q = b;
    for (size_t i = 0; i < bytes; i++)
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    return 0;
}

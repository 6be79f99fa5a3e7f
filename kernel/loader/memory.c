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
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= bytes)
        return memcpy(to, from, bytes);
    while (bytes--)
        d[bytes] = s[bytes];
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

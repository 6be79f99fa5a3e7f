/* SPDX-License-Identifier: MIT
 * memcpy, memmove, memset, memcmp. String instructions of 8 bytes: one instruction counted for each
 * word where the best loop without vectors takes more than one, and the same count on every CPU,
 * since nothing depends on fast-string support. Called by everybody, and by the compiler. DF is
 * clear in the kernel. */
#include "kernel/hal/mem.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    mem_copy(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    /* Forward is right unless the destination begins inside of the source. */
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    unsigned char *d = to;
    const unsigned char *s = from;
    while (bytes--) {
        d[bytes] = s[bytes];
        __asm__ volatile("" : : : "memory"); /* or the compiler makes this a call of memmove */
    }
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    void *end = to;
    uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
    size_t words = bytes / 8, rest = bytes % 8;
    __asm__ volatile("rep stosq" : "+D"(end), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(end), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < bytes; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

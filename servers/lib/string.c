/* SPDX-License-Identifier: MIT
 * Bytes and strings. Copies go by REP MOVSB/STOSB: one instruction that every machine of today does
 * fast, and no vector registers. Invariant: no state. Compiled with -fno-builtin and
 * -fno-tree-loop-distribute-patterns, or memset would be made into a call of itself. */
#include "servers/lib/string.h"

void *memcpy(void *to, const void *from, size_t n)
{
    void *target = to;
    __asm__ volatile("rep movsb" : "+D"(target), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    unsigned char *target = to;
    const unsigned char *source = from;
    while (n-- > 0)
        target[n] = source[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    void *target = to;
    __asm__ volatile("rep stosb" : "+D"(target), "+c"(n) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] || !a[i])
            return (unsigned char)a[i] - (unsigned char)b[i];
    return 0;
}

char *strchr(const char *text, int c)
{
    for (; *text != (char)c; text++)
        if (!*text)
            return 0;
    return (char *)(uintptr_t)text;
}

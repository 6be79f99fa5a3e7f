/* SPDX-License-Identifier: MIT
 * Bytes and strings. Copies go by REP MOVSQ/STOSQ and a tail of bytes: fast on every machine of
 * today, without vector registers, and cheap to count. Invariant: no state; no loop here looks like
 * one of these functions to a compiler, which could make it into a call of itself. */
#include "servers/lib/string.h"

void *memcpy(void *to, const void *from, size_t n)
{
    void *target = to;
    size_t words = n / 8, bytes = n % 8;
    __asm__ volatile("rep movsq\n\tmov %3, %%rcx\n\trep movsb"
                     : "+D"(target), "+S"(from), "+c"(words)
                     : "r"(bytes)
                     : "memory");
    return to;
}

/* Down by less than a word: only bytes may be moved at a time. */
static void *move_down(void *to, const void *from, size_t n)
{
    void *target = to;
    __asm__ volatile("rep movsb" : "+D"(target), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n && (uintptr_t)from - (uintptr_t)to >= 8)
        return memcpy(to, from, n);
    if ((uintptr_t)to < (uintptr_t)from)
        return move_down(to, from, n);
    unsigned char *target = to;
    const unsigned char *source = from;
    while (n-- > 0)
        target[n] = source[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    void *target = to;
    size_t words = n / 8, bytes = n % 8;
    uint64_t word = (unsigned char)value * 0x0101010101010101u;
    __asm__ volatile("rep stosq\n\tmov %2, %%rcx\n\trep stosb"
                     : "+D"(target), "+c"(words)
                     : "r"(bytes), "a"(word)
                     : "memory");
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

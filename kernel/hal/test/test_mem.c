/* SPDX-License-Identifier: MIT
 * The kernel's memory functions, under other names, against the plainest loops: all small lengths
 * and alignments, overlaps both ways, and not a byte beyond. */
#define memcpy  tach_memcpy
#define memmove tach_memmove
#define memset  tach_memset
#define memcmp  tach_memcmp
#include "kernel/hal/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

#include <stdbool.h>

#include "traces/test/check.h"

#define ROOM 96u

static unsigned char got[ROOM], want[ROOM], source[ROOM];

static void fill(void)
{
    for (unsigned i = 0; i < ROOM; i++) {
        got[i] = want[i] = (unsigned char)(i * 7 + 1);
        source[i] = (unsigned char)(200 - i);
    }
}

static bool same(void)
{
    for (unsigned i = 0; i < ROOM; i++)
        if (got[i] != want[i])
            return false;
    return true;
}

static void test_at(unsigned to, unsigned from, unsigned bytes)
{
    unsigned char kept[ROOM];
    fill();
    for (unsigned i = 0; i < bytes; i++)
        want[to + i] = source[from + i];
    CHECK(tach_memcpy(got + to, source + from, bytes) == got + to);
    CHECK(same());
    fill();
    for (unsigned i = 0; i < ROOM; i++)
        kept[i] = want[i];
    for (unsigned i = 0; i < bytes; i++)
        want[to + i] = kept[from + i];
    CHECK(tach_memmove(got + to, got + from, bytes) == got + to);
    CHECK(same());
    fill();
    for (unsigned i = 0; i < bytes; i++)
        want[to + i] = (unsigned char)(0x180 + from);
    CHECK(tach_memset(got + to, (int)(0x180 + from), bytes) == got + to);
    CHECK(same());
}

static void test_compare(void)
{
    unsigned char a[20] = {0}, b[20] = {0};
    CHECK_EQ(tach_memcmp(a, b, 20), 0);
    for (unsigned i = 0; i < 20; i++) {
        b[i] = 0x80;
        CHECK(tach_memcmp(a, b, 20) < 0);
        CHECK(tach_memcmp(b, a, 20) > 0);
        CHECK_EQ(tach_memcmp(a, b, i), 0);
        b[i] = 0;
    }
}

int main(void)
{
    for (unsigned to = 0; to < 16; to++)
        for (unsigned from = 0; from < 24; from++)
            for (unsigned bytes = 0; bytes <= 40; bytes++)
                test_at(to, from, bytes);
    test_compare();
    return check_end("hal_mem");
}

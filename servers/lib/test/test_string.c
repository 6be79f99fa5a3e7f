/* SPDX-License-Identifier: MIT
 * The user library's byte functions against the C library's: every length and every alignment that
 * the word copies could get wrong, overlaps in both directions, and the bytes around. */
#include <stdlib.h>

/* Ours under other names, beside the C library's. */
#define memcpy  user_memcpy
#define memmove user_memmove
#define memset  user_memset
#define memcmp  user_memcmp
#define strlen  user_strlen
#define strcmp  user_strcmp
#define strncmp user_strncmp
#define strchr  user_strchr
#include "servers/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr

#include <string.h>

#include "bench/test/unit.h"

#define BYTES 96u
#define MOST  40u

static unsigned char a[BYTES], b[BYTES], source[BYTES];

static void fill(void)
{
    for (unsigned i = 0; i < BYTES; i++)
        source[i] = a[i] = b[i] = (unsigned char)(i * 29 + 7);
}

static void test_copies(void)
{
    for (size_t n = 0; n <= MOST; n++)
        for (size_t to = 0; to < 24; to++)
            for (size_t from = 0; from < 24; from++) {
                fill();
                EXPECT(user_memmove(a + to, a + from, n) == a + to);
                memmove(b + to, b + from, n);
                EXPECT(!memcmp(a, b, BYTES));
                fill();
                user_memcpy(a + to, source + from, n);
                memcpy(b + to, source + from, n);
                EXPECT(!memcmp(a, b, BYTES));
            }
}

static void test_sets(void)
{
    for (size_t n = 0; n <= MOST; n++)
        for (size_t to = 0; to < 16; to++) {
            fill();
            EXPECT(user_memset(a + to, -3, n) == a + to);
            memset(b + to, -3, n);
            EXPECT(!memcmp(a, b, BYTES));
        }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_strings(void)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "abd", "b", "\xFF", "abc\x80"};
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < 8; j++) {
            const char *x = texts[i], *y = texts[j];
            EXPECT(sign(user_strcmp(x, y)) == sign(strcmp(x, y)));
            EXPECT(sign(user_strncmp(x, y, 2)) == sign(strncmp(x, y, 2)));
            EXPECT(sign(user_memcmp(x, y, 1)) == sign(memcmp(x, y, 1)));
            EXPECT(user_strlen(x) == strlen(x));
            EXPECT(user_strchr(x, y[0]) == strchr(x, y[0]));
        }
}

int main(void)
{
    test_copies();
    test_sets();
    test_strings();
    return unit_done("string");
}

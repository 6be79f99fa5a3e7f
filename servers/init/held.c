/* SPDX-License-Identifier: MIT
 * What a test leaves behind: sys:held before and after it. Servers hear of closes later than
 * clients close, so the second reading may come late, but then it must be the same to the last
 * line. Called by init.c around a program of the boot word test. */
#include "servers/init/init.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define HELD_PATH    "sys:held"
#define HELD_BYTES   1024u
#define SETTLE_NS    2000000ull
#define SETTLE_TIMES 500u

static char before[HELD_BYTES], after[HELD_BYTES];

bool held_read(void)
{
    return file_text(HELD_PATH, before, sizeof(before)) > 0;
}

/* The line that begins at `at`, without its end; moves on. */
static uint64_t line_next(const char **at)
{
    const char *end = *at;
    while (*end && *end != '\n')
        end++;
    uint64_t length = (uint64_t)(end - *at);
    *at = *end ? end + 1 : end;
    return length;
}

static void differences_print(void)
{
    const char *was = before, *is = after;
    while (*was && *is) {
        const char *a = was, *b = is;
        uint64_t n = line_next(&was), m = line_next(&is);
        char text[2][64] = {{0}, {0}};
        if (n == m && !memcmp(a, b, n))
            continue;
        memcpy(text[0], a, n < 63 ? n : 63);
        memcpy(text[1], b, m < 63 ? m : 63);
        print("held: was %s, is %s\n", text[0], text[1]);
    }
}

bool held_same(void)
{
    for (unsigned i = 0; i < SETTLE_TIMES; i++) {
        if (file_text(HELD_PATH, after, sizeof(after)) <= 0)
            return false;
        if (!strcmp(before, after))
            return true;
        sys_sleep(sys_clock(CLOCK_NS) + SETTLE_NS);
    }
    differences_print();
    return false;
}

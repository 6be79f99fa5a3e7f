/* SPDX-License-Identifier: MIT
 * What a test leaves behind: sys:held before and after it. Servers hear of closes later than
 * clients close, so the second reading may come late, but then it must be the same to the last
 * line. Called by init.c around a program of the boot word test. */
#include "servers/init/init.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define HELD_PATH     "sys:held"
#define HELD_BYTES    1024u
#define SETTLE_NS     2000000ull
#define SETTLE_TIMES  500u
#define SETTLED_TIMES 10u

static char before[HELD_BYTES], after[HELD_BYTES];

static void settle(void)
{
    sys_sleep(sys_clock(CLOCK_NS) + SETTLE_NS);
}

/* What the start of the machine has open yet goes. A host that takes the CPU away makes each nap
 * short for those who should run meanwhile, so one that changed nothing says little. */
bool held_read(void)
{
    unsigned same = 0;
    before[0] = '\0';
    for (unsigned i = 0; i < SETTLE_TIMES && same < SETTLED_TIMES; i++) {
        if (file_text(HELD_PATH, after, sizeof(after)) <= 0)
            return false;
        same = strcmp(before, after) ? 0 : same + 1;
        memcpy(before, after, sizeof(before));
        settle();
    }
    return same == SETTLED_TIMES;
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

/* The number at the end of a line. */
static uint64_t line_number(const char *line, uint64_t length)
{
    uint64_t value = 0;
    for (uint64_t i = 0; i < length; i++)
        value = line[i] >= '0' && line[i] <= '9' ? value * 10 + (uint64_t)(line[i] - '0') : 0;
    return value;
}

/* The number of tasks in one of the readings. */
static uint64_t tasks_in(const char *text)
{
    while (*text) {
        const char *line = text;
        uint64_t length = line_next(&text);
        if (!strncmp(line, "tasks ", 6))
            return line_number(line, length);
    }
    return 0;
}

/* The lines that differ: how many; they are printed if `print_them`. A user server holds what was
 * written to it in its own memory: with `servers` frames are not compared. Where servers failed
 * for good there are fewer tasks, and less of everything. Less of anything without that is as bad
 * as more: what is no longer counted was somebody's. */
static unsigned differences(bool servers, bool print_them)
{
    const char *was = before, *is = after;
    unsigned count = 0;
    bool fewer = tasks_in(after) < tasks_in(before);
    while (*was && *is) {
        const char *a = was, *b = is;
        uint64_t n = line_next(&was), m = line_next(&is);
        char text[2][64] = {{0}, {0}};
        if ((n == m && !memcmp(a, b, n)) || (servers && !strncmp(a, "frames ", 7)))
            continue;
        if (fewer && line_number(b, m) < line_number(a, n))
            continue;
        count++;
        memcpy(text[0], a, n < 63 ? n : 63);
        memcpy(text[1], b, m < 63 ? m : 63);
        if (print_them)
            print("held: was %s, is %s\n", text[0], text[1]);
    }
    return count;
}

bool held_same(bool servers)
{
    for (unsigned i = 0; i < SETTLE_TIMES; i++) {
        if (file_text(HELD_PATH, after, sizeof(after)) <= 0)
            return false;
        if (!differences(servers, false))
            return true;
        settle();
    }
    differences(servers, true);
    return false;
}

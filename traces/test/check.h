/* SPDX-License-Identifier: MIT
 * The tiny test frame of the host tests: CHECK counts, check_end prints "NAME: N passed, N failed"
 * as the last line and gives the exit status. One test program includes it once. */
#ifndef TACH_TRACES_TEST_CHECK_H
#define TACH_TRACES_TEST_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned check_passed, check_failed;

#define CHECK(condition) check_note((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ(got, want)                                                                        \
    check_equal((uint64_t)(got), (uint64_t)(want), #got " == " #want, __FILE__, __LINE__)
/* An invariant that is looked at too often to be a test of its own: only its failures count. */
#define HOLD(condition)       (void)((condition) || check_note(0, #condition, __FILE__, __LINE__))
#define HOLD_EQ(got, want)    (void)((uint64_t)(got) == (uint64_t)(want) || CHECK_EQ(got, want))
#define CHECK_TEXT(got, want) check_text(got, want, #got, __FILE__, __LINE__)

static inline int check_note(int good, const char *text, const char *file, int line)
{
    if (good)
        check_passed++;
    else
        check_failed++;
    if (!good)
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    return good;
}

static inline int check_equal(uint64_t got, uint64_t want, const char *text, const char *file,
                              int line)
{
    if (got != want)
        fprintf(stderr, "%s:%d: got %" PRIu64 ", want %" PRIu64 "\n", file, line, got, want);
    return check_note(got == want, text, file, line);
}

static inline int check_text(const char *got, const char *want, const char *text, const char *file,
                             int line)
{
    int same = got && want ? strcmp(got, want) == 0 : got == want;

    if (!same)
        fprintf(stderr, "%s:%d: got \"%s\", want \"%s\"\n", file, line, got ? got : "(none)",
                want ? want : "(none)");
    return check_note(same, text, file, line);
}

/* All checks until now show what rows of the feature list promise. */
static inline void check_shows(const char *rows, const char *what)
{
    const char *good = check_passed && !check_failed ? "ok" : "FAIL";

    printf("shows %s: %s, %u checks: %s\n", rows, good, check_passed + check_failed, what);
}

static inline int check_end(const char *name)
{
    printf("%s: %u passed, %u failed\n", name, check_passed, check_failed);
    return check_failed != 0 || check_passed == 0;
}

#endif

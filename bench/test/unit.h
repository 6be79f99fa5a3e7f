/* SPDX-License-Identifier: MIT
 * The few lines that a test program needs: EXPECT counts, unit_done prints the sum as the last line
 * and makes the exit code. One test program includes it once. */
#ifndef TACH_BENCH_TEST_UNIT_H
#define TACH_BENCH_TEST_UNIT_H

#include <stdio.h>

static unsigned unit_passed, unit_failed;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (condition) {                                                                           \
            unit_passed++;                                                                         \
        } else {                                                                                   \
            unit_failed++;                                                                         \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

static inline int unit_done(const char *name)
{
    printf("%s: %u passed, %u failed\n", name, unit_passed, unit_failed);
    return unit_failed != 0;
}

#endif

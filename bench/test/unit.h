/* SPDX-License-Identifier: MIT
 * The test frame of traces/test/check.h for tests that need no more than EXPECT, whose last line
 * has the bare name of what was tested. One test program includes it once. */
#ifndef TACH_BENCH_TEST_UNIT_H
#define TACH_BENCH_TEST_UNIT_H

#include "traces/test/check.h"

#define EXPECT(condition) CHECK(condition)

static inline int unit_done(const char *name)
{
    return check_end(name);
}

#endif

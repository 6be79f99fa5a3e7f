/* SPDX-License-Identifier: MIT
 * Two end states of one call, made equal where they may differ, then compared byte for byte. */
#ifndef TACH_FASTPATH_TEST_COMPARE_H
#define TACH_FASTPATH_TEST_COMPARE_H

#include "fastpath/test/world.h"

/* Blanks what neither side promises in the world as it stands (table in compare.c). */
void compare_canon(void);

/* Names the first difference between the world and `want` on stderr; false: there is none. */
bool compare_differs(const struct world *want, const char *what);

#endif

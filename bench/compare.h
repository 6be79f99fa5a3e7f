/* SPDX-License-Identifier: MIT
 * The comparison of two documents, for tach compare and for the report's verdict. */
#ifndef TACH_BENCH_COMPARE_H
#define TACH_BENCH_COMPARE_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/figure.h"

/* Whether two documents may be compared at all; complains under the verb's name when not. */
bool documents_comparable(const char *verb, const struct document sides[2]);

/* What moved from the first to the second: an array of objects, empty when nothing did. */
json_t *documents_moved(const struct document sides[2]);

#endif

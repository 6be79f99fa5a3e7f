/* SPDX-License-Identifier: MIT
 * The CPU's event counters as the boot word counters= and as the file sys:pmu, for level 0 alone:
 * they see what other tasks do. Called by entry.c and sys.c. */
#ifndef TACH_CORE_COUNTERS_H
#define TACH_CORE_COUNTERS_H

#include "kernel/core/text.h"

/* Programs them for a measured boot, unless it says counters=off. */
void counters_begin(void);

/* "pmu VERSION BITS", then a line a counter: "KIND STATE EVENT COUNT", the numbers in 16
 * hexadecimal digits each, so that two readings cost the same. "pmu none": nothing is counted. */
void report_pmu(struct text *text);

#endif

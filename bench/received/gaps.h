/* SPDX-License-Identifier: MIT
 * What a run of received boots lacks: cells that no boot measured with isolation off or on, cells
 * without a traced boot, parts that were announced and never came. Nobody planned these boots, so
 * nothing else would say it. Called by received.c. */
#ifndef TACH_BENCH_RECEIVED_GAPS_H
#define TACH_BENCH_RECEIVED_GAPS_H

#include <jansson.h>

#include "bench/state.h"

/* One text for each kind of gap, none where there is none; NULL when memory ends. The boots have
 * their states, and their words. */
json_t *gaps_find(const struct run *run);

#endif

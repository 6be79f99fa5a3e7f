/* SPDX-License-Identifier: MIT
 * Runs made of boots that were received over a line instead of started: captures of tach collect
 * become a run's directory like any other. Invariant: the frames of its boots are byte for byte
 * what the captures hold; a boot that is not whole, failed, or is of another machine, build or
 * class than the rest is there with its reason and in no figure. Called by tach run --from. */
#ifndef TACH_BENCH_RECEIVED_RECEIVED_H
#define TACH_BENCH_RECEIVED_RECEIVED_H

#include "bench/runner.h"

#define RECEIVED_FILES_MAX 64u

/* Makes a run of the captures args->from. Returns an enum tach_exit. */
int runner_received(const struct run_args *args);

#endif

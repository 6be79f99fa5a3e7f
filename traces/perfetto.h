/* SPDX-License-Identifier: MIT
 * Writes a capture as a Perfetto trace: a process a boot, a track a thread; each traced call is a
 * slice of its client with its phases inside, on the tracks of the threads that ran them, joined by
 * flows from client to service and back. One nanosecond of the trace is one tick, so that no phase
 * is rounded. Called by the export verb. */
#ifndef TACH_TRACES_PERFETTO_H
#define TACH_TRACES_PERFETTO_H

#include <stdio.h>

#include "traces/capture.h"

/* Writes all boots that have trace records. Returns how many, or -1 when memory is out; errors of
 * `out` show in ferror(out). */
int perfetto_write(FILE *out, const struct capture *capture);

#endif

/* SPDX-License-Identifier: MIT
 * What a side of a run leaves in its directory: boot-K.frames as received, boot-K.qemu (QEMU's own
 * words), ipc.json (a row a boot), ipc.ci.json (a row a cell), machine.json, and where boots did
 * not pass ipc.excluded.json: what they measured, for the eye and in no figure. A run of one side
 * is its own directory (bench/state.h). Invariant: a directory that holds a run is never written
 * into by another, and a document is there whole or not at all. Called by tach run. */
#ifndef TACH_BENCH_KEEP_H
#define TACH_BENCH_KEEP_H

#include "bench/state.h"

#define RUN_DIRECTORY "results/run"

/* Makes the directory of a run; path NULL: a fresh one below results/run, named by the date and the
 * class. *out is the caller's to free. Returns an enum tach_exit. */
int keep_directory(const char *path, const char *class, char **out);

/* Writes the matrix and makes the directories of the sides. Returns an enum tach_exit. */
int keep_begin(struct run *run);

/* Takes a run's directory for this process alone until it ends. Returns an enum tach_exit after a
 * line: another process may be at work there. */
int keep_lock(const char *directory);

/* Makes figures of a side's boots and writes all of its documents. *rows (a row a boot) and *merged
 * are the caller's, whatever is returned: an enum tach_exit. */
int keep_side(struct run *run, unsigned side, struct document *rows, struct document *merged);

/* Makes results/run/latest mean a run below results/run. Complains, and changes nothing, where that
 * cannot be: the run is there all the same. */
void keep_latest(const char *directory);

#endif

/* SPDX-License-Identifier: MIT
 * Makes the boots of a run that are pending, a few QEMUs at a time, in the plan's order, and says
 * how it goes. Nothing is retried. Invariant: run.json tells each boot that has ended before the
 * next one begins; however this ends, a signal included, its own QEMUs are gone. Called by tach
 * run. */
#ifndef TACH_BENCH_DRIVE_H
#define TACH_BENCH_DRIVE_H

#include "bench/state.h"

/* From here on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process. */
void drive_signals(void);

/* The signal that came, or 0. */
int drive_stopped(void);

/* Makes every pending boot, jobs at a time. Boots that a signal or a full disk cut short stay
 * pending, and their reason says so. Returns an enum tach_exit: 0 also when boots failed; after a
 * line TACH_CANTCREATE when nothing more can be written. */
int drive_boots(struct run *run, unsigned jobs);

#endif

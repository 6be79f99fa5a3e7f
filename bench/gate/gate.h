/* SPDX-License-Identifier: MIT
 * The gate: measures head (and base), holds them against the committed baseline and each other, and
 * leaves all that others read in one directory. Invariant: what was not measured never passes; each
 * finding says what to do. Called by bench/gate.c; the files of bench/gate share it.
 *
 *   DIR/exact       the run under icount; of two sides where there is a base revision
 *   DIR/cycles      the run of two sides in cycles, where it was made
 *   DIR/gate.json, DIR/gate.md, DIR/report.html, DIR/floor.json (with --aa)
 *   DIR/ipc.ci.json, DIR/smaller.json, DIR/bencher.json, DIR/junit.xml: for other tools */
#ifndef TACH_BENCH_GATE_GATE_H
#define TACH_BENCH_GATE_GATE_H

#include <stdbool.h>

#include "bench/compare/sides.h"
#include "bench/exits.h"

#define GATE_SCHEMA   1
#define GATE_FINDINGS 12u
#define GATE_NONE     "none" /* as --baseline or --cycles: not wanted */

struct gate_args {
    const char *run, *base_rev, *baseline, *out, *matrix, *floor, *cycles, *probe;
    unsigned boots, jobs;
    double limit_s, matters;
    bool aa;
};

/* One thing that was looked at. */
struct finding {
    const char *what; /* "baseline", "reasons", "base", "cycles", "equal sides" */
    int exit;         /* TACH_OK, TACH_DIFFERENT, TACH_INCONCLUSIVE */
    bool gates;       /* else a report only */
    char text[512];   /* printable; what was found, and what to do */
};

struct gate {
    const struct gate_args *args;
    const char *command;
    char *directory;
    char *exact, *cycles;                         /* paths of the runs; NULL: not made */
    char *floor;                                  /* of the floors that are used; NULL: none */
    struct sides_compared baseline, base, beside; /* beside: the cycles of base and head */
    bool has_baseline, has_base, has_beside;
    struct finding findings[GATE_FINDINGS];
    size_t count;
};

/* Adds a finding; bytes outside of printable ASCII become '?'. */
void gate_find(struct gate *gate, const struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The worst of the findings that gate: an enum tach_exit of 0, 1 or 2. */
int gate_exit(const struct gate *gate);

/* "DIR/NAME", the caller's to free; NULL when memory ends. */
char *gate_path(const struct gate *gate, const char *name);

/* Measures head exactly, and base beside it where there is a revision. Returns an enum tach_exit.
 */
int gate_measure(struct gate *gate);

/* Measures cycles of both sides, or finds why not; equal sides first where that was asked for. */
int gate_cycles(struct gate *gate);

/* Holds the head against the committed baseline, and asks the commits for their reasons. */
int gate_baseline(struct gate *gate);

/* Holds head against base. Without a baseline that is the gate; with one, a report. */
int gate_base(struct gate *gate);

/* Asks git for the commits from base to HEAD that touch the baseline. Each needs its reason, the
 * trailer "Baseline: REASON". */
void gate_reasons(struct gate *gate);

/* Writes everything into the directory. Returns an enum tach_exit. */
int gate_write(const struct gate *gate);
int gate_mirrors(const struct gate *gate);

#endif

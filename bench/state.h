/* SPDX-License-Identifier: MIT
 * A run as a whole, and run.json, its plan: what was to be measured, in which order, and what has
 * become of each boot. Invariant: run.json is replaced as a whole after each boot, so a run whose
 * process ended at any moment is resumed with what it had. Layout of a run's directory DIR:
 *
 *   DIR/run.json, DIR/matrix.cfg     the plan, and what was measured
 *   DIR/boot-K.frames, ...           one side (bench/keep.h); of two sides each has these
 *   DIR/base/..., DIR/head/...       below a directory of its own, a run for every verb
 *
 * Called by tach run. */
#ifndef TACH_BENCH_STATE_H
#define TACH_BENCH_STATE_H

#include "bench/boots.h"
#include "bench/figure.h"
#include "bench/images.h"
#include "bench/machine.h"
#include "bench/plan.h"
#include "bench/warmup.h"

#define STATE_VERSION 1
#define STATE_FILE    "run.json"
#define STATE_MATRIX  "matrix.cfg"

struct run_side {
    const char *name;  /* "base", "head"; "" where there is one side only */
    char revision[64]; /* that it was built from by tach run; "" */
    char *directory;
    struct image_facts images[IMAGE_COUNT];
    struct boot_setup setup; /* borrows from the rest */
    bool complete;           /* every boot passed */
};

struct run {
    char *directory;
    char date[40]; /* of the start, ISO 8601 */
    struct plan plan;
    double limit_s; /* of one boot */
    unsigned resumed;
    bool perf_wanted; /* the host counts beside each boot */
    struct perf perf;
    struct tune_wish tune_wish;
    struct tune tune; /* once it is open */
    int tune_cpu;     /* of the part of the run that was made before; -1: none */
    bool verbose;     /* QEMU's command is printed */
    struct machine machine;
    struct class_choice choice;
    char *matrix_text;
    size_t matrix_size;
    struct matrix matrix;
    struct run_side sides[RUN_SIDES];
    struct boots boots;
    struct warmup warmup; /* of the boots that passed, while documents are made */
    json_t *origin;   /* of a run made of captures: which, and what they lack; owned; else NULL */
    json_t *findings; /* what was found over all boots: drift, warm-up; owned; NULL: not yet */
};

/* Whether every boot of every side passed. */
bool run_complete(const struct run *run);

/* Whether somebody looks where QEMU runs: the host is tuned, or cycles are counted. */
bool run_tuned(const struct run *run);

/* Adds the axes that a class has by itself: Bochs has PCID, so isolation is measured with it too.
 * Due before boots are planned. */
void run_axes(struct run *run);

/* Sets the setup of each side; due before a boot is started, when everything else is there. */
void run_setups(struct run *run);

/* Replaces run.json. Returns an enum tach_exit after a line. */
int state_write(const struct run *run);

/* Reads a run back (run->machine is of now and is there already): its plan and the states of its
 * boots, and holds matrix, images and boots against their digests, the machine against what its
 * class asks for: a boot whose frames are not what was received is pending again. Returns an enum
 * tach_exit after a line that says what is not as it was; run_free is due in any case. */
int state_read(const char *directory, struct run *run);

/* Frees what a run owns; running QEMUs are killed. */
void run_free(struct run *run);

#endif

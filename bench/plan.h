/* SPDX-License-Identifier: MIT
 * Which boots a run has, and in which order they are made. Invariant: the same matrix, counts and
 * seed give the same plan, on any machine. The order is random, so that nothing that the machine
 * does in time can hide in it, and balanced: the sides of one boot follow each other, A B in one
 * repetition and B A in the next, and half of the boots of a repetition begin with either side. So
 * drift falls on both sides alike. Pure. Called by tach run. */
#ifndef TACH_BENCH_PLAN_H
#define TACH_BENCH_PLAN_H

#include <stdint.h>

#include "bench/boots.h"

struct plan {
    unsigned repetitions; /* boots of each cell at each point of the axes, a side */
    unsigned sides;       /* 1, or RUN_SIDES */
    uint32_t seed;
};

/* Plans every boot of a matrix: out->runs by side and number, numbers of a side from 1 in the order
 * of repetition, cells and axes; out->order as they are to be made. Returns 0, or -1 when memory
 * ends or there would be more than BOOTS_MAX; boots_free is due in both cases. */
int plan_boots(const struct matrix *matrix, const struct plan *plan, struct boots *out);

#endif

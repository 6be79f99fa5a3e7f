/* SPDX-License-Identifier: MIT
 * E-divisive's one step (Matteson and James 2014): the place where a segment falls apart best, and
 * whether chance would do as much. On ranks, with alpha 1: one wild point weighs no more than the
 * largest tame one. Pure; called by detect. */
#ifndef TACH_BENCH_JUDGE_SPLIT_H
#define TACH_BENCH_JUDGE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPLIT_MAX  512u /* points of a segment */
#define SPLIT_SIDE 4u   /* fewest points of a level: fewer cannot convince a rank test */

struct segment {
    const double *values;  /* finite */
    const uint64_t *image; /* of the same points, or NULL */
    size_t n;              /* at most SPLIT_MAX */
};

/* The first point of the right side of the best split, at a place where a new image begins. 0 where
 * there is none: the segment is too short or too long, all is equal, or the best place of all is
 * inside of a run of one image. */
size_t split_best(const struct segment *segment);

/* Whether a split as good as this one has a probability of at most p (1e-6 to 1) among the orders
 * of these points: decided by a rank test of the sides where that is enough, else by 1 / p - 1
 * shuffles from the seed. */
bool split_holds(const struct segment *segment, size_t at, double p, uint64_t seed);

#endif

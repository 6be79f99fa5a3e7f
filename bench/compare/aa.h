/* SPDX-License-Identifier: MIT
 * Equal sides against each other: the boots of one image are dealt into two pseudo-sides many
 * times, and every difference that is found is a false one. Gives the rule's own rate of false
 * alarms on this machine with a bound, the noise of each cell, and the floor below which nothing is
 * a change. Invariant: the same boots and seed give the same numbers. Called by compare and gate.
 *
 * What the rate means: of all ways to deal out these boots. The draws are independent, so the bound
 * holds for that; boots of another day are not in it. */
#ifndef TACH_BENCH_COMPARE_AA_H
#define TACH_BENCH_COMPARE_AA_H

#include <stdint.h>
#include <stdio.h>

#include "bench/figure.h"
#include "bench/judge/judge.h"

#define AA_BOOTS_MIN  14u /* with fewer, no split could find anything */
#define AA_SIZES      3u
#define AA_CONFIDENCE 0.95 /* of the bound, one-sided */

extern const unsigned aa_sizes[AA_SIZES]; /* boots a side: 5, 10, 20 */

struct aa_cell {
    char name[FIGURE_NAME_MAX];
    double *boots; /* the whole of each boot; owned */
    size_t count;
    double location;
    double noise_boot;           /* relative spread from boot to boot, robust */
    double noise_iteration;      /* the same from call to call within a boot; FIGURE_ABSENT */
    double floor;                /* relative: 999 of 1000 splits showed no more */
    double detectable[AA_SIZES]; /* relative, above that floor */
    size_t alarms;               /* splits in which this cell was called changed */
};

struct aa {
    char class[FIGURE_CLASS_MAX], machine[256], kernel[68];
    struct aa_cell *cells;
    size_t count, boots;
    unsigned splits;
    bool all; /* the splits are all that there are */
    uint32_t seed;
    size_t alarms;       /* splits in which any cell was called changed */
    size_t alarms_above; /* the same where the floor is known */
    double rate, bound;  /* alarms / splits, and what it is at most */
    double floor;        /* the largest of the cells */
};

struct aa_input {
    const struct document *runs; /* of one image, a row a boot */
    const char *const *paths;    /* of the runs; their captures give the noise of iterations */
    size_t count;
    unsigned splits;
    uint32_t seed;
    struct judge_rule rule;
};

/* Splits and judges. Complains under the verb's name; returns an enum tach_exit: inconclusive for
 * fewer than AA_BOOTS_MIN boots. aa_free is due in any case. */
int aa_make(const char *verb, const struct aa_input *input, struct aa *out);
void aa_free(struct aa *aa);

/* The file of floors (bench/compare/floor.h), with all that the table shows. */
json_t *aa_json(const struct aa *aa);

/* The table for people. */
void aa_print(FILE *out, const struct aa *aa);

/* At most so often does happen what was seen k times in n independent trials (Clopper and Pearson
 * 1934, one-sided). 0 <= k <= n; 1 for n of 0. */
double binomial_upper(size_t k, size_t n, double confidence);

#endif

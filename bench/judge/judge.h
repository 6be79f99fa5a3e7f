/* SPDX-License-Identifier: MIT
 * The verdict over two sides of a measurement. The boot is the unit: a side is one location a boot,
 * never the pooled iterations of one. Everything here is pure, exact and without randomness: the
 * same numbers give the same verdict. Source: Hodges and Lehmann 1963 (shift), Mann and Whitney
 * 1947 (exact distribution), Holm 1979 (families). Called by compare, gate and the report.
 *
 * The line between a change and none lies at half of what matters: a shift of `matters` itself is
 * then nearly always found, where a line at `matters` would miss every second one. A change needs
 * p <= alarm besides, whatever the noise: that wants 7 boots a side, where 5 can only be
 * equivalent. `make truth` shows what follows: false alarms, and shifts that are found. */
#ifndef TACH_BENCH_JUDGE_JUDGE_H
#define TACH_BENCH_JUDGE_JUDGE_H

#include <stddef.h>

#define JUDGE_BOOTS_MAX 1000u /* a side */

enum verdict {
    VERDICT_EQUIVALENT, /* no change, and the interval lies inside of +- what matters */
    VERDICT_IMPROVED,   /* the interval excludes 0, the shift reaches the line, and it is smaller */
    VERDICT_REGRESSED,  /* the same, and it is larger */
    VERDICT_INCONCLUSIVE, /* more boots could say */
    VERDICT_COUNT
};

/* "equivalent", "improved", "regressed", "inconclusive" */
const char *verdict_name(enum verdict verdict);

/* What counts as a change. Relative numbers are parts of one: 0.01 is 1 %. */
struct judge_rule {
    double matters; /* smallest relative shift that anybody cares for, 0.01; the line is half */
    double floor; /* what equal sides showed on this machine (--aa), raises the line; 0: unknown */
    double alarm; /* p at or below which a shift is believed, 0.001: the rate of false alarms */
    double confidence; /* of the interval, 0.99 */
    double family;     /* error of a whole family of verdicts, by Holm: 0.05 */
    double power;      /* with which `detectable` would be found, 0.9 */
};
extern const struct judge_rule judge_default;

struct judgement {
    size_t boots[2];    /* base, head */
    double location[2]; /* median over the boots, in the unit of the figure */
    double shift;       /* Hodges-Lehmann, head - base, in the unit */
    double low, high;   /* interval of the shift, by inverting the exact distribution; where the
                         * boots are too few for the confidence, the widest that they can give */
    double percent;     /* shift in percent of base; 0 where base is 0 */
    double percent_low, percent_high;
    double p;            /* two-sided, exact (ties: mid-ranks, conditional distribution) */
    double p_holm;       /* adjusted by judge_family; p before */
    double noise;        /* relative spread of one boot, robust, both sides together */
    double detectable;   /* relative: smallest shift that this many boots find with `power` */
    unsigned boots_more; /* a side, until a shift of `matters` would be found; 0: enough */
    enum verdict verdict;
};

/* Judges one figure. Each side: 1 to JUDGE_BOOTS_MAX finite numbers, in any order. Returns 0, or -1
 * for a side that is empty, too large or not finite, or when memory ends; then *out is inconclusive
 * and says so by boots[]. Sides too small for the confidence asked are inconclusive, never a guess.
 * Whole numbers are taken as rounded: what could hide behind one step is not called equivalent. */
int judge_sides(const double *base, size_t n, const double *head, size_t m,
                const struct judge_rule *rule, struct judgement *out);

/* Judges two exact counts (class icount), finite: any difference is real, and equal is equivalent.
 * boots[] is 1 and 1, the interval is the shift itself, p is 0 or 1. */
void judge_exact(double base, double head, struct judgement *out);

/* Holm over a family: sets p_holm of each, and takes back a verdict (to inconclusive) that does not
 * hold at rule->family. The order of `all` does not matter. */
void judge_family(struct judgement *all, size_t count, const struct judge_rule *rule);

#endif

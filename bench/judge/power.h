/* SPDX-License-Identifier: MIT
 * What so many boots can find: the design side of judge_sides, by the normal approximation of the
 * Hodges-Lehmann shift. Pure; called by judge. */
#ifndef TACH_BENCH_JUDGE_POWER_H
#define TACH_BENCH_JUDGE_POWER_H

#include <stddef.h>

#include "bench/judge/judge.h"

struct power_ask {
    const struct judge_rule *rule;
    double noise; /* relative spread of one boot */
};

/* The smallest relative shift that is called a change: half of what matters, or the floor. */
double power_line(const struct judge_rule *rule);

/* The smallest relative shift that n + m boots find with the power asked. Where they are too few
 * for any verdict, what the smallest number that is enough would find. */
double power_detectable(const struct power_ask *ask, size_t n, size_t m);

/* Boots to add to each side until a shift of what matters would be found, at most
 * JUDGE_BOOTS_MAX a side; 0: there are enough, or no number of them is. */
unsigned power_boots_more(const struct power_ask *ask, size_t n, size_t m);

/* Boots to add to each side until p can be as small as p_wanted. */
unsigned power_boots_family(size_t n, size_t m, double p_wanted);

#endif

/* SPDX-License-Identifier: MIT
 * The normal distribution, and numbers that stay finite: what the exact distributions are joined to
 * where they cost too much. Pure; called inside of bench/judge only. */
#ifndef TACH_BENCH_JUDGE_NORMAL_H
#define TACH_BENCH_JUDGE_NORMAL_H

/* Probability of a standard normal number at or below x; small tails keep their digits. */
double normal_below(double x);

/* The number that a standard normal one is at or below with probability p, within 1e-12 or so. p is
 * taken as between 1e-300 and 1 - 1e-16. */
double normal_quantile(double p);

/* x, or the finite number next to it where it is infinite, or 0 where it is none. */
double finite_of(double x);

/* The number halfway, without overflow. */
double midpoint_of(double a, double b);

#endif

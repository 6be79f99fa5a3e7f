/* SPDX-License-Identifier: MIT
 * The distribution of Mann and Whitney's U, the number of pairs in which the head is above the
 * base, when both sides are drawn from one: exact up to MW_EXACT_PAIRS pairs, exact given the ties
 * up to MW_TIED_PAIRS, beyond that the normal approximation with the corrections for ties and
 * continuity: within 0.003 of the exact p for sides alike in size, 0.02 for 8 and 200, and above
 * it where p is small. Pure; called by judge and detect. */
#ifndef TACH_BENCH_JUDGE_MANNWHITNEY_H
#define TACH_BENCH_JUDGE_MANNWHITNEY_H

#include <stddef.h>

#include "bench/judge/rank.h"

#define MW_EXACT_PAIRS 4096u /* 64 + 64: all counts fit into 128 bits */
#define MW_TIED_PAIRS  1600u /* 40 + 40: some milliseconds of work at most */

/* Two-sided p of two sides: twice the smaller tail, at most 1; ties by mid-ranks. Negative when
 * memory ends, which only sides with ties need. */
double mw_p(const struct sides *sides);

/* The same p where it may be at or below limit; where it is far above, about that, and cheap.
 * Never negative: without memory, by the normal approximation. */
double mw_p_below(const struct sides *sides, double limit);

/* The largest k for which P(U < k) <= tail, 0 where even U = 0 is likelier: the k-th difference
 * from either end bounds the shift with confidence 1 - 2 * tail. n and m are 1 to 1000. */
size_t mw_bound(size_t n, size_t m, double tail);

/* The same k by the normal approximation, whatever the size. */
size_t mw_bound_normal(size_t n, size_t m, double tail);

/* The smallest two-sided p that n and m values can give. */
double mw_least_p(size_t n, size_t m);

/* The same p by the normal approximation, whatever the size. */
double mw_p_normal(const struct sides *sides);

#endif

/* SPDX-License-Identifier: MIT
 * Verdicts and the distributions behind them: against enumeration of all splits, against known
 * tables, against figures worked out by hand, and against numbers that nobody should feed them. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/judge/judge.h"
#include "bench/judge/mannwhitney.h"
#include "bench/judge/normal.h"
#include "bench/judge/power.h"
#include "bench/judge/rank.h"
#include "bench/test/random.h"
#include "bench/test/unit.h"

#define ROUNDS 300u

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

/* ---- the distribution ----------------------------------------------------------------------- */

static double u_of(const double *pool, size_t all, unsigned heads)
{
    double u = 0;

    for (size_t i = 0; i < all; i++)
        for (size_t j = 0; j < all; j++)
            if ((heads >> i & 1) && !(heads >> j & 1))
                u += pool[i] > pool[j] ? 1 : pool[i] < pool[j] ? 0 : 0.5;
    return u;
}

/* Twice the smaller tail over all ways to choose which m of the pool are heads. */
static double p_enumerated(const struct sides *sides)
{
    double pool[16], ways = 0, lower = 0, upper = 0;
    const size_t all = sides->n + sides->m;

    for (size_t i = 0; i < all; i++)
        pool[i] = i < sides->n ? sides->base[i] : sides->head[i - sides->n];
    const double own = u_of(pool, all, ((1u << sides->m) - 1) << sides->n);
    for (unsigned heads = 0; heads < 1u << all; heads++) {
        if ((size_t)__builtin_popcount(heads) != sides->m)
            continue;
        const double u = u_of(pool, all, heads);
        ways++;
        lower += u <= own;
        upper += u >= own;
    }
    return fmin(1, 2 * fmin(lower, upper) / ways);
}

/* Random sides; with ties where steps is not 0. */
static void sides_fill(double *values, size_t n, unsigned steps)
{
    for (size_t i = 0; i < n; i++)
        values[i] = steps ? (double)(random_next() % steps) : random_normal();
    rank_sort(values, n);
}

static void test_enumerated(void)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double base[5], head[5];
        const struct sides sides = {base, head, 1 + random_next() % 5, 1 + random_next() % 5};
        const unsigned steps = round % 3 ? 2 + round % 5 : 0;
        sides_fill(base, sides.n, steps);
        sides_fill(head, sides.m, steps);
        wrong += !near(mw_p(&sides), p_enumerated(&sides), 1e-12);
    }
    EXPECT(wrong == 0);
}

static void test_normal_approximation(void)
{
    static const size_t sizes[][2] = {{40, 40}, {64, 64}, {8, 200}, {30, 50}};
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double base[200], head[200];
        const size_t *size = sizes[round % 4];
        const unsigned steps = round % 3 ? 0 : 12;
        const struct sides sides = {base, head, size[0], size[1]};
        sides_fill(base, sides.n, steps);
        sides_fill(head, sides.m, steps);
        wrong += fabs(mw_p(&sides) - mw_p_normal(&sides)) > (size[0] == 8 ? 0.02 : 0.003);
    }
    EXPECT(wrong == 0);
    EXPECT(near(normal_quantile(0.975), 1.959963984540054, 1e-12));
    EXPECT(near(normal_below(-6), 9.865876450376981e-10, 1e-9));
}

/* Critical values of the two-sided test at 0.01: k = U + 1. */
static void test_bounds(void)
{
    unsigned wrong = 0;

    EXPECT(mw_bound(4, 4, 0.005) == 0 && mw_bound(5, 5, 0.005) == 1);
    EXPECT(mw_bound(10, 10, 0.005) == 17 && mw_bound(10, 10, 0.025) == 24);
    EXPECT(mw_bound(20, 20, 0.005) == 106 && mw_bound(5, 20, 0.005) == 14);
    EXPECT(mw_bound(1, 1, 0.005) == 0 && mw_bound(1, 1000, 0.005) == 5);
    EXPECT(near(mw_least_p(10, 10), 2 / 184756.0, 1e-12) && mw_least_p(1, 1) == 1);
    EXPECT(mw_least_p(1000, 1000) == 0);
    for (size_t n = 1; n <= 64; n++) /* more boots never lower it, and it is symmetric */
        for (size_t m = 1; m < 64; m += 7)
            wrong += mw_bound(n, m, 0.005) > mw_bound(n, m + 1, 0.005) ||
                     mw_bound(n, m, 0.005) != mw_bound(m, n, 0.005);
    EXPECT(wrong == 0);
    const size_t exact = mw_bound(64, 64, 0.005), beyond = mw_bound(64, 65, 0.005);
    EXPECT(beyond > exact && beyond - exact < 40); /* no step where the approximation begins */
    EXPECT(mw_bound(1000, 1000, 0.005) > 460000 && mw_bound(1000, 1000, 0.005) < 500000);
}

static void test_differences(void)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double base[12], head[9], all[108];
        const struct sides sides = {base, head, 12, 9};
        sides_fill(base, 12, round % 2 ? 4 : 0);
        sides_fill(head, 9, round % 2 ? 4 : 0);
        for (size_t i = 0; i < 108; i++)
            all[i] = head[i % 9] - base[i / 9];
        rank_sort(all, 108);
        for (size_t k = 1; k <= 108; k++)
            wrong += rank_difference(&sides, k) != all[k - 1];
        wrong += rank_shift(&sides) != (all[53] + all[54]) / 2;
    }
    EXPECT(wrong == 0);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static void boots_fill(double *values, size_t n, double level, double noise)
{
    for (size_t i = 0; i < n; i++)
        values[i] = level * (1 + noise * random_normal());
}

static enum verdict verdict_at(size_t boots, double shift, double noise)
{
    double base[100], head[100];
    struct judgement out;

    boots_fill(base, boots, 5000, noise);
    boots_fill(head, boots, 5000 * (1 + shift), noise);
    const bool judged = !judge_sides(base, boots, head, boots, &judge_default, &out) &&
                        out.low <= out.shift && out.shift <= out.high && out.boots[1] == boots;
    return judged ? out.verdict : VERDICT_COUNT;
}

static void test_verdicts(void)
{
    EXPECT(verdict_at(10, 0, 0.001) == VERDICT_EQUIVALENT);
    EXPECT(verdict_at(10, 0.02, 0.003) == VERDICT_REGRESSED);
    EXPECT(verdict_at(10, -0.02, 0.003) == VERDICT_IMPROVED);
    EXPECT(verdict_at(10, 0.002, 0.0001) == VERDICT_EQUIVALENT); /* certain, but who cares */
    EXPECT(verdict_at(10, 0.01, 0.1) == VERDICT_INCONCLUSIVE);
    EXPECT(verdict_at(4, 0, 0.0001) == VERDICT_INCONCLUSIVE); /* 4 + 4 cannot say 99 % */
    EXPECT(verdict_at(5, 0, 0.0001) == VERDICT_EQUIVALENT);
    EXPECT(verdict_at(6, 0.5, 0.003) == VERDICT_INCONCLUSIVE); /* nor 6 + 6 p = 0.001 */
    EXPECT(verdict_at(7, 0.05, 0.003) == VERDICT_REGRESSED);
    EXPECT(!strcmp(verdict_name(VERDICT_REGRESSED), "regressed"));
    EXPECT(!strcmp(verdict_name(VERDICT_COUNT), "unknown"));
}

static void test_floor(void)
{
    double base[10], head[10];
    struct judge_rule rule = judge_default;
    struct judgement out;

    boots_fill(base, 10, 1000, 0.001);
    boots_fill(head, 10, 1008, 0.001);
    EXPECT(!judge_sides(base, 10, head, 10, &rule, &out) && out.verdict == VERDICT_REGRESSED);
    rule.floor = 0.02;
    EXPECT(!judge_sides(base, 10, head, 10, &rule, &out) && out.verdict != VERDICT_REGRESSED);
    EXPECT(out.detectable > 0.02 && out.boots_more == 0);
}

/* Without any spread: what can be said, is; what is too little, is not. */
static void test_constant(void)
{
    const double a[] = {5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000};
    const double b[] = {5100, 5100, 5100, 5100, 5100, 5100, 5100, 5100, 5100, 5100};
    const double zero[10] = {0}, small[] = {60, 60, 60, 60, 60, 60, 60, 60, 60, 60};
    struct judgement out;

    EXPECT(!judge_sides(a, 10, a, 10, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_EQUIVALENT && out.p == 1 && out.shift == 0 && out.noise == 0);
    EXPECT(!judge_sides(a, 10, b, 10, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_REGRESSED && out.percent == 2 && out.low == 100);
    EXPECT(near(out.p, 2 / 184756.0, 1e-12));
    EXPECT(!judge_sides(a, 1, b, 1, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_INCONCLUSIVE && out.boots_more == 6 && out.low == 100);
    EXPECT(!judge_sides(zero, 10, zero, 10, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_EQUIVALENT && out.percent == 0);
    EXPECT(!judge_sides(zero, 10, b, 10, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_REGRESSED && out.percent == 0 && out.noise == 0);
    /* a tick of 60 could hide behind the rounding: that is 1.7 %, and not nothing */
    EXPECT(!judge_sides(small, 10, small, 10, &judge_default, &out));
    EXPECT(out.verdict == VERDICT_INCONCLUSIVE && out.detectable >= 0.01);
}

static void test_exact_counts(void)
{
    struct judgement out;

    judge_exact(100, 101, &out);
    EXPECT(out.verdict == VERDICT_REGRESSED && out.shift == 1 && out.percent == 1 && out.p == 0);
    judge_exact(1e9, 1e9 - 1, &out);
    EXPECT(out.verdict == VERDICT_IMPROVED && out.low == -1 && out.high == -1);
    judge_exact(7, 7, &out);
    EXPECT(out.verdict == VERDICT_EQUIVALENT && out.p == 1 && out.boots[0] == 1);
    judge_exact(0, 5, &out);
    EXPECT(out.verdict == VERDICT_REGRESSED && out.percent == 0);
}

/* How many of ROUNDS pairs of sides with this shift are told to differ. */
static unsigned found_at(size_t boots, double shift, double noise)
{
    unsigned found = 0;

    for (unsigned round = 0; round < ROUNDS; round++)
        found += verdict_at(boots, shift, noise) == VERDICT_REGRESSED;
    return found;
}

/* What is said to be found with 90 % is, give or take 15 % of the shift; so is the number of boots.
 */
static void test_power(void)
{
    static const size_t sizes[] = {7, 8, 10, 15, 30};
    unsigned wrong = 0;

    for (size_t i = 0; i < 5; i++) {
        for (double noise = 0.003; noise < 0.1; noise *= 9) {
            const struct power_ask ask = {&judge_default, noise};
            const double shift = power_detectable(&ask, sizes[i], sizes[i]);
            wrong += found_at(sizes[i], shift * 0.85, noise) > 0.9 * ROUNDS + 10;
            wrong += found_at(sizes[i], shift * 1.15, noise) < 0.9 * ROUNDS - 10;
        }
    }
    EXPECT(wrong == 0);
    const struct power_ask ask = {&judge_default, 0.006};
    const unsigned more = power_boots_more(&ask, 10, 10);
    EXPECT(more > 5 && more < 20 && power_boots_more(&ask, 10 + more, 10 + more) == 0);
    EXPECT(found_at(10 + more, 0.0115, 0.006) > 0.9 * ROUNDS - 10);
    EXPECT(found_at(10 + more / 2, 0.01, 0.006) < 0.9 * ROUNDS);
    EXPECT(power_boots_more(&ask, 900, 900) == 0);
    const struct power_ask wild = {&judge_default, 0.5};
    EXPECT(power_boots_more(&wild, 10, 900) == 100);
}

/* ---- families ------------------------------------------------------------------------------- */

static void test_holm(void)
{
    const double p[] = {0.04, 0.01, 0.03, 0.005, 0.01};
    const double holm[] = {0.06, 0.04, 0.06, 0.025, 0.04}; /* 5, 4, 4 (tied), 2, 1 times, rising */
    struct judgement all[5] = {{.boots = {0, 0}}};
    unsigned wrong = 0;

    for (size_t i = 0; i < 5; i++) {
        all[i].p = p[i];
        all[i].boots[0] = all[i].boots[1] = 10;
        all[i].verdict = i % 2 ? VERDICT_IMPROVED : VERDICT_REGRESSED;
    }
    judge_family(all, 5, &judge_default);
    for (size_t i = 0; i < 5; i++)
        wrong += !near(all[i].p_holm, holm[i], 1e-12);
    EXPECT(wrong == 0);
    EXPECT(all[0].verdict == VERDICT_INCONCLUSIVE && all[2].verdict == VERDICT_INCONCLUSIVE);
    EXPECT(all[1].verdict == VERDICT_IMPROVED && all[4].verdict == VERDICT_REGRESSED);
    judge_family(all, 0, &judge_default);
}

/* 200 figures of 10 + 10 boots, one of which moved: it stands. With 7 + 7 none can, and it is said
 * how many boots would do. */
static void test_family_size(void)
{
    struct judgement all[200];
    double base[10], head[10];

    for (size_t boots = 10; boots >= 7; boots -= 3) {
        for (size_t i = 0; i < 200; i++) {
            boots_fill(base, boots, 3000, 0.003);
            boots_fill(head, boots, i == 77 ? 3150 : 3000, 0.003);
            EXPECT(!judge_sides(base, boots, head, boots, &judge_default, &all[i]));
        }
        EXPECT(all[77].verdict == VERDICT_REGRESSED);
        judge_family(all, 200, &judge_default);
        EXPECT((all[77].verdict == VERDICT_REGRESSED) == (boots == 10));
        EXPECT(boots == 10 || all[77].boots_more == 1); /* 2 / C(16, 8) = 1.6e-4 */
    }
}

/* ---- numbers that nobody should feed it ------------------------------------------------------ */

static bool judgement_finite(const struct judgement *out)
{
    const double all[] = {out->location[0], out->location[1], out->shift,       out->low,
                          out->high,        out->percent,     out->percent_low, out->percent_high,
                          out->p,           out->p_holm,      out->noise,       out->detectable};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (!isfinite(all[i]))
            return false;
    return out->verdict < VERDICT_COUNT && out->p >= 0 && out->p <= 1 && out->noise >= 0;
}

static double value_odd(bool all_finite)
{
    static const double odd[] = {
        0,     -0.0,     1,        -1,      5e-324,   -5e-324,         DBL_MIN,
        1e300, 1e15,     -1e300,   DBL_MAX, -DBL_MAX, 1 + DBL_EPSILON, 0.1,
        NAN,   INFINITY, -INFINITY};
    const size_t count = sizeof(odd) / sizeof(odd[0]);

    return odd[random_next() % (all_finite ? count - 3 : count)];
}

static void test_odd_numbers(void)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < 20 * ROUNDS; round++) {
        double side[2][12];
        struct judgement out;
        const size_t n = random_next() % 13, m = random_next() % 13;
        bool good = n && m;
        for (size_t i = 0; i < 24; i++)
            side[i / 12][i % 12] = value_odd(round % 4);
        for (size_t i = 0; i < 24; i++)
            good &= isfinite(side[i / 12][i % 12]) || i % 12 >= (i < 12 ? n : m);
        wrong += judge_sides(side[0], n, side[1], m, &judge_default, &out) != (good ? 0 : -1);
        wrong += !judgement_finite(&out) || (!good && out.verdict != VERDICT_INCONCLUSIVE);
    }
    EXPECT(wrong == 0);
}

static void test_sizes(void)
{
    static double many[JUDGE_BOOTS_MAX + 1], more[JUDGE_BOOTS_MAX + 1];
    static const size_t sizes[] = {1, 2, 40, 64, 65, 999, JUDGE_BOOTS_MAX};
    struct judgement out;
    unsigned wrong = 0;

    for (unsigned ties = 0; ties < 2; ties++) {
        for (size_t i = 0; i <= JUDGE_BOOTS_MAX; i++) {
            many[i] = ties ? (double)(random_next() % 7) : random_normal();
            more[i] = 2 + (ties ? (double)(random_next() % 7) : random_normal());
        }
        for (size_t i = 0; i < 49; i++) {
            wrong += judge_sides(many, sizes[i / 7], more, sizes[i % 7], &judge_default, &out) != 0;
            wrong += !judgement_finite(&out);
        }
        EXPECT(out.verdict == VERDICT_REGRESSED && out.p < 1e-20);
    }
    EXPECT(wrong == 0);
    EXPECT(judge_sides(many, JUDGE_BOOTS_MAX + 1, more, 5, &judge_default, &out) == -1);
    EXPECT(judge_sides(many, 5, more, 0, &judge_default, &out) == -1 && out.boots[1] == 0);
}

int main(void)
{
    random_seed(1);
    test_enumerated();
    test_normal_approximation();
    test_bounds();
    test_differences();
    test_verdicts();
    test_floor();
    test_constant();
    test_exact_counts();
    test_power();
    test_holm();
    test_family_size();
    test_odd_numbers();
    test_sizes();
    return unit_done("judge");
}

/* SPDX-License-Identifier: MIT
 * Verdicts; see bench/judge/judge.h. One pass: shift and interval from the differences, p from the
 * ranks, the verdict from both; then what these boots could have found. */
#include "bench/judge/judge.h"

#include <math.h>
#include <string.h>

#include "bench/judge/mannwhitney.h"
#include "bench/judge/normal.h"
#include "bench/judge/power.h"
#include "bench/judge/rank.h"

const struct judge_rule judge_default = {
    .matters = 0.01, .floor = 0, .alarm = 0.001, .confidence = 0.99, .family = 0.05, .power = 0.9};

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[VERDICT_COUNT] = {"equivalent", "improved", "regressed",
                                                     "inconclusive"};

    return verdict < VERDICT_COUNT ? names[verdict] : "unknown";
}

/* part of whole, finite; 0 where whole is 0. */
static double ratio_of(double part, double whole)
{
    return whole != 0 ? finite_of(part / fabs(whole)) : 0;
}

/* Copies a side and sorts it. False for one that cannot be judged. */
static bool side_take(const double *from, size_t n, double *to)
{
    if (n < 1 || n > JUDGE_BOOTS_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(from[i]))
            return false;
        to[i] = from[i];
    }
    rank_sort(to, n);
    return true;
}

/* The step in which whole numbers go: 0 where some are none, else the largest that divides all
 * differences from the first one, 1 where they are too large or there is no difference. */
static double step_of(const struct sides *sides)
{
    const double limit = 9007199254740992.0; /* 2^53: above, every double is whole */
    double step = 0;

    for (size_t i = 0; i < sides->n + sides->m; i++) {
        const double value = i < sides->n ? sides->base[i] : sides->head[i - sides->n];
        if (value != floor(value) || fabs(value) >= limit)
            return 0;
        double other = fabs(value - sides->base[0]);
        while (other > 0) { /* Euclid */
            const double rest = fmod(step, other);
            step = other;
            other = rest;
        }
    }
    return fmax(step, 1);
}

/* The spread of one boot, in the unit: residuals of each side from its median, both together. */
static double spread_of(const struct sides *sides)
{
    const double centre[2] = {rank_median(sides->base, sides->n),
                              rank_median(sides->head, sides->m)};
    double rest[2 * JUDGE_BOOTS_MAX];
    size_t used = 0;

    for (size_t i = 0; i < sides->n && sides->n > 1; i++)
        rest[used++] = sides->base[i] - centre[0];
    for (size_t i = 0; i < sides->m && sides->m > 1; i++)
        rest[used++] = sides->head[i] - centre[1];
    const size_t free = used - (sides->n > 1) - (sides->m > 1);
    /* Two medians were taken out of the same numbers, which makes their residuals too small. */
    return free ? finite_of(rank_spread(rest, used, 0) * sqrt((double)used / (double)free)) : 0;
}

static void percent_set(struct judgement *out)
{
    out->percent = finite_of(100 * ratio_of(out->shift, out->location[0]));
    out->percent_low = finite_of(100 * ratio_of(out->low, out->location[0]));
    out->percent_high = finite_of(100 * ratio_of(out->high, out->location[0]));
}

/* The verdict where the interval holds with the confidence asked. `step` is relative. A base of 0
 * has no relative line: there every shift off 0 counts. */
static enum verdict verdict_of(const struct judgement *out, const struct judge_rule *rule,
                               double step)
{
    const double base = fabs(out->location[0]), widest = fmax(fabs(out->low), fabs(out->high));
    const bool off = (out->low > 0 || out->high < 0) && out->p <= rule->alarm;

    if (off && fabs(out->shift) >= power_line(rule) * base)
        return out->shift > 0 ? VERDICT_REGRESSED : VERDICT_IMPROVED;
    return widest <= (rule->matters - step) * base ? VERDICT_EQUIVALENT : VERDICT_INCONCLUSIVE;
}

static void sides_judge(const struct sides *sides, const struct judge_rule *rule,
                        struct judgement *out)
{
    const size_t pairs = sides->n * sides->m;
    const size_t bound = mw_bound(sides->n, sides->m, (1 - rule->confidence) / 2);
    const size_t k = bound ? bound : 1;

    out->location[0] = rank_median(sides->base, sides->n);
    out->location[1] = rank_median(sides->head, sides->m);
    out->shift = rank_shift(sides);
    out->low = rank_difference(sides, k);
    out->high = rank_difference(sides, pairs + 1 - k);
    percent_set(out);
    out->noise = ratio_of(spread_of(sides), out->location[0]);
    const double step = ratio_of(step_of(sides), out->location[0]);
    const struct power_ask ask = {rule, out->noise};
    out->detectable = finite_of(fmax(power_detectable(&ask, sides->n, sides->m), step));
    out->boots_more = power_boots_more(&ask, sides->n, sides->m);
    if (bound)
        out->verdict = verdict_of(out, rule, step);
}

int judge_sides(const double *base, size_t n, const double *head, size_t m,
                const struct judge_rule *rule, struct judgement *out)
{
    double sorted[2][JUDGE_BOOTS_MAX];
    const struct sides sides = {sorted[0], sorted[1], n, m};

    memset(out, 0, sizeof(*out));
    out->boots[0] = n;
    out->boots[1] = m;
    out->p = out->p_holm = 1;
    out->verdict = VERDICT_INCONCLUSIVE;
    if (!side_take(base, n, sorted[0]) || !side_take(head, m, sorted[1]))
        return -1;
    const double p = mw_p(&sides);
    if (p < 0)
        return -1;
    out->p = out->p_holm = p;
    sides_judge(&sides, rule, out);
    return 0;
}

void judge_exact(double base, double head, struct judgement *out)
{
    *out = (struct judgement){.boots = {1, 1}, .location = {base, head}};
    out->shift = out->low = out->high = finite_of(head - base);
    percent_set(out);
    out->p = out->p_holm = head == base;
    out->verdict = head == base  ? VERDICT_EQUIVALENT
                   : head > base ? VERDICT_REGRESSED
                                 : VERDICT_IMPROVED;
}

static void verdict_take_back(struct judgement *one, const struct judge_rule *rule, size_t count)
{
    if (one->p_holm <= rule->family ||
        (one->verdict != VERDICT_IMPROVED && one->verdict != VERDICT_REGRESSED))
        return;
    one->verdict = VERDICT_INCONCLUSIVE;
    const unsigned more =
        power_boots_family(one->boots[0], one->boots[1], rule->family / (double)count);
    one->boots_more = more > one->boots_more ? more : one->boots_more;
}

/* Step by step from the smallest p up, equal ones together, so nothing is sorted or copied. */
void judge_family(struct judgement *all, size_t count, const struct judge_rule *rule)
{
    double last = -1, least = 0;

    for (size_t done = 0, together = 1; together; done += together) {
        double p = INFINITY;
        for (size_t i = 0; i < count; i++)
            p = all[i].p > last ? fmin(p, all[i].p) : p;
        least = fmax(least, fmin(1, p * (double)(count - done)));
        together = 0;
        for (size_t i = 0; i < count; i++) {
            if (all[i].p != p)
                continue;
            together++;
            all[i].p_holm = least;
            verdict_take_back(&all[i], rule, count);
        }
        last = p;
    }
}

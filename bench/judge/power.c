/* SPDX-License-Identifier: MIT
 * What so many boots can find; see bench/judge/power.h. The shift of Hodges and Lehmann has the
 * deviation noise * sqrt((1 / n + 1 / m) * pi / 3) where boots are normal. The shift at which U
 * becomes critical lies farther out than that says, the more so the nearer the critical U is to the
 * last one there is; how much was measured on simulated boots (5 + 5 to 40 + 40, alarms of 0.01 and
 * 0.001), and the formula below is within 10 % of it. */
#include "bench/judge/power.h"

#include <math.h>

#include "bench/judge/mannwhitney.h"
#include "bench/judge/normal.h"

/* Pairs up to which the exact bound is worth its cost: above, the approximation is within 3 %. */
#define EXACT_PAIRS 400u

static size_t bound_of(const struct judge_rule *rule, size_t n, size_t m)
{
    return (n * m <= EXACT_PAIRS ? mw_bound : mw_bound_normal)(n, m, rule->alarm / 2);
}

double power_line(const struct judge_rule *rule)
{
    return fmax(rule->matters / 2, rule->floor);
}

double power_detectable(const struct power_ask *ask, size_t n, size_t m)
{
    size_t k = bound_of(ask->rule, n, m);

    while (!k && (n < JUDGE_BOOTS_MAX || m < JUDGE_BOOTS_MAX)) {
        n += n < JUDGE_BOOTS_MAX;
        m += m < JUDGE_BOOTS_MAX;
        k = bound_of(ask->rule, n, m);
    }
    const double pairs = (double)n * (double)m, thin = 1 / (double)n + 1 / (double)m;
    const double critical = (pairs / 2 - (double)k + 1) / sqrt(pairs * (double)(n + m + 1) / 12);
    const double extreme = 1 - 2 * ((double)k - 1) / pairs; /* 1: no U is more extreme */
    const double power = normal_quantile(ask->rule->power);
    const double error = ask->noise * sqrt(thin * M_PI / 3);
    const double farther = 1 + 0.1 * extreme + 0.42 * pow(extreme, 6);
    return finite_of(
        fmax((critical + power) * error * farther, power_line(ask->rule) + power * error));
}

/* Whether b more boots a side give a verdict and find what matters. A floor above the line asks for
 * more than what matters: twice the floor, as the line is half of what is to be found. */
static bool boots_enough(const struct power_ask *ask, size_t n, size_t m)
{
    return bound_of(ask->rule, n, m) && power_detectable(ask, n, m) <= 2 * power_line(ask->rule);
}

unsigned power_boots_more(const struct power_ask *ask, size_t n, size_t m)
{
    const size_t most = n > m ? n : m;
    size_t low = 0, high = JUDGE_BOOTS_MAX - most;

    if (boots_enough(ask, n, m))
        return 0;
    for (size_t next = 1; next < high; next *= 2) {
        if (boots_enough(ask, n + next, m + next)) {
            high = next;
            break;
        }
        low = next;
    }
    while (low + 1 < high) { /* low is too few, high is enough or all there can be */
        const size_t middle = low + (high - low) / 2;
        if (boots_enough(ask, n + middle, m + middle))
            high = middle;
        else
            low = middle;
    }
    return (unsigned)high;
}

unsigned power_boots_family(size_t n, size_t m, double p_wanted)
{
    const size_t most = n > m ? n : m;
    unsigned more = 0;

    while (most + more < JUDGE_BOOTS_MAX && mw_least_p(n + more, m + more) > p_wanted)
        more++;
    return more;
}

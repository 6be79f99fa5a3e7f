/* SPDX-License-Identifier: MIT
 * The normal distribution by erfc, its quantile by bisection; see bench/judge/normal.h. Bisection
 * because it is short, monotone and always ends; nothing here is called often. */
#include "bench/judge/normal.h"

#include <float.h>
#include <math.h>

#define QUANTILE_STEPS 64u
#define QUANTILE_END   38.0 /* beyond, erfc is 0 */

double normal_below(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double normal_quantile(double p)
{
    double low = -QUANTILE_END, high = QUANTILE_END;

    for (unsigned step = 0; step < QUANTILE_STEPS; step++) {
        const double middle = low + (high - low) / 2;
        if (normal_below(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double finite_of(double x)
{
    if (isnan(x))
        return 0;
    return fmax(-DBL_MAX, fmin(DBL_MAX, x));
}

double midpoint_of(double a, double b)
{
    const double sum = a + b;

    return isfinite(sum) ? sum / 2 : a / 2 + b / 2;
}

/* SPDX-License-Identifier: MIT
 * Change points of a history: one number a commit, in order. E-divisive proposes (Matteson and
 * James 2014; James, Kejariwal and Matteson 2016 for the use on performance data), the filter
 * disposes: a point stays only if the Hodges-Lehmann shift of its two sides matters, exceeds their
 * spread, a rank test agrees, and a step fits clearly better than a slope. Wild points are pulled
 * in, and a level has four points at least, so what three points did is not told yet. Pure; the
 * permutations come from the seed. Called by history and the report. */
#ifndef TACH_BENCH_JUDGE_DETECT_H
#define TACH_BENCH_JUDGE_DETECT_H

#include <stddef.h>
#include <stdint.h>

struct detect_rule {
    size_t window;    /* points that one look covers, 50; 8 to 256 */
    double p;         /* of a proposed point, and of its rank test, 0.001 */
    double min_shift; /* relative, 0.005 */
    double min_mads;  /* in median absolute deviations of the sides, 1 */
    size_t side;      /* points on each side that the rank test looks at, 20; 4 to 256 */
    uint64_t seed;
};
extern const struct detect_rule detect_default;

struct change {
    size_t at;            /* the first point of the new level */
    double before, after; /* medians of the two sides, in the unit of the series */
    double percent;       /* of before, by Hodges-Lehmann */
    double p;             /* of the rank test */
};

/* Finds the changes of a series of n finite numbers. `image`, where it is not NULL, names what was
 * measured at each point (a hash, 0 unknown): a point whose image is its predecessor's is never a
 * change. Writes at most room changes in rising order. Returns how many there are, or -1 when
 * memory ends or a number is not finite. O(n * window); where every tenth point begins a level of
 * its own, shuffles cost 30 times as much. */
int detect_changes(const double *series, const uint64_t *image, size_t n,
                   const struct detect_rule *rule, struct change *out, size_t room);

/* The spread that points of one image show among themselves, relative, robust: the machine's A/A
 * estimate out of its own history. *pairs says how many it rests on; 0 and NaN-free where none. */
double detect_noise(const double *series, const uint64_t *image, size_t n, size_t *pairs);

#endif

/* SPDX-License-Identifier: MIT
 * Change points; see bench/judge/detect.h. Windows that overlap by half are split as far as their
 * splits hold; of all proposals, those stay whose two sides differ as a change must: enough, beyond
 * their spread, by a rank test, and by a step rather than by a slope. */
#include "bench/judge/detect.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge/mannwhitney.h"
#include "bench/judge/normal.h"
#include "bench/judge/random.h"
#include "bench/judge/rank.h"
#include "bench/judge/split.h"
#include "bench/judge/step.h"

#define WINDOW_MIN (2 * SPLIT_SIDE)
#define WINDOW_MAX (STEP_MAX / 2)
#define SIDE_MAX   (SPLIT_MAX / 2)
#define P_LEAST    1e-6

const struct detect_rule detect_default = {
    .window = 50, .p = 0.001, .min_shift = 0.005, .min_mads = 1, .side = 20, .seed = 1};

/* A search: the series, the rule within its bounds, and a mark at each point that is proposed. */
struct search {
    const double *series;
    const uint64_t *image;
    size_t n;
    struct detect_rule rule;
    unsigned char *proposed;
};

static size_t between(size_t low, size_t value, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* ---- proposals ------------------------------------------------------------------------------ */

/* Splits points from begin to end as often as a split holds. The parts get smaller, so it ends. */
static void segment_search(struct search *search, size_t begin, size_t end)
{
    const struct segment segment = {search->series + begin,
                                    search->image ? search->image + begin : NULL, end - begin};
    const uint64_t seed = search->rule.seed ^ (uint64_t)begin << 32 ^ end;
    const size_t at = split_best(&segment);

    if (!at || !split_holds(&segment, at, search->rule.p, seed))
        return;
    search->proposed[begin + at] = 1;
    segment_search(search, begin, begin + at);
    segment_search(search, begin + at, end);
}

/* The last window ends with the series, so that a new level is seen as soon as it can be. */
static void windows_search(struct search *search)
{
    const size_t window = search->rule.window;

    for (size_t begin = 0;; begin += window / 2) {
        if (begin + window >= search->n) {
            segment_search(search, search->n > window ? search->n - window : 0, search->n);
            return;
        }
        segment_search(search, begin, begin + window);
    }
}

/* ---- the filter ------------------------------------------------------------------------------ */

/* A proposal among its neighbours. */
struct place {
    size_t at;
    struct change change;
    bool judged, good;
};

/* Judges a place by the points up to the neighbours, `side` of them at most. */
static void place_judge(const struct search *search, struct place *place, size_t from, size_t to)
{
    const size_t side = search->rule.side, far = search->rule.window;
    double room[2 * SIDE_MAX], rest[2 * SIDE_MAX];

    const size_t begin = place->at - from > far ? place->at - far : from;
    const size_t end = to - place->at > far ? place->at + far : to;
    from = place->at - from > side ? place->at - side : from;
    to = to - place->at > side ? place->at + side : to;
    const struct sides sides = {room, room + (place->at - from), place->at - from, to - place->at};
    memcpy(room, search->series + from, (to - from) * sizeof(room[0]));
    rank_sort(room, sides.n);
    rank_sort(room + sides.n, sides.m);
    const double before = rank_median(sides.base, sides.n),
                 after = rank_median(sides.head, sides.m);
    const double shift = rank_shift(&sides);
    for (size_t i = 0; i < sides.n + sides.m; i++)
        rest[i] = room[i] - (i < sides.n ? before : after);
    const double mad = rank_mad(rest, sides.n + sides.m, 0);
    const double relative = before != 0 ? finite_of(shift / fabs(before)) : 0;
    place->change = (struct change){.at = place->at,
                                    .before = before,
                                    .after = after,
                                    .percent = finite_of(100 * relative),
                                    .p = mw_p_below(&sides, search->rule.p)};
    place->good = place->change.p <= search->rule.p && shift != 0 &&
                  (before == 0 || fabs(relative) >= search->rule.min_shift) &&
                  fabs(shift) >= search->rule.min_mads * mad &&
                  step_is(search->series + begin, place->at - begin, end - place->at);
    place->judged = true;
}

static void places_judge(const struct search *search, struct place *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!places[i].judged)
            place_judge(search, &places[i], i ? places[i - 1].at : 0,
                        i + 1 < count ? places[i + 1].at : search->n);
}

/* Whether a is the weaker of two neighbours that both may have to go: the one that a rank test
 * believes less, of equal ones the later. */
static bool place_weaker(const struct place *a, const struct place *b)
{
    if (b->good)
        return true;
    return a->change.p != b->change.p ? a->change.p > b->change.p : a->at > b->at;
}

/* Takes out places that are not good and weaker than both neighbours, whose sides grow by that.
 * Returns how many stay; the same number means that all are good. */
static size_t places_thin(struct place *places, size_t count)
{
    size_t kept = 0;
    bool removed = false;

    for (size_t i = 0; i < count; i++) {
        const bool weak = !places[i].good && !removed &&
                          (!kept || place_weaker(&places[i], &places[kept - 1])) &&
                          (i + 1 == count || place_weaker(&places[i], &places[i + 1]));
        if (removed)
            places[i].judged = false;
        removed = weak;
        if (weak && kept)
            places[kept - 1].judged = false;
        if (!weak)
            places[kept++] = places[i];
    }
    return kept;
}

/* Changes among the proposals, in order: their places, thinned until all are good. NULL without
 * memory. */
static struct place *places_find(const struct search *search, size_t *count)
{
    size_t proposals = 0, before;

    for (size_t i = 0; i < search->n; i++)
        proposals += search->proposed[i];
    struct place *places = calloc(proposals + 1, sizeof(*places));
    if (!places)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < search->n; i++)
        if (search->proposed[i])
            places[(*count)++].at = i;
    do {
        before = *count;
        places_judge(search, places, before);
        *count = places_thin(places, before);
    } while (*count != before);
    return places;
}

/* ---- the contract ---------------------------------------------------------------------------- */

static bool series_finite(const double *series, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(series[i]))
            return false;
    return true;
}

/* The rule, within what the arrays here and the shuffles can bear. */
static struct detect_rule rule_bounded(const struct detect_rule *rule)
{
    struct detect_rule bounded = *rule;

    bounded.window = between(WINDOW_MIN, rule->window, WINDOW_MAX);
    bounded.side = between(SPLIT_SIDE, rule->side, SIDE_MAX);
    bounded.p = fmax(P_LEAST, fmin(1, rule->p));
    return bounded;
}

int detect_changes(const double *series, const uint64_t *image, size_t n,
                   const struct detect_rule *rule, struct change *out, size_t room)
{
    struct search search = {.series = series, .image = image, .n = n, .rule = rule_bounded(rule)};
    size_t count = 0;

    if (!series_finite(series, n))
        return -1;
    search.proposed = calloc(n + 1, 1);
    if (!search.proposed)
        return -1;
    windows_search(&search);
    struct place *places = places_find(&search, &count);
    free(search.proposed);
    if (!places)
        return -1;
    for (size_t i = 0; i < count && i < room; i++)
        out[i] = places[i].change;
    free(places);
    return (int)count;
}

double detect_noise(const double *series, const uint64_t *image, size_t n, size_t *pairs)
{
    double *distances = calloc(n + 1, sizeof(*distances)), noise = 0;
    /* the distance of two normal boots has the deviation of one times the root of 2 */
    const double to_sigma = 1.482602218505602 * M_SQRT1_2;

    *pairs = 0;
    for (size_t i = 1; distances && image && i < n; i++) {
        const double middle = fabs(midpoint_of(series[i - 1], series[i]));
        if (!image[i] || image[i] != image[i - 1] || !(middle > 0) || !isfinite(middle))
            continue;
        distances[(*pairs)++] = finite_of((series[i] - series[i - 1]) / middle);
    }
    if (*pairs)
        noise = finite_of(to_sigma * rank_mad(distances, *pairs, 0));
    free(distances);
    return noise;
}

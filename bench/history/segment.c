/* SPDX-License-Identifier: MIT
 * Segments and their changes; see bench/history/segment.h. Where numbers are exact (counted
 * instructions) each difference is real, as compare has it: nothing is estimated there. Else the
 * detector of bench/judge/detect.h decides. */
#include "bench/history/segment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"

/* Neighbours that differ, unless they are of one image. Returns how many, at most room. */
static int exact_changes(const struct history_point *points, size_t count, struct change *out)
{
    int found = 0;

    for (size_t i = 1; i < count; i++) {
        const double before = points[i - 1].value, after = points[i].value;
        const uint64_t image = points[i].run->image;
        if (before == after || (image && image == points[i - 1].run->image))
            continue;
        out[found++] =
            (struct change){.at = i,
                            .before = before,
                            .after = after,
                            .percent = before != 0 ? 100 * (after - before) / before : 0};
    }
    return found;
}

/* Fills changes and noise of a segment whose points are there. */
static int segment_judge(struct arena *arena, struct history_segment *segment, bool exact)
{
    const size_t n = segment->count;
    double *values = arena_take(arena, n * sizeof(*values));
    uint64_t *images = arena_take(arena, n * sizeof(*images));
    struct change *changes = arena_take(arena, n * sizeof(*changes));

    if (!values || !images || !changes)
        return TACH_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        values[i] = segment->points[i].value;
        images[i] = segment->points[i].run->image;
        if (!isfinite(values[i]))
            return TACH_BADDATA;
    }
    const int found = exact ? exact_changes(segment->points, n, changes)
                            : detect_changes(values, images, n, &detect_default, changes, n);
    if (found < 0)
        return TACH_INTERNAL;
    segment->changes = changes;
    segment->change_count = (size_t)found;
    segment->noise = detect_noise(values, images, n, &segment->noise_pairs);
    return TACH_OK;
}

/* Leaves the newest `last` points, with the changes among them. */
static void segment_cut(struct arena *arena, struct history_segment *segment, size_t last)
{
    const size_t drop = segment->count - last;
    struct change *changes = arena_take(arena, segment->change_count * sizeof(*changes));
    size_t kept = 0;

    for (size_t i = 0; changes && i < segment->change_count; i++) {
        if (segment->changes[i].at < drop)
            continue;
        changes[kept] = segment->changes[i];
        changes[kept++].at -= drop;
    }
    segment->changes = changes;
    segment->change_count = kept;
    segment->points += drop;
    segment->count = last;
}

/* The segment of a machine, made where it is new; NULL when memory ends. */
static struct history_segment *segment_of(struct history_segment **segments, size_t *count,
                                          size_t *room, const char *machine)
{
    for (size_t i = 0; i < *count; i++)
        if (!strcmp((*segments)[i].machine, machine))
            return &(*segments)[i];
    struct history_segment *segment =
        list_grow((void **)(void *)segments, *count, room, sizeof(**segments));
    if (!segment)
        return NULL;
    segment->machine = machine;
    (*count)++;
    return segment;
}

/* Copies each point behind those of its machine. */
static int points_part(struct arena *arena, const struct history_point *points,
                       const struct history_series *series, struct history_segment *segments)
{
    for (size_t s = 0; s < series->segment_count; s++) {
        struct history_point *own = arena_take(arena, segments[s].count * sizeof(*own));
        size_t used = 0;
        if (!own)
            return TACH_INTERNAL;
        for (size_t i = 0; i < series->count; i++)
            if (!strcmp(points[i].run->machine, segments[s].machine))
                own[used++] = points[i];
        segments[s].points = own;
    }
    return TACH_OK;
}

int segments_make(struct arena *arena, const struct history_point *points, size_t last,
                  struct history_series *series)
{
    struct history_segment *found = NULL, *segments;
    size_t count = 0, room = 0;
    int status = TACH_OK;

    for (size_t i = 0; !status && i < series->count; i++) {
        struct history_segment *segment = segment_of(&found, &count, &room, points[i].run->machine);
        status = segment ? TACH_OK : TACH_INTERNAL;
        if (segment)
            segment->count++;
    }
    segments = arena_take(arena, count * sizeof(*segments));
    if (!status && segments && count)
        memcpy(segments, found, count * sizeof(*segments));
    free(found);
    if (status || !segments)
        return TACH_INTERNAL;
    series->segments = segments;
    series->segment_count = count;
    status = points_part(arena, points, series, segments);
    for (size_t i = 0; !status && i < count; i++) {
        status = segment_judge(arena, &segments[i], series->exact);
        if (!status && last && segments[i].count > last)
            segment_cut(arena, &segments[i], last);
    }
    return status;
}

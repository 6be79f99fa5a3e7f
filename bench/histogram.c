/* SPDX-License-Identifier: MIT
 * Exact histograms as one sorted array; see bench/histogram.h. A region has few distinct values, so
 * a sorted array beats a tree: additions are nearly always to an entry that is there already. */
#include "bench/histogram.h"

#include <stdlib.h>
#include <string.h>

static int histogram_reserve(struct histogram *histogram, size_t room)
{
    if (room <= histogram->room)
        return 0;
    size_t larger = histogram->room ? histogram->room : 16;
    while (larger < room)
        larger *= 2;
    struct wire_hist_entry *entries = realloc(histogram->entries, larger * sizeof(*entries));
    if (!entries)
        return -1;
    histogram->entries = entries;
    histogram->room = larger;
    return 0;
}

/* Index of the first entry that is not below value. */
static size_t histogram_find(const struct histogram *histogram, uint64_t value)
{
    size_t low = 0, high = histogram->used;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (histogram->entries[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int histogram_add(struct histogram *histogram, uint64_t value, uint64_t count)
{
    const size_t at = histogram_find(histogram, value);

    if (count > UINT64_MAX - histogram->samples)
        return -1;
    if (!count)
        return 0;
    if (at == histogram->used || histogram->entries[at].value != value) {
        if (histogram_reserve(histogram, histogram->used + 1))
            return -1;
        memmove(&histogram->entries[at + 1], &histogram->entries[at],
                (histogram->used - at) * sizeof(*histogram->entries));
        histogram->entries[at] = (struct wire_hist_entry){value, 0};
        histogram->used++;
    }
    histogram->entries[at].count += count;
    histogram->samples += count;
    return 0;
}

static int entries_check(const struct wire_hist_entry *entries, size_t n, uint64_t *samples)
{
    for (size_t i = 0; i < n; i++) {
        if (!entries[i].count || entries[i].count > UINT64_MAX - *samples)
            return -1;
        if (i && entries[i].value <= entries[i - 1].value)
            return -1;
        *samples += entries[i].count;
    }
    return 0;
}

/* Merges from the back, in place: the larger of the two last entries goes to the end. The gap that
 * equal values leave between the untouched front and the merged back is closed at the end. */
int histogram_merge(struct histogram *histogram, const struct wire_hist_entry *entries, size_t n)
{
    uint64_t samples = histogram->samples;

    if (entries_check(entries, n, &samples) || histogram_reserve(histogram, histogram->used + n))
        return -1;
    struct wire_hist_entry *own = histogram->entries;
    size_t left = histogram->used, at = histogram->used + n;
    const size_t end = at;
    while (n) {
        if (left && own[left - 1].value > entries[n - 1].value) {
            own[--at] = own[--left];
            continue;
        }
        struct wire_hist_entry merged = entries[--n];
        if (left && own[left - 1].value == merged.value)
            merged.count += own[--left].count;
        own[--at] = merged;
    }
    if (at != left)
        memmove(&own[left], &own[at], (end - at) * sizeof(*own));
    histogram->used = left + (end - at);
    histogram->samples = samples;
    return 0;
}

void histogram_free(struct histogram *histogram)
{
    free(histogram->entries);
    *histogram = (struct histogram){0};
}

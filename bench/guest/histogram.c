/* SPDX-License-Identifier: MIT
 * See histogram.h. A sorted array and a binary search: few values repeat often. */
#include "bench/guest/histogram.h"
#include "servers/lib/string.h"

void histogram_clear(struct histogram *h)
{
    h->count = 0;
    h->samples = 0;
    h->folded = false;
}

/* The first entry that is not below the value, or count. */
static uint32_t entry_find(const struct histogram *h, uint64_t value)
{
    uint32_t low = 0, high = h->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (h->entry[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    uint32_t at = entry_find(h, value);
    bool there = at < h->count && h->entry[at].value == value;

    h->samples++;
    if (!there && h->count == HISTOGRAM_ENTRIES) {
        h->folded = true;
        at = at < h->count ? at : h->count - 1;
    } else if (!there) {
        memmove(&h->entry[at + 1], &h->entry[at], (h->count - at) * sizeof(h->entry[0]));
        h->entry[at] = (struct wire_hist_entry){value, 0};
        h->count++;
    }
    h->entry[at].count++;
}

uint64_t histogram_median(const struct histogram *h)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        seen += h->entry[i].count;
        if (seen > h->samples / 2)
            return h->entry[i].value;
    }
    return 0;
}

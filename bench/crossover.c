/* SPDX-License-Identifier: MIT
 * Payloads at which two routes cost the same; see bench/crossover.h. */
#include "bench/crossover.h"

#include <string.h>

#include "bench/chart.h"

const char *const crossover_pairs[CROSSOVER_PAIRS][2] = {
    {"R1", "T2"}, {"R1", "D4"}, {"D4", "T2"}, {"D0", "T2"}, {"D4", "D0"}};

size_t crossover_sizes(const struct document *document, long sizes[CROSSOVER_SIZES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < document->count; i++) {
        const long size = cell_split(document->figures[i].cell).size;
        size_t at = 0;
        while (at < count && sizes[at] < size)
            at++;
        if (size < 0 || count == CROSSOVER_SIZES_MAX || (at < count && sizes[at] == size))
            continue;
        memmove(&sizes[at + 1], &sizes[at], (count - at) * sizeof(sizes[0]));
        sizes[at] = size;
        count++;
    }
    return count;
}

struct crossover crossover_find(const struct document *document, const char *const pair[2])
{
    struct crossover found = {.size = -1};
    long sizes[CROSSOVER_SIZES_MAX], last = 0;
    const size_t n = crossover_sizes(document, sizes);
    double gap_before = 0, whole_before = 0;

    for (size_t k = 0; k < n; k++) {
        const struct figure *a = chart_at(document, pair[0], sizes[k], false);
        const struct figure *b = chart_at(document, pair[1], sizes[k], false);
        if (!a || !b)
            continue;
        const double gap = b->whole - a->whole;
        if (found.size < 0 && gap_before * gap < 0) {
            const double part = gap_before / (gap_before - gap);
            found.size = (double)last + (double)(sizes[k] - last) * part;
            found.whole = whole_before + (a->whole - whole_before) * part;
        }
        gap_before = gap;
        whole_before = a->whole;
        last = sizes[k];
        found.measured++;
    }
    return found;
}

/* SPDX-License-Identifier: MIT
 * Payloads at which two routes cost the same; see bench/crossover.h. */
#include "bench/crossover.h"

#include <string.h>

#include "bench/chart/chart.h"

const struct crossover_pair crossover_pairs[CROSSOVER_PAIRS] = {
    {{"T0", "T0c"}, "from here on mapping the payload costs less than copying it"},
    {{"D3", "D4"}, "C alone would cost less than the fast path"},
    {{"R1", "T2"}, "the server would be cheaper than the kernel"},
    {{"R1", "D4"}, "a message would be cheaper than a call of the kernel"},
    {{"D4", "T2"}, "the scheme would be cheaper than the bare message"},
    {{"D0", "T2"}, "six traps against the scheme's two"},
    {{"D4", "D0"}, "the top of the ladder against its foot"},
};

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

struct crossover crossover_find(const struct document *document, const struct crossover_pair *pair,
                                bool pti_on)
{
    struct crossover found = {.size = -1};
    long sizes[CROSSOVER_SIZES_MAX], last = 0;
    const size_t n = crossover_sizes(document, sizes);
    double gap_before = 0, whole_before = 0;

    for (size_t k = 0; k < n; k++) {
        const struct figure *a = chart_at(document, pair->rungs[0], sizes[k], pti_on);
        const struct figure *b = chart_at(document, pair->rungs[1], sizes[k], pti_on);
        if (!a || !b)
            continue;
        const double gap = b->whole - a->whole;
        if (found.size < 0 && gap_before * gap < 0) {
            const double part = gap_before / (gap_before - gap);
            found.low = last;
            found.high = sizes[k];
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

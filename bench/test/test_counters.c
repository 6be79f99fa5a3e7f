/* SPDX-License-Identifier: MIT
 * Counters to figures: what is a sum, what is noise below 0, and what is not there. */
#include <string.h>

#include "bench/counters.h"
#include "bench/test/unit.h"

static struct counters counters = {.head = {.cell = "R0", .calls = 10, .ticks = 90, .entries = 4}};
static struct boot boot = {.counters = &counters, .counters_count = 1};

static struct figure filled(const char *cell)
{
    struct figure figure = figure_empty();

    strcpy(figure.cell, cell);
    counters_fill(&figure, &boot);
    return figure;
}

static void entry_set(unsigned at, uint32_t kind, uint64_t count, uint64_t empty)
{
    counters.list[at] = (struct wire_counter){.kind = kind, .count = count, .empty = empty};
}

int main(void)
{
    struct document document = {.count = 1};

    entry_set(0, COUNTER_CYCLES, 25, 30);
    entry_set(1, COUNTER_DTLB_WALKS, 10, 0);
    entry_set(2, COUNTER_DTLB_WALKS, 7, 2);
    entry_set(3, 77, 1000, 0); /* of a kernel to come */
    struct figure figure = filled("R0" FIGURE_PCID);
    EXPECT(figure.pmu_ticks == 9);
    EXPECT(figure.pmu_cycles == -0.5);
    EXPECT(figure.pmu_dtlb_walks == 1.5);
    EXPECT(!figure_has(figure.pmu_instructions) && !figure_has(figure.pmu_l1d_misses));
    EXPECT(counters_had(&figure));
    document.figures = &figure;
    EXPECT(counters_any(&document));
    EXPECT(!counters_lack(&boot, COUNTER_DTLB_WALKS) && !counters_lack(&boot, COUNTER_L1D_MISSES));

    /* half of a sum is nothing, in whichever order */
    for (unsigned half = 1; half <= 2; half++) {
        entry_set(half, COUNTER_DTLB_WALKS, 0, 0);
        counters.list[half].state = COUNTER_NO_COUNTER;
        EXPECT(!figure_has(filled("R0").pmu_dtlb_walks));
        CHECK_TEXT(counters_lack(&boot, COUNTER_DTLB_WALKS),
                   "the CPU has no counter, or not the event");
        entry_set(half, COUNTER_DTLB_WALKS, 5, 0);
    }
    EXPECT(filled("R0").pmu_dtlb_walks == 1);

    figure = filled("R1"); /* another cell's */
    EXPECT(!counters_had(&figure) && !counters_any(&document));
    figure = filled("R"); /* no prefix will do */
    EXPECT(!counters_had(&figure));
    boot.counters_count = 0;
    figure = filled("R0");
    EXPECT(!counters_had(&figure) && !counters_lack(&boot, COUNTER_CYCLES));
    return unit_done("counted");
}

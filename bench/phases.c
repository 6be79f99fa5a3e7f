/* SPDX-License-Identifier: MIT
 * The phases of a cell's typical call; see bench/phases.h. The call whose whole is the median is
 * shown, because medians of the parts of different calls would add up to no call at all. */
#include "bench/phases.h"

#include <string.h>

static const struct span_cell *cell_find(const struct span_table *table, const char *name)
{
    for (size_t i = 0; i < table->cell_count; i++)
        if (!strcmp(table->cells[i].name, name))
            return &table->cells[i];
    return NULL;
}

void phases_fill(struct figure *figure, const struct boot *boot, const struct span_table *table)
{
    const struct span_cell *cell = cell_find(table, figure->cell);

    if (!cell || !cell->calls)
        return;
    const struct span_call *call = &table->calls[cell->typical];
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        figure->phase[i] = (double)call->phase[i];
    figure->traced = (double)call->whole;
    /* The client's two stamps are a bare reading of the clock each: together an empty region. */
    figure->stamps = call->stamps - 1.0;
    figure->stamp_cost = (double)boot->calib.stamp_cost;
    figure->residue =
        figure->traced - figure->stamps * figure->stamp_cost - figure->empty - figure->whole;
}

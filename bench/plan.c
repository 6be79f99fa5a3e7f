/* SPDX-License-Identifier: MIT
 * The boots of a run and their random, balanced order; see bench/plan.h. */
#include "bench/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/judge/random.h"

#define POINTS 6u /* of the axes: isolation off, on, on with PCID; tracing off, on */

/* How many cells from first on fit one bench= word. */
static size_t batch_count(const struct matrix *matrix, size_t first)
{
    size_t bytes = 0, count = 0;

    while (first + count < matrix->cell_count) {
        bytes += strlen(matrix->cells[first + count].name) + 1;
        if (bytes > BOOT_CELLS_MAX)
            break;
        count++;
    }
    return count;
}

static bool axis_has(unsigned axis, bool on)
{
    return axis & (on ? AXIS_ON : AXIS_OFF);
}

/* PCID is a way of isolation: without that there is nothing for it to do. */
static bool pcid_has(const struct matrix *matrix, bool pti, bool pcid)
{
    return !pti || !matrix->pcid ? !pcid : axis_has(matrix->pcid, pcid);
}

/* The boots of one repetition; with runs NULL they are only counted. */
static size_t repetition_plan(const struct matrix *matrix, struct boot_run *runs)
{
    size_t used = 0;

    for (size_t first = 0, count; first < matrix->cell_count; first += count) {
        count = batch_count(matrix, first);
        for (unsigned point = 0; point < POINTS; point++) {
            const bool trace = point >= POINTS / 2, pti = point % (POINTS / 2) > 0;
            const bool pcid = point % (POINTS / 2) == 2;
            if (!axis_has(matrix->pti, pti) || !axis_has(matrix->trace, trace) ||
                !pcid_has(matrix, pti, pcid))
                continue;
            if (runs)
                runs[used] = (struct boot_run){
                    .pti = pti, .trace = trace, .pcid = pcid, .first = first, .count = count};
            used++;
        }
    }
    return used;
}

/* Which side of each unit comes first in the first repetition: half of them either. */
static void sides_deal(uint64_t *state, size_t *first, size_t units)
{
    for (size_t i = 0; i < units; i++)
        first[i] = i & 1;
    random_shuffle(state, first, units);
}

static void order_make(const struct plan *plan, size_t units, size_t *scratch, size_t *order)
{
    uint64_t state = plan->seed;
    size_t *first = scratch, *unit = scratch + units;

    sides_deal(&state, first, units);
    for (size_t i = 0; i < units; i++)
        unit[i] = i;
    for (unsigned repetition = 0; repetition < plan->repetitions; repetition++) {
        random_shuffle(&state, unit, units);
        for (size_t i = 0; i < units; i++)
            for (unsigned turn = 0; turn < plan->sides; turn++) {
                const size_t side = (first[unit[i]] + repetition + turn) % plan->sides;
                *order++ = side * units * plan->repetitions + repetition * units + unit[i];
            }
    }
}

/* The first repetition is planned; the others are made after it. */
static void runs_repeat(const struct plan *plan, size_t units, struct boots *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const size_t number = i % (units * plan->repetitions);
        out->runs[i] = out->runs[number % units];
        out->runs[i].side = (unsigned)(i / (units * plan->repetitions));
        out->runs[i].repetition = (unsigned)(number / units);
        out->runs[i].number = (unsigned)number + 1;
    }
}

int plan_boots(const struct matrix *matrix, const struct plan *plan, struct boots *out)
{
    const size_t units = repetition_plan(matrix, NULL);

    *out = (struct boots){0};
    if (!units || !plan->repetitions || units * plan->repetitions * plan->sides > BOOTS_MAX)
        return -1;
    const size_t count = units * plan->repetitions * plan->sides;
    size_t *scratch = calloc(2 * units, sizeof(*scratch));
    out->runs = calloc(count, sizeof(*out->runs));
    out->order = calloc(count, sizeof(*out->order));
    out->count = out->runs ? count : 0;
    const bool failed = !scratch || !out->runs || !out->order;
    if (!failed) {
        repetition_plan(matrix, out->runs);
        runs_repeat(plan, units, out);
        order_make(plan, units, scratch, out->order);
    }
    free(scratch);
    return failed ? -1 : 0;
}

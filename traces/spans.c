/* SPDX-License-Identifier: MIT
 * Pairs records into calls (see spans.h): one walker a CPU goes through the stamps; an interval is
 * named after the stamp that ends it and after the crossing in which it lies. Which crossing is the
 * last is known at the end only, so each crossing is summed by itself until the next one comes. */
#include "traces/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/array.h"

#define CELLS_MAX 512u /* a command line names fewer; bounds what a hostile file can cost */

/* A call that has begun on one CPU. */
struct walker {
    bool open;
    struct span_call call;
    uint64_t before;   /* stamp of the last record that ends an interval */
    uint64_t crossing; /* ticks of the present crossing so far, from the second on */
    bool slow;         /* in the first crossing: ph_slow came, the C path runs */
};

const char *span_phase_name(enum phase phase)
{
    static const char *const names[] = {
#define X(name, meaning) #name,
        PHASES(X)
#undef X
    };

    return names[phase];
}

const char *span_phase_meaning(enum phase phase)
{
    static const char *const meanings[] = {
#define X(name, meaning) meaning,
        PHASES(X)
#undef X
    };

    return meanings[phase];
}

double span_residue(const struct span_call *call, const struct span_basis *basis)
{
    return (double)call->whole - basis->untraced - basis->empty -
           (double)call->stamps * basis->stamp_cost;
}

const struct span_cell *span_cell_find(const struct span_table *table, const char *name)
{
    for (size_t i = 0; i < table->cell_count; i++)
        if (strcmp(table->cells[i].name, name) == 0)
            return &table->cells[i];
    return NULL;
}

static void walker_open(struct walker *walker, const struct trace_record *record, size_t index)
{
    memset(walker, 0, sizeof *walker);
    walker->open = record->arg < CELLS_MAX;
    walker->before = record->tsc;
    walker->call.cell = record->arg;
    walker->call.iteration = record->aux;
    walker->call.start = record->tsc;
    walker->call.first = index;
}

/* A new crossing: the one before, if not the first, was no reply but one in the middle. */
static void walker_enter(struct walker *walker, uint64_t ticks)
{
    walker->call.phase[walker->call.crossings == 0 ? PHASE_entry : PHASE_server] += ticks;
    walker->call.phase[PHASE_middle] += walker->crossing;
    walker->crossing = 0;
    walker->call.crossings++;
}

/* The phase that a stamp within a crossing ends. */
static enum phase phase_ended(uint16_t event)
{
    switch (event) {
    case EV_ph_guards:
        return PHASE_guards;
    case EV_ph_commit:
        return PHASE_commit;
    case EV_ph_root:
        return PHASE_root;
    case EV_ph_exit:
        return PHASE_exit;
    default:
        return PHASE_slow;
    }
}

/* A stamp within a crossing. */
static void walker_inside(struct walker *walker, uint16_t event, uint64_t ticks)
{
    if (walker->call.crossings > 1)
        walker->crossing += ticks;
    else
        walker->call.phase[walker->slow ? PHASE_slow : phase_ended(event)] += ticks;
    walker->slow = event == EV_ph_slow || (walker->slow && event != EV_ph_exit);
}

/* Gives one record's interval to its phase. Records of other kinds end none: their time stays with
 * the phase in which they came. Returns true when the call is complete. */
static bool walker_step(struct walker *walker, const struct trace_record *record)
{
    uint64_t ticks = record->tsc - walker->before;

    switch (record->event) {
    case EV_ph_entry:
        walker_enter(walker, ticks);
        break;
    case EV_ph_guards:
    case EV_ph_commit:
    case EV_ph_root:
    case EV_ph_exit:
    case EV_ph_slow:
        walker_inside(walker, record->event, ticks);
        break;
    case EV_server_begin:
    case EV_server_end:
        walker->call.phase[PHASE_server] += ticks;
        break;
    case EV_user_end:
        walker->call.phase[PHASE_reply] += walker->crossing;
        walker->call.phase[PHASE_return] += ticks;
        break;
    default:
        walker->call.interrupts += record->event == EV_irq || record->event == EV_fault;
        walker->call.stamps++;
        return false;
    }
    walker->call.stamps += record->event != EV_user_end;
    walker->before = record->tsc;
    return record->event == EV_user_end;
}

static bool call_add(struct span_table *table, const struct span_call *call)
{
    struct span_call *calls = array_grow(table->calls, table->call_count, 1, sizeof *calls);

    if (!calls)
        return false;
    table->calls = calls;
    calls[table->call_count++] = *call;
    return true;
}

/* Takes the record with this index. Returns false when memory is out. */
static bool record_take(struct span_table *table, struct walker *walker, const struct boot *boot,
                        size_t index)
{
    const struct trace_record *record = &boot->events[index];
    bool same = record->arg == walker->call.cell && record->aux == walker->call.iteration;

    if (record->event == EV_user_begin) {
        table->unpaired += walker->open;
        walker_open(walker, record, index);
        table->unpaired += !walker->open;
        return true;
    }
    if (record->event == EV_lost || (record->event == EV_user_end && !(walker->open && same))) {
        table->unpaired += walker->open || record->event == EV_user_end;
        walker->open = false;
        return true;
    }
    if (!walker->open || !walker_step(walker, record))
        return true;
    walker->open = false;
    walker->call.last = index;
    walker->call.whole = record->tsc - walker->call.start;
    return call_add(table, &walker->call);
}

static struct span_cell *cell_find(struct span_table *table, const struct boot *boot, uint64_t cell)
{
    struct span_cell *cells = table->cells;

    for (size_t i = 0; i < table->cell_count; i++)
        if (cells[i].cell == cell)
            return &cells[i];
    cells = array_grow(cells, table->cell_count, 1, sizeof *cells);
    if (!cells)
        return NULL;
    table->cells = cells;
    cells += table->cell_count++;
    memset(cells, 0, sizeof *cells);
    cells->cell = cell;
    boot_cell_name(boot, cell, cells->name, sizeof cells->name);
    return cells;
}

static int ticks_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static size_t call_with(const struct span_table *table, uint64_t cell, uint64_t whole)
{
    size_t i = 0;

    while (table->calls[i].cell != cell || table->calls[i].whole != whole)
        i++;
    return i;
}

/* Sorts one figure of a cell's calls into `ticks`: a phase, or the whole at PHASE_COUNT. */
static void figure_sort(const struct span_table *table, uint64_t cell, unsigned figure,
                        uint64_t *ticks)
{
    size_t count = 0;

    for (size_t i = 0; i < table->call_count; i++) {
        const struct span_call *call = &table->calls[i];

        if (call->cell == cell)
            ticks[count++] = figure == PHASE_COUNT ? call->whole : call->phase[figure];
    }
    qsort(ticks, count, sizeof *ticks, ticks_order);
}

static void cell_judge(const struct span_table *table, struct span_cell *cell, uint64_t *ticks)
{
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        figure_sort(table, cell->cell, i, ticks);
        cell->phase_median[i] = ticks[cell->calls / 2];
    }
    figure_sort(table, cell->cell, PHASE_COUNT, ticks);
    cell->whole_median = ticks[cell->calls / 2];
    cell->whole_min = ticks[0];
    cell->whole_max = ticks[cell->calls - 1];
    cell->typical = call_with(table, cell->cell, cell->whole_median);
    cell->slowest = call_with(table, cell->cell, ticks[(cell->calls * 999) / 1000]);
}

static bool cells_make(struct span_table *table, const struct boot *boot)
{
    uint64_t *ticks = calloc(table->call_count + 1, sizeof *ticks);
    struct span_cell *cell = NULL;

    for (size_t i = 0; ticks && i < table->call_count; i++) {
        cell = cell_find(table, boot, table->calls[i].cell);
        if (!cell)
            break;
        cell->calls++;
    }
    for (size_t i = 0; ticks && i < table->cell_count; i++)
        cell_judge(table, &table->cells[i], ticks);
    free(ticks);
    return ticks && (cell || table->call_count == 0);
}

static size_t cpus_count(const struct boot *boot)
{
    size_t cpus = 1;

    for (size_t i = 0; i < boot->event_count; i++)
        cpus = cpus > boot->events[i].cpu ? cpus : boot->events[i].cpu + 1u;
    return cpus;
}

/* What has begun has no end that can be told. */
static void walkers_close(struct span_table *table, struct walker *walkers, size_t cpus)
{
    for (size_t i = 0; i < cpus; i++) {
        table->unpaired += walkers[i].open;
        walkers[i].open = false;
    }
}

int spans_of_boot(const struct boot *boot, struct span_table *out)
{
    size_t cpus = cpus_count(boot);
    struct walker *walkers = calloc(cpus, sizeof *walkers);
    bool good = walkers != NULL;

    memset(out, 0, sizeof *out);
    for (size_t i = 0, gap = 0; good && i < boot->event_count; i++) {
        if (gap < boot->gap_count && boot->gaps[gap] == i) {
            gap++;
            walkers_close(out, walkers, cpus);
        }
        good = record_take(out, &walkers[boot->events[i].cpu], boot, i);
    }
    if (good)
        walkers_close(out, walkers, cpus);
    free(walkers);
    if (good && cells_make(out, boot))
        return 0;
    spans_free(out);
    return -1;
}

void spans_free(struct span_table *table)
{
    free(table->calls);
    free(table->cells);
    memset(table, 0, sizeof *table);
}

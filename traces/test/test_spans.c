/* SPDX-License-Identifier: MIT
 * Spans: the phases of every call add up to its whole and are the ticks that were put in; begins,
 * ends and losses out of place are counted and never paired. */
#include <stdlib.h>

#include "traces/spans.h"
#include "traces/test/check.h"
#include "traces/test/synth.h"

static uint64_t phases_sum(const struct span_call *call)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < PHASE_COUNT; i++)
        sum += call->phase[i];
    return sum;
}

static void check_calls(const struct span_table *table, int pti)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < table->call_count; i++) {
        const struct span_call *call = &table->calls[i];
        const struct synth_cell *cell = &synth_cells[call->cell];

        wrong += phases_sum(call) != call->whole;
        wrong += call->whole != synth_whole(call->cell, call->iteration, pti);
        wrong += call->crossings != cell->crossings || call->stamps != 5 * cell->crossings;
        wrong += call->phase[PHASE_guards] != cell->costs.guards + call->iteration % 3;
        wrong += call->phase[PHASE_root] != cell->costs.root + (pti ? SYNTH_ROOT_ON : 0);
        wrong += call->phase[PHASE_server] != (cell->crossings - 1) * cell->costs.server;
        wrong += (call->phase[PHASE_middle] > 0) != (cell->crossings > 2);
        wrong += (call->phase[PHASE_reply] > 0) != (cell->crossings > 1);
    }
    CHECK_EQ(wrong, 0);
}

static void check_cells(const struct span_table *table, int pti)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        const struct span_cell *cell = &table->cells[i];
        const struct span_basis basis = {SYNTH_STAMP, SYNTH_EMPTY, (double)synth_untraced(i, pti)};

        CHECK_TEXT(cell->name, synth_cells[i].name);
        CHECK_EQ(cell->calls, SYNTH_CALLS);
        CHECK_EQ(cell->whole_median, synth_whole(i, 1, pti));
        CHECK_EQ(cell->whole_min, synth_whole(i, 0, pti));
        CHECK_EQ(cell->whole_max, synth_whole(i, 2, pti));
        CHECK_EQ(table->calls[cell->typical].whole, cell->whole_median);
        CHECK_EQ(table->calls[cell->slowest].whole, cell->whole_max);
        CHECK(span_cell_find(table, cell->name) == cell);
        /* Untraced is made of the shortest call; the typical one is 1 longer. R0 is too short to
         * take its stamps away. */
        CHECK(i == 0 || span_residue(&table->calls[cell->typical], &basis) == 1);
    }
}

static void test_synthetic(void)
{
    struct synth synth = {0};
    struct capture capture;

    synth_capture(&synth);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), 0);
    for (int pti = 0; pti < 2; pti++) {
        struct span_table table;

        CHECK_EQ(spans_of_boot(&capture.boots[2 + pti], &table), 0);
        CHECK_EQ(table.call_count, SYNTH_CELLS * SYNTH_CALLS);
        CHECK_EQ(table.cell_count, SYNTH_CELLS);
        CHECK_EQ(table.unpaired, 0);
        check_calls(&table, pti);
        check_cells(&table, pti);
        spans_free(&table);
    }
    capture_free(&capture);
    free(synth.bytes);
}

static struct trace_record stamp(uint64_t tsc, uint16_t event, uint64_t arg, uint64_t aux)
{
    return (struct trace_record){.tsc = tsc, .event = event, .arg = arg, .aux = aux};
}

static struct span_table pair(struct trace_record *events, size_t count)
{
    static char none[] = "";
    struct boot boot = {.cmdline = none, .events = events, .event_count = count};
    struct span_table table;

    CHECK_EQ(spans_of_boot(&boot, &table), 0);
    return table;
}

static void test_slow(void)
{
    struct trace_record events[] = {
        stamp(0, EV_user_begin, 3, 0),   stamp(5, EV_ph_entry, 1, 0),
        stamp(25, EV_ph_slow, 1, 0),     stamp(125, EV_irq, 32, 0),
        stamp(325, EV_ph_exit, 0, 0),    stamp(330, EV_server_begin, 3, 0),
        stamp(350, EV_server_end, 3, 0), stamp(351, EV_ph_entry, 1, 0),
        stamp(371, EV_ph_exit, 0, 0),    stamp(380, EV_user_end, 3, 0)};
    struct span_table table = pair(events, sizeof events / sizeof events[0]);

    if (CHECK_EQ(table.call_count, 1)) {
        const struct span_call *call = &table.calls[0];

        CHECK_EQ(call->phase[PHASE_entry], 5);
        CHECK_EQ(call->phase[PHASE_slow], 320);
        CHECK_EQ(call->phase[PHASE_server], 26);
        CHECK_EQ(call->phase[PHASE_reply], 20);
        CHECK_EQ(call->phase[PHASE_return], 9);
        CHECK_EQ(phases_sum(call), 380);
        CHECK_EQ(call->interrupts, 1);
        CHECK_TEXT(table.cells[0].name, "cell 3");
    }
    spans_free(&table);
}

static void test_unpaired(void)
{
    struct trace_record events[] = {
        stamp(1, EV_user_end, 1, 1),   stamp(2, EV_user_begin, 1, 2),
        stamp(3, EV_user_begin, 1, 3), stamp(4, EV_user_end, 1, 9),
        stamp(5, EV_user_begin, 1, 4), stamp(6, EV_lost, 10, 0),
        stamp(7, EV_user_end, 1, 4),   stamp(8, EV_user_begin, 1, 5),
        stamp(9, EV_user_end, 1, 5),   stamp(10, EV_user_begin, ~0ull, 6),
        stamp(11, EV_user_begin, 1, 7)};
    struct span_table table = pair(events, sizeof events / sizeof events[0]);

    CHECK_EQ(table.call_count, 1);
    CHECK_EQ(table.calls[0].iteration, 5);
    CHECK_EQ(table.unpaired, 7);
    spans_free(&table);
}

/* A frame is missing in front of record 3: whether records were in it cannot be known, so the call
 * that goes on there is none; one that begins there is. */
static void test_gap(void)
{
    struct trace_record events[] = {stamp(1, EV_user_begin, 1, 1), stamp(2, EV_ph_entry, 1, 0),
                                    stamp(3, EV_ph_guards, 0, 0),  stamp(9, EV_ph_exit, 0, 0),
                                    stamp(10, EV_user_end, 1, 1),  stamp(11, EV_user_begin, 1, 2),
                                    stamp(12, EV_user_end, 1, 2)};
    static char none[] = "";
    size_t gaps[] = {3, 5};
    struct boot boot = {
        .cmdline = none, .events = events, .event_count = 7, .gaps = gaps, .gap_count = 2};
    struct span_table table;

    CHECK_EQ(spans_of_boot(&boot, &table), 0);
    if (CHECK_EQ(table.call_count, 1))
        CHECK_EQ(table.calls[0].iteration, 2);
    CHECK_EQ(table.unpaired, 2);
    spans_free(&table);
}

/* A cell number that no command line can name is none. */
static void test_cell_bound(void)
{
    struct trace_record events[] = {stamp(1, EV_user_begin, 512, 1), stamp(2, EV_user_end, 512, 1),
                                    stamp(3, EV_user_begin, 511, 1), stamp(4, EV_user_end, 511, 1)};
    struct span_table table = pair(events, 4);

    CHECK_EQ(table.call_count, 1);
    CHECK_EQ(table.calls[0].cell, 511);
    CHECK_EQ(table.unpaired, 2);
    spans_free(&table);
}

/* Two CPUs interleaved do not disturb each other. */
static void test_cpus(void)
{
    struct trace_record events[] = {stamp(0, EV_user_begin, 1, 1), stamp(1, EV_user_begin, 2, 1),
                                    stamp(5, EV_ph_entry, 0, 0),   stamp(6, EV_ph_entry, 0, 0),
                                    stamp(9, EV_user_end, 1, 1),   stamp(19, EV_user_end, 2, 1)};

    for (unsigned i = 1; i < 6; i += 2)
        events[i].cpu = 255;
    struct span_table table = pair(events, 6);
    CHECK_EQ(table.call_count, 2);
    CHECK_EQ(table.calls[0].whole, 9);
    CHECK_EQ(table.calls[1].whole, 18);
    CHECK_EQ(table.unpaired, 0);
    spans_free(&table);
}

int main(void)
{
    test_synthetic();
    test_slow();
    test_unpaired();
    test_gap();
    test_cell_bound();
    test_cpus();
    return check_end("test_spans");
}

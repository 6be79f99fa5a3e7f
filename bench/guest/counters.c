/* SPDX-License-Identifier: MIT
 * A pass of its own behind the timed ones: what the CPU's event counters say over many calls of a
 * cell, and over as much of nothing. Only where the kernel counts, and only of cells of which two
 * readings can hold the calls alone: not of those that raise interrupts (irq.c says why). What
 * belongs to no call, as setting a position back, lies between two pieces of the pass. Invariant:
 * nothing is parsed, and nothing branches on a value, between two readings. Called by main.c. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"

#define PASS_MOVES 64u /* each in a piece of its own, and there and back */
#define WARM_CALLS 100u
#define LINE_BYTES 68u /* of sys:pmu: four numbers of 16 digits */
#define TEXT_BYTES (40u + COUNTERS_MAX * LINE_BYTES)

long region_empty(struct region *r);

/* How a cell is counted. */
struct counted {
    uint64_t calls, pieces;        /* calls of each piece; no pieces: not at all */
    long (*ready)(struct work *w); /* before each; 0: nothing is to be done */
    piece_run *piece, *empty;
};

/* The pieces' sum. */
struct pass {
    uint64_t ticks;
    uint32_t entries;
    struct wire_counter list[COUNTERS_MAX];
};
static struct pass full, empty;
static char before[TEXT_BYTES], after[TEXT_BYTES]; /* a piece */

static long region_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    w->region.turns = calls;
    long error = w->body(&w->region);
    *ticks = (struct span){w->region.begin, w->region.end};
    return error;
}

static long empty_piece(struct work *w, uint64_t calls, struct span *ticks)
{
    struct region r = {.turns = calls};
    (void)w;
    long error = region_empty(&r);
    *ticks = (struct span){r.begin, r.end};
    return error;
}

static struct counted counted_how(const struct work *w)
{
    if (w->rung->run == regions_run)
        return (struct counted){PASS_CALLS, 1, 0, region_piece, empty_piece};
    if (w->rung->run == fault_run)
        return (struct counted){PASS_CALLS, 1, 0, fault_piece, fault_none};
    if (w->rung->run == move_run)
        return (struct counted){1, PASS_MOVES, move_back, move_piece, move_none};
    if (w->rung->run == ram_run) {
        const uint64_t fit = ram_calls(w), calls = fit < PASS_CALLS ? fit : PASS_CALLS;
        return (struct counted){calls, PASS_CALLS / calls, ram_rewind, region_piece, empty_piece};
    }
    return (struct counted){0};
}

/* The next hexadecimal number, and *at behind it. */
static uint64_t number_take(const char **at)
{
    uint64_t value = 0;
    for (; **at == ' ' || **at == '\n'; ++*at)
        ;
    for (; **at > ' '; ++*at)
        value = value << 4 | (uint64_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
    return value;
}

/* The numbers of one line of sys:pmu. */
static struct wire_counter line_take(const char **at)
{
    struct wire_counter c = {.kind = (uint32_t)number_take(at)};
    c.state = (uint32_t)number_take(at);
    c.event = number_take(at);
    c.count = number_take(at);
    return c;
}

/* Adds the lines after a piece, less those before it. */
static void pass_add(struct pass *pass)
{
    const char *first = strchr(before, '\n'), *second = strchr(after, '\n');
    uint32_t n = 0;
    for (; n < COUNTERS_MAX && first && first[1] && second && second[1]; n++) {
        const uint64_t sum = pass->list[n].count, from = line_take(&first).count;
        pass->list[n] = line_take(&second);
        pass->list[n].count += sum - from;
    }
    pass->entries = n;
}

static long piece_count(struct work *w, piece_run *run, uint64_t calls, struct pass *pass)
{
    struct span ticks = {0};
    long error = file_text("sys:pmu", before, TEXT_BYTES);
    if (error >= 0)
        error = run(w, calls, &ticks);
    if (error >= 0)
        error = file_text("sys:pmu", after, TEXT_BYTES);
    if (error < 0)
        return error;
    pass_add(pass);
    pass->ticks += ticks.end - ticks.begin;
    return 0;
}

static void counters_send(const struct work *w, uint64_t calls)
{
    const char *at = after + strlen(PMU_HEAD);
    struct wire_counters head = {
        .calls = calls, .ticks = full.ticks, .ticks_empty = empty.ticks, .entries = full.entries};
    head.version = (uint8_t)number_take(&at);
    head.bits = (uint8_t)number_take(&at);
    if (full.entries != empty.entries)
        return;
    for (uint32_t i = 0; i < head.entries; i++)
        full.list[i].empty = empty.list[i].count;
    memcpy(head.cell, w->name, strlen(w->name));
    frames_counters(&head, full.list);
}

/* Each piece and its empty one, as many of both. */
static long passes_run(struct work *w, const struct counted *how)
{
    struct span ticks;
    long error = how->ready ? how->ready(w) : 0;
    if (error >= 0)
        error = how->piece(w, how->calls < WARM_CALLS ? how->calls : WARM_CALLS, &ticks);
    machine_quiet();
    for (uint64_t i = 0; i < how->pieces && error >= 0; i++) {
        error = how->ready ? how->ready(w) : 0;
        if (error >= 0)
            error = piece_count(w, how->piece, how->calls, &full);
        if (error >= 0)
            error = piece_count(w, how->empty, how->calls, &empty);
    }
    return error;
}

long counters_measure(struct work *w)
{
    const struct counted how = counted_how(w);
    const uint64_t turns = w->region.turns;
    if (!machine.pmu || how.pieces == 0)
        return 0;
    memset(&full, 0, sizeof(full));
    memset(&empty, 0, sizeof(empty));
    long error = passes_run(w, &how);
    if (error >= 0)
        counters_send(w, how.calls * how.pieces);
    w->region.turns = turns;
    return error < 0 ? error : 0;
}

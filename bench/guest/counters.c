/* SPDX-License-Identifier: MIT
 * A pass of its own behind the timed ones: what the CPU's event counters say over many calls of a
 * cell in one region, and over an empty region of as many turns. Only where the kernel counts, and
 * only of cells whose region is all that runs between two readings: not of those that raise
 * interrupts, fault, move services or set a position back. Invariant: nothing is parsed, and
 * nothing branches on a value, between two readings. Called by main.c. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"

#define PASS_CALLS 1000u
#define WARM_CALLS 100u
#define LINE_BYTES 68u /* of sys:pmu: four numbers of 16 digits */
#define TEXT_BYTES (40u + COUNTERS_MAX * LINE_BYTES)

long region_empty(struct region *r);

/* Before and after one region. */
struct pass {
    char before[TEXT_BYTES], after[TEXT_BYTES];
    uint64_t ticks;
};
static struct pass full, empty;

static long pass_run(region_body *body, struct region *r, struct pass *pass)
{
    long error = file_text("sys:pmu", pass->before, TEXT_BYTES);
    if (error >= 0)
        error = body(r);
    if (error >= 0)
        error = file_text("sys:pmu", pass->after, TEXT_BYTES);
    pass->ticks = r->end - r->begin;
    return error;
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

/* The lines after a region, less those before it, into `count`, or for the empty one into `empty`.
 */
static uint32_t pass_read(const struct pass *pass, struct wire_counter *list)
{
    const char *before = strchr(pass->before, '\n'), *after = strchr(pass->after, '\n');
    uint32_t n = 0;
    for (; n < COUNTERS_MAX && before && before[1] && after && after[1]; n++) {
        const uint64_t first = line_take(&before).count;
        list[n] = line_take(&after);
        list[n].count -= first;
    }
    return n;
}

static void counters_send(const struct work *w)
{
    static struct wire_counter counted[COUNTERS_MAX], nothing[COUNTERS_MAX];
    const char *at = full.after + strlen(PMU_HEAD);
    struct wire_counters head = {
        .calls = w->region.turns, .ticks = full.ticks, .ticks_empty = empty.ticks};
    head.version = (uint8_t)number_take(&at);
    head.bits = (uint8_t)number_take(&at);
    head.entries = pass_read(&full, counted);
    if (head.entries != pass_read(&empty, nothing))
        return;
    for (uint32_t i = 0; i < head.entries; i++)
        counted[i].empty = nothing[i].count;
    memcpy(head.cell, w->name, strlen(w->name));
    frames_counters(&head, counted);
}

static long passes_run(struct work *w)
{
    w->region.turns = WARM_CALLS;
    long error = w->body(&w->region);
    w->region.turns = PASS_CALLS;
    machine_quiet();
    if (error >= 0)
        error = pass_run(w->body, &w->region, &full);
    struct region r = w->region;
    if (error >= 0)
        error = pass_run(region_empty, &r, &empty);
    return error;
}

long counters_measure(struct work *w)
{
    const uint64_t turns = w->region.turns;
    if (!machine.pmu || w->rung->run != regions_run)
        return 0;
    long error = passes_run(w);
    if (error >= 0)
        counters_send(w);
    w->region.turns = turns;
    return error < 0 ? error : 0;
}

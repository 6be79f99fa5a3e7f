/* SPDX-License-Identifier: MIT
 * One cell of a boot with tracing: a few calls with all their records, and the kernel's counters
 * over many. Invariant: records leave in the order of their stamps, only those that lie between the
 * two stamps of a call; counts that differ from the table are an error. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

#define TRACED_CALLS  8u
#define RECORDS_MAX   2048u
#define RING_BOOT_MAX (TRACE_RING_RECORDS - 512) /* reading leaves records too */
#define WARM_CALLS    16u
#define COUNTED_CALLS 32u
#define ATTEMPTS      32u /* an interrupt among the counted calls counts too: try again */

static struct trace_record records[RECORDS_MAX];
static struct span spans[COUNTED_CALLS];

static void stamp_send(const struct work *w, enum event event, uint64_t tsc, uint64_t iteration)
{
    const struct trace_record record = {.tsc = tsc,
                                        .arg = w->index,
                                        .aux = iteration,
                                        .thread = (uint32_t)sys_self(SELF_THREAD) |
                                                  ((uint32_t)sys_self(SELF_TID) & TID_SLOT_MASK)
                                                      << TID_SLOT_BITS,
                                        .event = (uint16_t)event};
    frames_record(&record);
}

/* The kernel's records from *at on that lie within the call. */
static void call_send(const struct work *w, unsigned call, uint32_t count, uint32_t *at)
{
    const struct span *span = &spans[call];
    stamp_send(w, EV_user_begin, span->begin, call);
    while (*at < count && records[*at].tsc <= span->begin)
        ++*at;
    for (; *at < count && records[*at].tsc < span->end; ++*at)
        frames_record(&records[*at]);
    stamp_send(w, EV_user_end, span->end, call);
}

static long events_send(struct work *w)
{
    long error = file_put("sys:trace", "on"); /* forgets what is in the ring */
    if (error >= 0)
        error = cell_run(w, spans, TRACED_CALLS);
    if (error >= 0)
        error = frames_drain(records, RECORDS_MAX);
    uint32_t at = 0, count = error < 0 ? 0 : (uint32_t)error;
    for (unsigned i = 0; i < TRACED_CALLS && error >= 0; i++)
        call_send(w, i, count, &at);
    frames_records_flush();
    return error;
}

struct counters {
    uint64_t traps, cr3_writes;
};

uint64_t report_number(const char *text, const char *name)
{
    uint64_t length = strlen(name), value = 0;
    while (text && strncmp(text, name, length) != 0)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : 0;
    for (text = text ? text + length + 1 : ""; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

static struct counters counters_read(void)
{
    char text[512];
    if (file_text("sys:counters", text, sizeof(text)) < 0)
        return (struct counters){0};
    return (struct counters){report_number(text, "traps"), report_number(text, "cr3_writes")};
}

/* Counters over the counted calls, less what reading them, a run of no calls and calls that are
 * none of the cell's cost. */
static long calls_count(struct work *w, struct counters *out)
{
    const struct counters a = counters_read();
    unsigned aside = w->aside;
    long error = cell_run(w, spans, 0);
    const struct counters b = counters_read();
    if (error >= 0)
        error = cell_run(w, spans, COUNTED_CALLS);
    const struct counters c = counters_read();
    aside = w->aside - aside;
    out->traps = (c.traps - b.traps) - (b.traps - a.traps) - aside;
    out->cr3_writes = (c.cr3_writes - b.cr3_writes) - (b.cr3_writes - a.cr3_writes) -
                      (machine.pti ? 2 * aside : 0);
    return error;
}

/* With isolation each trap writes CR3 twice; without, each switch of spaces once. How often the two
 * sides switch over a payload in pieces is not in the table. */
static bool counts_match(const struct work *w, const struct counters *c)
{
    uint64_t traps = (w->rung->traps + w->extra) * COUNTED_CALLS;
    uint64_t switches = w->one ? 0 : w->rung->switches * COUNTED_CALLS;
    bool table = machine.pti || w->extra == 0;
    return c->traps == traps && (!table || c->cr3_writes == (machine.pti ? 2 * traps : switches));
}

static long counts_send(struct work *w)
{
    struct counters c = {0};
    bool match = false;
    for (unsigned i = 0; i < ATTEMPTS && !match; i++) {
        long error = calls_count(w, &c);
        if (error < 0)
            return error;
        match = counts_match(w, &c);
    }
    struct wire_count count = {.calls = COUNTED_CALLS,
                               .traps = c.traps,
                               .cr3_writes = c.cr3_writes,
                               .copied_bytes = COUNTED_CALLS * cell_copied(w)};
    memcpy(count.cell, w->name, strlen(w->name));
    frames_count(&count);
    if (!match)
        print("bench: %s: %lu traps and %lu CR3 writes in %u %ss are not the table's\n", w->name,
              c.traps, c.cr3_writes, COUNTED_CALLS, w->rung->unit);
    return match ? 0 : -T_ERANGE;
}

void totals_send(void)
{
    const struct counters c = counters_read();
    const struct wire_count count = {
        .cell = COUNT_BOOT, .calls = 1, .traps = c.traps, .cr3_writes = c.cr3_writes};
    frames_count(&count);
}

/* Unless they have been overwritten already: then what is left would be a torn beginning. */
long boot_trace(void)
{
    char text[512];
    long count = file_text("sys:counters", text, sizeof(text));
    if (count < 0 || report_number(text, "trace_records") > RING_BOOT_MAX)
        return count < 0 ? count : 0;
    do {
        count = frames_drain(records, RECORDS_MAX);
        for (uint32_t i = 0; count > 0 && i < (uint32_t)count; i++)
            if (records[i].event < EV_ph_entry)
                frames_record(&records[i]);
    } while (count == RECORDS_MAX);
    frames_records_flush();
    return count;
}

long cell_trace(struct work *w)
{
    long error = cell_run(w, spans, WARM_CALLS);
    if (error < 0 || !w->rung->traps)
        return error;
    error = events_send(w);
    return error < 0 ? error : counts_send(w);
}

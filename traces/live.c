/* SPDX-License-Identifier: MIT
 * See live.h. The names of the cells to come are in the HELLO's command line; a cell is done with
 * its first histogram or, in a boot with tracing, with its counters. */
#include "traces/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/abi/boot.h"
#include "traces/body.h"

#define RATE_MS       1000
#define RATE_FIRST_MS 100
#define BITS_PER_BYTE 10u /* 8N1 */
#define BENCH         "bench="

/* Reads the cells' names out of a command line. */
static void names_take(struct live *live, const char *cmdline)
{
    size_t length;
    const char *at = words_find(cmdline, "bench=", &length), *end = at + length;

    while (at && at < end && live->cells < LIVE_CELLS_MAX) {
        size_t size = strcspn(at, ", ");
        if (size < LIVE_NAME)
            memcpy(live->names[live->cells++], at, size);
        at += size + (at[size] == ',');
    }
}

static void hello_take(struct live *live, const struct frame *frame)
{
    const size_t length = frame->length - sizeof(struct wire_hello);
    char cmdline[WIRE_BODY_MAX + 1];
    unsigned of;

    memcpy(cmdline, frame->body + sizeof(struct wire_hello), length);
    cmdline[length] = 0;
    names_take(live, cmdline);
    words_part(cmdline, &live->part, &of);
    if (of > live->parts)
        live->parts = of;
}

/* A part came when the boot that had it passed, and nothing of it was lost; what is sent again
 * later changes nothing. */
static void end_take(struct live *live, const struct frame *frame)
{
    struct wire_end end;

    memcpy(&end, frame->body, sizeof end);
    if (live->part && !live->ended && !live->lost && end.exit_code == EXIT_PASS)
        live->came[live->part]++;
    live->ended = true;
}

unsigned live_least(const struct live *live)
{
    unsigned least = live->parts ? UINT32_MAX : 0;

    for (unsigned part = 1; part <= live->parts; part++)
        least = live->came[part] < least ? live->came[part] : least;
    return least;
}

/* The place of a cell among those announced; where none are, a place by first sight. */
static unsigned cell_find(struct live *live, const char *name)
{
    unsigned known = live->cells ? live->cells : live->done;

    for (unsigned i = 0; i < known; i++)
        if (strncmp(live->names[i], name, LIVE_NAME) == 0)
            return i;
    if (live->cells || known == LIVE_CELLS_MAX)
        return LIVE_CELLS_MAX;
    memcpy(live->names[known], name, LIVE_NAME);
    return known;
}

void live_frame(struct live *live, const struct frame *frame, uint64_t bytes)
{
    if (frame->new_boot) {
        memset(live->names, 0, sizeof live->names);
        memset(live->seen, 0, sizeof live->seen);
        memset(live->name, 0, sizeof live->name);
        live->cells = live->done = live->part = 0;
        live->ended = false;
        live->lost = 0;
        live->boot++;
        live->boot_bytes = bytes;
    }
    live->lost += frame->missing;
    if (body_check(frame))
        return;
    if (frame->header.type == WIRE_HELLO)
        hello_take(live, frame);
    if (frame->header.type == WIRE_END)
        end_take(live, frame);
    if (frame->header.type != WIRE_HIST && frame->header.type != WIRE_COUNT)
        return;
    const unsigned cell = cell_find(live, (const char *)frame->body); /* both begin with it */
    if (cell == LIVE_CELLS_MAX)
        return;
    memcpy(live->name, frame->body, LIVE_NAME);
    live->done += !live->seen[cell];
    live->seen[cell] = true;
}

double live_left_s(const struct live *live, uint64_t bytes, unsigned baud)
{
    if (live->done == 0 || live->cells < live->done || baud == 0)
        return -1;
    return (double)(bytes - live->boot_bytes) / live->done * (live->cells - live->done) *
           BITS_PER_BYTE / baud;
}

static void rate_note(struct live *live, const struct live_state *state)
{
    const int64_t past_ms = state->now_ms - live->rated_ms;

    if (past_ms < (live->rate > 0 ? RATE_MS : RATE_FIRST_MS))
        return;
    if (live->rated_ms)
        live->rate = (double)(state->bytes - live->rated_bytes) * 1000 / (double)past_ms;
    live->rated_ms = state->now_ms;
    live->rated_bytes = state->bytes;
}

static void cells_print(const struct live *live)
{
    if (live->cells)
        fprintf(stderr, "boot %" PRIu64 "  cells %u of %u", live->boot, live->done, live->cells);
    else
        fprintf(stderr, "boot %" PRIu64 "  cells %u", live->boot, live->done);
    /* A checked body's name is printable, with nothing but NUL behind it. */
    fprintf(stderr, "  %.*s", (int)LIVE_NAME, live->name);
}

/* How often each part has come, where the boots say which they are. */
static void parts_print(const struct live *live)
{
    fprintf(stderr, "parts");
    for (unsigned part = 1; part <= live->parts; part++)
        fprintf(stderr, " %u:%u", part, live->came[part]);
}

static void rate_print(const struct live *live, const struct live_state *state)
{
    const double left_s = live_left_s(live, state->bytes, state->baud);

    fprintf(stderr, "%.1f KiB", (double)state->bytes / 1024);
    if (live->rate > 0)
        fprintf(stderr, "  %.1f KiB/s", live->rate / 1024);
    if (left_s >= 0)
        fprintf(stderr, "  %u:%02u left at %u baud", (unsigned)left_s / 60, (unsigned)left_s % 60,
                state->baud);
}

static void losses_print(const struct live_state *state)
{
    fprintf(stderr,
            "%" PRIu64 " frames  %" PRIu64 " lost  %" PRIu64 " CRC errors  %" PRIu64
            " not decodable",
            state->counts->good, state->lost, state->counts->bad_crc,
            frame_refused(state->counts) - state->counts->bad_crc);
}

void live_show(struct live *live, const struct live_state *state, bool terminal)
{
    const char *const next = terminal ? "\x1b[K\n" : "  ";

    rate_note(live, state);
    if (live->height)
        fprintf(stderr, "\x1b[%uA\r", live->height);
    cells_print(live);
    fputs(next, stderr);
    rate_print(live, state);
    fputs(next, stderr);
    losses_print(state);
    if (live->parts) {
        fputs(next, stderr);
        parts_print(live);
    }
    fputs(terminal ? next : "\n", stderr);
    live->height = !terminal ? 0 : live->parts ? 4 : 3;
}

void live_leave(struct live *live)
{
    live->height = 0;
}

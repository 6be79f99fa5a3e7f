/* SPDX-License-Identifier: MIT
 * Synthetic captures for the tests: the real encoder, plausible records, the same bytes each time.
 * A traced call of a synthetic cell has the phases below, so a test knows every figure beforehand.
 * Called by the host tests and by capture_make. */
#ifndef TACH_TRACES_TEST_SYNTH_H
#define TACH_TRACES_TEST_SYNTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/boot.h"
#include "kernel/abi/events.h"
#include "kernel/abi/syscalls.h"
#include "traces/body.h"
#include "traces/frame.h"

struct synth {
    uint8_t *bytes;
    size_t size, capacity;
    uint32_t boot_id;
    uint16_t sequence;
    uint32_t frames; /* of this boot */
    uint64_t tsc;
    uint32_t thread; /* who has the CPU */
    struct trace_record records[WIRE_BODY_MAX / sizeof(struct trace_record)];
    size_t held; /* records that wait for their frame */
};

/* What a crossing costs in a synthetic call, in ticks; isolation adds to the root switch. */
struct synth_costs {
    uint64_t entry, guards, commit, root, exit, server, leave;
};

struct synth_cell {
    const char *name;
    unsigned crossings;
    struct synth_costs costs;
};

static const struct synth_cell synth_cells[] = {
    {"R0", 1, {4, 2, 1, 0, 3, 0, 4}},
    {"R1/size:8", 1, {4, 20, 30, 0, 26, 0, 6}},
    {"T2/size:8", 2, {6, 22, 16, 2, 10, 30, 6}},
    {"D0/size:0/space:two", 6, {6, 60, 40, 2, 20, 12, 6}},
    {"D4/size:0/space:two", 2, {6, 20, 14, 2, 9, 14, 6}},
};
#define SYNTH_CELLS   (sizeof synth_cells / sizeof synth_cells[0])
#define SYNTH_CALLS   16u /* traced calls a cell */
#define SYNTH_STAMP   3u  /* ticks of one of the kernel's stamps */
#define SYNTH_CLIENT  5u  /* threads: the commit of each crossing goes to the other one */
#define SYNTH_SERVER  6u
#define SYNTH_OTHER   7u /* whom the service calls */
#define SYNTH_EMPTY   2u /* ticks of the client's own two */
#define SYNTH_BENCH   "R0,R1/size:8,T2/size:8,D0/size:0/space:two,D4/size:0/space:two"
#define SYNTH_ROOT_ON 5u /* more ticks a root switch with isolation on */

static inline void synth_bytes(struct synth *synth, const void *bytes, size_t length)
{
    if (synth->size + length > synth->capacity) {
        synth->capacity = 2 * (synth->size + length);
        synth->bytes = realloc(synth->bytes, synth->capacity);
        if (!synth->bytes)
            abort();
    }
    memcpy(synth->bytes + synth->size, bytes, length);
    synth->size += length;
}

static inline void synth_text(struct synth *synth, const char *text)
{
    synth_bytes(synth, text, strlen(text));
}

static inline void synth_frame(struct synth *synth, uint8_t type, const void *body, size_t length)
{
    struct wire_header header = {type, 0, synth->sequence++, synth->boot_id};
    uint8_t coded[WIRE_CODED_MAX];
    size_t size = frame_encode(&header, body, length, coded);

    if (size == 0)
        abort();
    synth_bytes(synth, coded, size);
    synth->frames++;
}

static inline void synth_hello(struct synth *synth, uint32_t boot_id, int pti, int trace)
{
    struct {
        struct wire_hello hello;
        char words[200];
    } body = {.hello = {.abi_version = body_abi_version(),
                        .abi_hash = 0x7ACB,
                        .tsc_hz = 1000000000,
                        .tsc_source = 3,
                        .cpus = 1,
                        .cpu_signature = 0x60FB1,
                        .vendor = "AuthenticAMD",
                        .brand = "QEMU Virtual CPU version 2.5+",
                        .build_id = {0x7A, 0xC4},
                        .free_pages = 15000}};

    body.hello.pti = pti != 0;
    body.hello.trace = trace != 0;
    body.hello.fastpath = 1;
    synth->boot_id = boot_id;
    synth->sequence = 0;
    synth->frames = 0;
    synth->tsc = 1000;
    synth->thread = SYNTH_CLIENT;
    snprintf(body.words, sizeof body.words, "pti=%s trace=%s wire=frames bench=%s",
             pti ? "on" : "off", trace ? "on" : "off", SYNTH_BENCH);
    synth_frame(synth, WIRE_HELLO, &body, sizeof body.hello + strlen(body.words));
}

static inline void synth_calib(struct synth *synth)
{
    static const struct wire_calib calib = {.empty = 2,
                                            .empty_max = 2,
                                            .loop_ring0 = 2000,
                                            .quantum = 1,
                                            .gap_max = 1,
                                            .gap_watch = 1000000,
                                            .rdtsc_cost = 1,
                                            .out_cost = 1,
                                            .cr3_cost = 1,
                                            .stamp_cost = SYNTH_STAMP,
                                            .loop_ring3 = 2000,
                                            .empty_ring3 = 4};

    synth_frame(synth, WIRE_CALIB, &calib, sizeof calib);
}

/* A histogram of `count` entries: values base, base + step ..; value i is seen i + 1 times. */
static inline void synth_hist(struct synth *synth, const char *cell, const char *metric,
                              uint64_t base, uint32_t count)
{
    const uint32_t per_part = HIST_ENTRIES_MAX;
    struct {
        struct wire_hist head;
        struct wire_hist_entry entries[HIST_ENTRIES_MAX];
    } body;

    memset(&body, 0, sizeof body);
    memcpy(body.head.cell, cell, strlen(cell));
    memcpy(body.head.metric, metric, strlen(metric));
    body.head.samples = (uint64_t)count * (count + 1) / 2;
    body.head.calls = 1;
    body.head.parts = (uint16_t)((count + per_part - 1) / per_part);
    for (uint32_t first = 0; first < count; first += per_part, body.head.part++) {
        body.head.entries = count - first < per_part ? count - first : per_part;
        for (uint32_t i = 0; i < body.head.entries; i++)
            body.entries[i] = (struct wire_hist_entry){base + first + i, first + i + 1};
        synth_frame(synth, WIRE_HIST, &body,
                    sizeof body.head + body.head.entries * sizeof body.entries[0]);
    }
}

static inline void synth_flush(struct synth *synth)
{
    if (synth->held > 0)
        synth_frame(synth, WIRE_EVENTS, synth->records, synth->held * sizeof synth->records[0]);
    synth->held = 0;
}

/* Stamps an event `ticks` after the one before. */
static inline void synth_event(struct synth *synth, uint64_t ticks, uint16_t event, uint64_t arg,
                               uint64_t aux)
{
    synth->tsc += ticks;
    synth->records[synth->held++] = (struct trace_record){
        .tsc = synth->tsc, .arg = arg, .aux = aux, .thread = synth->thread, .event = event};
    if (synth->held == sizeof synth->records / sizeof synth->records[0])
        synth_flush(synth);
}

/* One traced call; call n of a cell is n % 3 ticks longer in its guards. */
static inline void synth_call(struct synth *synth, size_t cell, uint64_t iteration, int pti)
{
    const struct synth_costs *costs = &synth_cells[cell].costs;

    synth_event(synth, 50, EV_user_begin, cell, iteration);
    for (unsigned i = 0; i < synth_cells[cell].crossings; i++) {
        synth_event(synth, i ? costs->server : costs->entry, EV_ph_entry,
                    i & 1 ? SYS_reply_wait : SYS_call, 0);
        synth_event(synth, costs->guards + (i ? 0 : iteration % 3), EV_ph_guards, 0, 0);
        if (synth_cells[cell].crossings > 1)
            synth->thread = i & 1 ? SYNTH_CLIENT : SYNTH_SERVER;
        synth_event(synth, costs->commit, EV_ph_commit, 0, 0);
        synth_event(synth, costs->root + (pti ? SYNTH_ROOT_ON : 0), EV_ph_root, 0, 0);
        synth_event(synth, costs->exit, EV_ph_exit, 0, 0);
    }
    synth_event(synth, costs->leave, EV_user_end, cell, iteration);
}

/* A call of the last cell whose service calls another one: 4 crossings, 3 threads, 3 frames. */
static inline void synth_nested(struct synth *synth, uint64_t iteration)
{
    static const uint32_t next[] = {SYNTH_SERVER, SYNTH_OTHER, SYNTH_SERVER, SYNTH_CLIENT};

    synth_event(synth, 50, EV_user_begin, SYNTH_CELLS - 1, iteration);
    for (unsigned i = 0; i < 4; i++) {
        if (i & 1)
            synth_flush(synth);
        synth_event(synth, 6, EV_ph_entry, i < 2 ? SYS_call : SYS_reply_wait, 0);
        synth_event(synth, 20, EV_ph_guards, 0, 0);
        synth->thread = next[i];
        synth_event(synth, 14, EV_ph_commit, 0, 0);
        synth_event(synth, 2, EV_ph_root, 0, 0);
        synth_event(synth, 9, EV_ph_exit, 0, 0);
    }
    synth_event(synth, 6, EV_user_end, SYNTH_CELLS - 1, iteration);
    synth_flush(synth);
}

/* Ticks of that call from user_begin to user_end. */
static inline uint64_t synth_whole(size_t cell, uint64_t iteration, int pti)
{
    const struct synth_costs *c = &synth_cells[cell].costs;
    uint64_t crossings = synth_cells[cell].crossings;
    uint64_t root = c->root + (pti ? SYNTH_ROOT_ON : 0);

    return c->entry + crossings * (c->guards + c->commit + root + c->exit) +
           (crossings - 1) * c->server + c->leave + iteration % 3;
}

/* What the same call takes untraced: without the cost of its stamps. */
static inline uint64_t synth_untraced(size_t cell, int pti)
{
    uint64_t stamps = 5 * synth_cells[cell].crossings * SYNTH_STAMP + SYNTH_EMPTY;
    uint64_t whole = synth_whole(cell, 0, pti);

    return whole > stamps ? whole - stamps : 1;
}

static inline void synth_end(struct synth *synth, uint32_t cells, uint32_t events_lost)
{
    struct wire_end end = {.frames = synth->frames,
                           .events_lost = events_lost,
                           .cells = cells,
                           .exit_code = EXIT_PASS};

    synth_frame(synth, WIRE_END, &end, sizeof end);
}

static inline void synth_measured(struct synth *synth, int pti)
{
    synth_hist(synth, "calibration", "empty", SYNTH_EMPTY, 1);
    for (size_t cell = 0; cell < SYNTH_CELLS; cell++)
        synth_hist(synth, synth_cells[cell].name, "whole", synth_untraced(cell, pti) + SYNTH_EMPTY,
                   3);
    synth_hist(synth, "D4/size:0/space:two", "warmup", 100, 300);
}

static inline void synth_traced(struct synth *synth, int pti)
{
    for (size_t cell = 0; cell < SYNTH_CELLS; cell++) {
        struct wire_count count = {.calls = SYNTH_CALLS};

        for (uint64_t i = 0; i < SYNTH_CALLS; i++)
            synth_call(synth, cell, i, pti);
        synth_flush(synth);
        memcpy(count.cell, synth_cells[cell].name, strlen(synth_cells[cell].name));
        count.traps = SYNTH_CALLS * synth_cells[cell].crossings;
        count.cr3_writes = count.traps * (pti ? 2u : 0u);
        synth_frame(synth, WIRE_COUNT, &count, sizeof count);
    }
}

static inline void synth_boot(struct synth *synth, uint32_t boot_id, int pti, int trace)
{
    static const char hello[] = "tach: hello from ring 3\n";

    synth_text(synth, "SeaBIOS (synthetic)\r\n");
    synth_hello(synth, boot_id, pti, trace);
    synth_calib(synth);
    synth_frame(synth, WIRE_TEXT, hello, sizeof hello - 1);
    synth_event(synth, 10, EV_hal_entry, 0, 0);
    synth_event(synth, 90, EV_first_user, 0x1000, 0);
    synth_flush(synth);
    if (trace)
        synth_traced(synth, pti);
    else
        synth_measured(synth, pti);
    synth_end(synth, SYNTH_CELLS, 0);
    synth_text(synth, "tach: exit 16 PASS\r\n");
}

/* The four boots of a matrix run: isolation off and on, trace off and on. */
static inline void synth_capture(struct synth *synth)
{
    for (int i = 0; i < 4; i++)
        synth_boot(synth, 0xB0070001u + (uint32_t)i, i & 1, i >> 1);
}

#endif

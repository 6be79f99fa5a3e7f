/* SPDX-License-Identifier: MIT
 * Stands in for QEMU and a guest in the tests of the runner: started under the name
 * qemu-system-x86_64 with the same words, it writes the frames of a boot whose every figure is
 * known (synth_whole) to the serial file, and ends as a boot ends. TACH_SYNTH names what goes wrong
 * in the boot with pti=on trace=off: panic, hang, reset, cut, skip (a cell), deaf (to pti=on), wild
 * (a loop that takes 9 times as long as it should), away (50 ms in a calibrated stretch), slow (a
 * while between two cells); or in all of them: extra (R0 one tick dearer, in its guards), counters
 * (of the CPU's events, but one). Its numbers are made up, for tests only.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/abi/abi.h"
#include "kernel/abi/boot.h"
#include "kernel/abi/events.h"
#include "traces/frame.h"

#define EMPTY  7u  /* ticks of the empty region */
#define CALLS  4u  /* in one region */
#define STAMP  3u  /* ticks of one stamp */
#define TRACED 5u  /* traced calls a cell */
#define SHARES 16u /* the path is dealt out to phases in sixteenths */

static struct {
    FILE *out;
    uint16_t sequence;
    uint32_t frames, boot_id;
    bool pti, trace, extra, deaf, wild, away, counters;
} guest;

static const struct {
    const char *rung;
    unsigned base, pti, traps, slope; /* ticks; slope in sixteenths of a tick a byte */
} rungs[] = {
    {"R0", 12, 6, 1, 0},           {"R1", 92, 10, 1, 2},          {"T2", 148, 10, 2, 5},
    {"D0", 2310, 38, 6, 5},        {"D1", 1640, 26, 4, 5},        {"D2", 1210, 20, 3, 5},
    {"D3", 905, 14, 2, 5},         {"D4", 128, 10, 2, 5},         {"notify", 240, 12, 2, 0},
    {"fault", 420, 22, 2, 0},      {"pipe", 1400, 26, 4, 0},      {"chan", 2400, 26, 4, 0},
    {"futex", 880, 36, 4, 0},      {"irq-linked", 90, 10, 4, 0},  {"irq-realtime", 420, 10, 4, 0},
    {"irq-thread", 640, 10, 4, 0}, {"irq-notify", 780, 10, 5, 0},
};

static void frame_send(uint8_t type, const void *body, size_t length)
{
    const struct wire_header header = {
        .type = type, .sequence = guest.sequence++, .boot_id = guest.boot_id};
    uint8_t coded[WIRE_CODED_MAX];
    const size_t size = frame_encode(&header, body, length, coded);

    fwrite(coded, 1, size, guest.out);
    guest.frames++;
}

static size_t rung_find(const char *cell)
{
    const size_t length = strcspn(cell, "/");

    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
        if (strlen(rungs[i].rung) == length && !strncmp(rungs[i].rung, cell, length))
            return i;
    fprintf(stderr, "synth_guest: no rung in %s\n", cell);
    exit(1);
}

/* Ticks of one call. */
static unsigned synth_whole(const char *cell)
{
    const size_t rung = rung_find(cell);
    const char *size = strstr(cell, "size:");
    const unsigned bytes = size ? (unsigned)strtoul(size + 5, NULL, 10) : 0;
    const unsigned copy = bytes > 48 ? 180 + bytes * rungs[rung].slope / 16 : bytes / 8;

    return rungs[rung].base + copy + (guest.pti ? rungs[rung].pti : 0) +
           (guest.extra && !strcmp(cell, "R0")) - (strstr(cell, "space:one") ? 4 : 0);
}

static void hist_send(const char *cell, const char *metric, uint32_t calls, uint64_t value)
{
    struct {
        struct wire_hist head;
        struct wire_hist_entry entries[2];
    } body = {.head = {.samples = 32, .calls = calls, .entries = 2, .parts = 1},
              .entries = {{value, 31}, {value + 400, 1}}};

    memcpy(body.head.cell, cell, strlen(cell));
    memcpy(body.head.metric, metric, strlen(metric));
    frame_send(WIRE_HIST, &body, sizeof(body));
}

/* Core cycles are half of the ticks, instructions twice as many; walks come of loads and of stores;
 * what the first data cache missed nobody knows. */
static void counters_send(const char *cell, unsigned whole)
{
    struct {
        struct wire_counters head;
        struct wire_counter list[5];
    } body = {.head = {.calls = 10,
                       .ticks = 10 * (whole + 3),
                       .ticks_empty = 30,
                       .entries = 5,
                       .version = 5,
                       .bits = 48},
              .list = {{COUNTER_CYCLES, COUNTER_COUNTED, COUNTER_FIXED | 1, 5 * whole + 9, 9},
                       {COUNTER_INSTRUCTIONS, COUNTER_COUNTED, COUNTER_FIXED, 20 * whole + 7, 7},
                       {COUNTER_DTLB_WALKS, COUNTER_COUNTED, 0x430E08, 24, 4},
                       {COUNTER_DTLB_WALKS, COUNTER_COUNTED, 0x430E49, 5, 10},
                       {COUNTER_L1D_MISSES, COUNTER_NO_EVENT, 0, 0, 0}}};

    memcpy(body.head.cell, cell, strlen(cell));
    frame_send(WIRE_COUNTERS, &body, sizeof(body));
}

static void cell_measure(const char *cell)
{
    const unsigned whole = synth_whole(cell);

    hist_send(cell, "whole", CALLS, (uint64_t)whole * CALLS + EMPTY);
    hist_send(cell, "kernel", 1, whole - whole / 4);
    if (guest.counters && strncmp(cell, "irq-", 4) != 0) /* as the guest: these have no pass */
        counters_send(cell, whole);
}

/* A traced call: each stamp of the kernel adds its cost, the client's two an empty
 * region, and the last phase gets what the shares leave over. */
static void call_trace(const char *cell, uint64_t index, uint64_t iteration, uint64_t *tsc)
{
    static const uint16_t stamps[] = {EV_ph_entry, EV_ph_guards, EV_ph_commit, EV_ph_root,
                                      EV_ph_exit};
    const unsigned traps = rungs[rung_find(cell)].traps, whole = synth_whole(cell);
    const unsigned share = whole / SHARES / traps;
    struct trace_record records[40] = {{.tsc = *tsc, .event = EV_user_begin}};
    size_t count = 1;

    for (unsigned trap = 0; trap < traps; trap++) {
        for (size_t i = 0; i < 5; i++) {
            *tsc += share * (i == 0 ? 3 : 2) + STAMP + (guest.extra && i == 1 && index == 0);
            records[count++] = (struct trace_record){.tsc = *tsc, .event = stamps[i]};
        }
    }
    *tsc = records[0].tsc + whole + 5 * traps * STAMP + EMPTY;
    records[count++] = (struct trace_record){.tsc = *tsc, .event = EV_user_end};
    for (size_t i = 0; i < count; i += count - 1) {
        records[i].arg = index;
        records[i].aux = iteration;
    }
    frame_send(WIRE_EVENTS, records, count * sizeof(records[0]));
    *tsc += 100;
}

static void cell_trace(const char *cell, uint64_t index)
{
    const unsigned traps = rungs[rung_find(cell)].traps;
    static uint64_t tsc = 1000;
    struct wire_count count = {.calls = TRACED, .traps = (uint64_t)TRACED * traps};

    for (uint64_t i = 0; i < TRACED; i++)
        call_trace(cell, index, i, &tsc);
    memcpy(count.cell, cell, strlen(cell));
    count.cr3_writes = guest.pti ? count.traps * 2 : 0;
    frame_send(WIRE_COUNT, &count, sizeof(count));
}

static void hello_send(const char *words)
{
    struct {
        struct wire_hello head;
        char words[WIRE_BODY_MAX - sizeof(struct wire_hello)];
    } body = {.head = {.abi_version = ABI_VERSION,
                       .tsc_hz = 1000000000,
                       .tsc_source = 5,
                       .cpus = 1,
                       .vendor = "synthetic",
                       .brand = "no machine at all"}};
    const struct wire_calib calib = {.empty = EMPTY,
                                     .empty_max = EMPTY,
                                     .loop_ring0 = guest.wild ? 18002 : 2002,
                                     .quantum = 1,
                                     .gap_max = guest.away ? 50000000 : 100,
                                     .gap_watch = 100000000,
                                     .stamp_cost = STAMP,
                                     .loop_ring3 = 2002,
                                     .empty_ring3 = EMPTY};
    const size_t length = strlen(words);

    if (length > sizeof(body.words))
        exit(1);
    body.head.pti = guest.pti && !guest.deaf;
    body.head.trace = guest.trace;
    memcpy(body.words, words, length);
    frame_send(WIRE_HELLO, &body, sizeof(body.head) + length);
    frame_send(WIRE_CALIB, &calib, sizeof(calib));
    frame_send(WIRE_TEXT, "tach: synthetic\n", 16);
    if (!guest.trace)
        hist_send("calibration", "empty", 1, EMPTY);
}

/* Ends the boot in the middle, as asked. */
static void fault_inject(const char *fault)
{
    if (!strcmp(fault, "hang")) {
        fflush(guest.out);
        sleep(1000);
    }
    if (!strcmp(fault, "slow")) {
        fflush(guest.out);
        usleep(20000);
    }
    if (!strcmp(fault, "reset"))
        exit(0);
    if (!strcmp(fault, "panic")) {
        fputs("tach: the sky fell\ntach: exit 18 PANIC\n", guest.out);
        exit(EXIT_PANIC << 1 | 1);
    }
    if (!strcmp(fault, "cut"))
        exit(EXIT_PASS << 1 | 1);
}

static void cells_run(const char *words, const char *fault)
{
    char *list = strdup(strstr(words, "bench=") + 6), *at = list;
    struct wire_end end = {.exit_code = EXIT_PASS};

    for (char *cell; (cell = strsep(&at, ",")) != NULL; end.cells++) {
        if (end.cells == 2)
            fault_inject(fault);
        if (guest.trace)
            cell_trace(cell, end.cells);
        else if (end.cells || strcmp(fault, "skip"))
            cell_measure(cell);
    }
    end.frames = guest.frames;
    frame_send(WIRE_END, &end, sizeof(end));
    free(list);
}

static const char *argument(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return argv[i + 1];
    return "";
}

int main(int argc, char **argv)
{
    const char *words = argument(argc, argv, "-append"), *fault = getenv("TACH_SYNTH");
    const char *serial = argument(argc, argv, "-serial");

    if (argc > 1 && !strcmp(argv[1], "--version"))
        return puts("QEMU emulator version 0.0 (synthetic)") < 0;
    if (strncmp(serial, "file:", 5) || !strstr(words, "bench="))
        return fputs("synth_guest: no -serial file: or no bench= word\n", stderr) < 0 || 1;
    guest.out = fopen(serial + 5, "wb");
    if (!guest.out)
        return 1;
    guest.pti = strstr(words, "pti=on") != NULL;
    guest.trace = strstr(words, "trace=on") != NULL;
    guest.counters = fault && !strcmp(fault, "counters");
    guest.extra = fault && !strcmp(fault, "extra");
    guest.deaf = fault && !strcmp(fault, "deaf") && !guest.trace;
    guest.wild = fault && !strcmp(fault, "wild") && guest.pti && !guest.trace;
    guest.away = fault && !strcmp(fault, "away") && guest.pti && !guest.trace;
    guest.boot_id = 1000u + guest.pti * 2u + guest.trace;
    hello_send(words);
    cells_run(words, fault && guest.pti && !guest.trace ? fault : "");
    return fclose(guest.out) ? 1 : EXIT_PASS << 1 | 1;
}

/* SPDX-License-Identifier: MIT
 * What a tick of this machine is worth: the cost of nothing, of known work, and of the instructions
 * that crossings are made of; and how long the machine is away at a time. The host derives the
 * class of the machine from it. Interrupts off; single numbers are medians. */
#include <stddef.h>

#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define SAMPLES        129u
#define REGION_REPEATS 16u
#define LOOP_TURNS     1000u
#define LOOP_TICKS_MAX 2016u /* two instructions a turn and the edges: a TSC that counts those */
#define WATCH_PER_S    10u   /* 100 ms */
#define WATCH_SHORT    100u
#define WATCH_TURNS    20000000u

static void sort(uint64_t *v, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        const uint64_t value = v[i];
        unsigned at = i;
        for (; at != 0 && v[at - 1] > value; at--)
            v[at] = v[at - 1];
        v[at] = value;
    }
}

/* regions.asm: bodies of REGION_REPEATS instructions, or stamps, in a row. */
void region_empty(void);
void region_rdtsc(void);
void region_out(void);
void region_cr3(void);
void region_stamp(void);

static void region_loop(void)
{
    x86_spin(LOOP_TURNS);
}

struct measured {
    uint64_t min, median, max;
};

/* Durations of one region, sorted. The empty one is measured by the same indirect call. */
static struct measured measure(void (*region)(void))
{
    uint64_t ticks[SAMPLES];
    region(); /* warm */
    for (unsigned i = 0; i < SAMPLES; i++) {
        const uint64_t start = x86_rdtsc_begin();
        region();
        ticks[i] = x86_rdtsc_end() - start;
    }
    sort(ticks, SAMPLES);
    return (struct measured){ticks[0], ticks[SAMPLES / 2], ticks[SAMPLES - 1]};
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Deltas of unequal work, odd and even, so that a clock in steps shows its step and not a multiple
 * of it. */
static uint64_t quantum(void)
{
    uint64_t common = 0;
    for (unsigned i = 1; i <= SAMPLES; i++) {
        const uint64_t start = x86_rdtsc();
        x86_spin(i);
        if (i % 3 == 0)
            x86_nop();
        common = gcd(x86_rdtsc() - start, common);
    }
    return common;
}

static void watch_gaps(struct wire_calib *calib, uint64_t length)
{
    const uint64_t start = x86_rdtsc();
    uint64_t before = start;
    for (unsigned turn = 0; turn < WATCH_TURNS && before - start < length; turn++) {
        const uint64_t now = x86_rdtsc();
        if (now - before > calib->gap_max)
            calib->gap_max = now - before;
        before = now;
    }
    calib->gap_watch = before - start;
}

static uint64_t cost(void (*region)(void), uint64_t empty)
{
    const uint64_t whole = measure(region).median;
    return whole > empty ? (whole - empty) / REGION_REPEATS : 0;
}

/* Records that calibration makes are nobody's: the ring is afterwards what it was, but for the
 * bytes of its free part. */
static uint64_t stamp_cost(uint64_t empty)
{
    struct cpu *cpu = cpu_this();
    struct trace_record *const next = cpu->trace_next;
    const uint64_t count = cpu->trace_count;
    if (next == NULL)
        return 0;
    const uint64_t ticks = cost(region_stamp, empty);
    cpu->trace_next = next;
    cpu->trace_count = count;
    return ticks;
}

void hal_calibrate(struct wire_calib *calib)
{
    const struct measured empty = measure(region_empty), loop = measure(region_loop);
    /* A TSC that counts instructions never pauses: a tenth of the watch shows it. */
    const bool counts = loop.min == loop.max && loop.median - empty.median <= LOOP_TICKS_MAX;
    *calib = (struct wire_calib){
        .empty = empty.median,
        .empty_max = empty.max,
        .loop_ring0 = loop.median,
        .quantum = quantum(),
        .rdtsc_cost = cost(region_rdtsc, empty.median),
        .out_cost = cost(region_out, empty.median),
        .cr3_cost = cost(region_cr3, empty.median),
        .stamp_cost = stamp_cost(empty.median),
    };
    watch_gaps(calib, hal_config.tsc_hz / (counts ? WATCH_SHORT * WATCH_PER_S : WATCH_PER_S));
}

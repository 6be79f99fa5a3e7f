/* SPDX-License-Identifier: MIT
 * What a tick of this machine is worth: the cost of nothing, of known work, and of the instructions
 * that crossings are made of; and how long the machine is away at a time. The host derives the
 * class of the machine from it. Interrupts off; single numbers are medians. */
#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define SAMPLES    129u
#define REPEATS    16u /* of one instruction in a region, where a region's edges would hide it */
#define LOOP_TURNS 1000u
#define LOOP_TICKS_MAX                                                                             \
    2016u /* two instructions a turn, and the region: a TSC that counts those                      \
           */
#define DELAY_PORT  0x80u
#define WATCH_PER_S 10u /* 100 ms */
#define WATCH_SHORT 100u
#define WATCH_TURNS 20000000u

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

static void region_empty(void)
{
}

static void region_loop(void)
{
    x86_spin(LOOP_TURNS);
}

static void region_rdtsc(void)
{
    for (unsigned i = 0; i < REPEATS; i++)
        (void)x86_rdtsc();
}

static void region_out(void)
{
    for (unsigned i = 0; i < REPEATS; i++)
        x86_out8(DELAY_PORT, 0);
}

static void region_cr3(void)
{
    const uint64_t root = x86_read_cr3();
    for (unsigned i = 0; i < REPEATS; i++)
        x86_write_cr3(root);
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
    return whole > empty ? (whole - empty) / REPEATS : 0;
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
    };
    watch_gaps(calib, hal_config.tsc_hz / (counts ? WATCH_SHORT * WATCH_PER_S : WATCH_PER_S));
}

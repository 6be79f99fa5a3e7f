/* SPDX-License-Identifier: MIT
 * One cell of a boot without tracing: warm-up until nothing changes any more, then the histograms.
 * Invariant: what is sent is what was measured; the warm-up series is sent too, and never mixed
 * with the rest. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/print.h"
#include "servers/lib/syscall.h"

#define WINDOW      8u
#define WINDOWS_MAX 32u
#define SAME_SHARE  64u /* medians of two windows differ by less than 1/64: no change */

static struct histogram histogram;
static struct span spans[WINDOW];
static uint64_t warm[WINDOW * WINDOWS_MAX];

/* Runs one window into the histogram; its median in *median. */
static long window_run(struct work *w, uint64_t *series, uint64_t *median)
{
    histogram_clear(&histogram);
    long error = cell_run(w, spans, WINDOW);
    for (unsigned i = 0; i < WINDOW && error >= 0; i++) {
        series[i] = (uint64_t)cell_ticks(w, &spans[i]);
        histogram_add(&histogram, series[i]);
    }
    *median = histogram_median(&histogram);
    return error;
}

static bool same(uint64_t a, uint64_t b)
{
    uint64_t difference = a > b ? a - b : b - a;
    return machine.counts ? difference == 0 : difference <= b / SAME_SHARE;
}

/* Two windows in a row without a change, or the cap; then all of the series. */
static long warm_up(struct work *w)
{
    uint64_t before = 0, now = 0;
    unsigned windows = 0;
    do {
        before = now;
        long error = window_run(w, warm + windows * WINDOW, &now);
        if (error < 0)
            return error;
    } while (++windows < WINDOWS_MAX && !same(before, now));
    frames_samples(&(struct series){w->name, "warmup", (uint32_t)w->region.turns}, warm,
                   windows * WINDOW);
    return 0;
}

static long samples_take(struct work *w, const char *metric, uint64_t samples)
{
    histogram_clear(&histogram);
    uint64_t start = sys_clock(CLOCK_TSC);
    for (uint64_t done = 0; done < samples; done += WINDOW) {
        if (done && sys_clock(CLOCK_TSC) - start > machine.limit)
            break;
        long error = cell_run(w, spans, WINDOW);
        if (error < 0)
            return error;
        for (unsigned i = 0; i < WINDOW; i++)
            histogram_add(&histogram, (uint64_t)cell_ticks(w, &spans[i]));
    }
    frames_histogram(&(struct series){w->name, metric, (uint32_t)w->region.turns}, &histogram);
    if (machine.say)
        print("%s %s: median %lu ticks for %lu calls, %lu samples\n", w->name, metric,
              histogram_median(&histogram), w->region.turns, histogram.samples);
    return 0;
}

long cell_measure(struct work *w)
{
    /* the stamps are of one fault, one interrupt, one move */
    if (w->rung->run == regions_run || w->rung->run == ram_run)
        w->region.turns = machine.calls;
    long error = warm_up(w);
    if (error >= 0)
        error = samples_take(w, "whole", machine.wholes);
    if (error >= 0 && w->region.turns > 1) {
        w->region.turns = 1;
        error = samples_take(w, "single", machine.samples);
    }
    return error;
}

/* SPDX-License-Identifier: MIT
 * Metric "kernel": instructions from SYSCALL to SYSRET inclusive, all crossings of one call added.
 * It is a bare region less the empty bare one, less the instructions of the other side's bare loop,
 * which are counted where they stand. So it is sent only where the clock counts instructions.
 *
 * notify: one crossing, from the notifier's SYSCALL to the waiter's first instruction; the way back
 * is the waiter's next receive and is not in it. fault: from the fault to the handler's first
 * instruction, and from its SYSCALL to the instruction that faulted; that one itself is not counted
 * by a machine that counts what completes. */
#include "bench/guest/bench.h"
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define SAMPLES_MAX 64u
#define BARE_BYTES  8u /* what the reads of this metric ask for */

typedef long bare_body(struct region *r);
bare_body bare_empty, bare_null, bare_read, bare_call;
long notify_bare(uint64_t tid, uint64_t count);
uint64_t notify_empty(void);
extern const uint32_t bare_user;

static struct histogram histogram;

/* Samples of a bare body into the histogram. */
static long bare_take(bare_body *body, struct region *r, uint64_t less)
{
    histogram_clear(&histogram);
    for (unsigned i = 0; i < machine.samples; i++) {
        bare_empty(r);
        uint64_t empty = r->end - r->begin;
        long error = body(r);
        if (error < 0)
            return error;
        histogram_add(&histogram, r->end - r->begin - empty - less);
    }
    return 0;
}

static void kernel_send(const char *cell)
{
    frames_histogram(&(struct series){cell, "kernel", 1}, &histogram);
}

static long null_kernel(struct work *w)
{
    return bare_take(bare_null, &w->region, 0);
}

static long linked_kernel(struct work *w)
{
    return bare_take(bare_read, &w->region, 0);
}

static long server_kernel(struct work *w)
{
    struct region r = w->region;
    long tid = server_use("read-bare");
    machine_quiet();
    long fd = tid < 0 ? tid : file_open("zero.bare:", O_RDONLY);
    if (fd < 0)
        return fd;
    r.target = (uint64_t)fd;
    bare_read(&r); /* the open's answer was the loop's first */
    long error = bare_take(bare_read, &r, bare_user);
    file_close((int)fd);
    return error;
}

static long call_kernel(struct work *w)
{
    long tid = server_use("call-bare");
    machine_quiet();
    if (tid < 0)
        return tid;
    w->region.target = (uint64_t)tid;
    return bare_take(bare_call, &w->region, bare_user);
}

/* The waiter measures, and sends the histogram itself. */
static long notify_kernel(struct work *w)
{
    uint64_t status = 0;
    (void)w;
    histogram_clear(&histogram);
    long tid = server_use("waiter-bare");
    machine_quiet();
    long error = tid < 0 ? tid : notify_bare((uint64_t)tid, machine.samples);
    if (error < 0)
        return error;
    error = server_wait(&status);
    return error < 0 || status ? -T_EIO : 0;
}

long waiter_report(const uint64_t *samples, unsigned n)
{
    uint64_t empty = notify_empty();
    histogram_clear(&histogram);
    for (unsigned i = 0; i < n; i++)
        histogram_add(&histogram, samples[i] - empty);
    long error = frames_open();
    if (error >= 0)
        kernel_send("notify");
    return frames_error();
}

static long fault_kernel(struct work *w)
{
    static struct span spans[SAMPLES_MAX];
    unsigned n = machine.samples < SAMPLES_MAX ? machine.samples : SAMPLES_MAX;
    long error = cell_run(w, spans, n);
    histogram_clear(&histogram);
    for (unsigned i = 0; i < n && error >= 0; i++)
        histogram_add(&histogram, spans[i].end - spans[i].begin - fault_user);
    return error;
}

static const struct {
    const char *rung;
    uint64_t size_min, size_max;
    long (*take)(struct work *w);
} kernels[] = {
    {"R0", 0, 0, null_kernel},
    {"R1", BARE_BYTES, BARE_BYTES, linked_kernel},
    {"R1m", BARE_BYTES, BARE_BYTES, linked_kernel},
    {"T2", BARE_BYTES, BARE_BYTES, server_kernel},
    {"D4", 0, MSG_INLINE_MAX, call_kernel},
    {"notify", 0, 0, notify_kernel},
    {"fault", 0, 0, fault_kernel},
};

long kernel_measure(struct work *w)
{
    for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        bool ours = !strcmp(kernels[i].rung, w->rung->name) && w->size >= kernels[i].size_min &&
                    w->size <= kernels[i].size_max && !w->one && machine.counts;
        if (kernels[i].take == notify_kernel && *w->crowd)
            continue; /* the waiter sends it under the bare name */
        if (!ours)
            continue;
        long error = kernels[i].take(w);
        if (error >= 0 && histogram.samples)
            kernel_send(w->name);
        return error;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT
 * Frames out of this program: a write to `trace:` is one frame, its type first.
 * Invariant: no frame is longer than WIRE_BODY_MAX; what does not fit goes in parts. The first
 * error is kept, so that callers may send a series and ask once. */
#ifndef TACH_BENCH_GUEST_FRAMES_H
#define TACH_BENCH_GUEST_FRAMES_H

#include "bench/guest/histogram.h"
#include "kernel/abi/abi.h"

/* The cell of the kernel's counters over a whole boot, up to when its cells are done. */
#define COUNT_BOOT "boot"

/* Opens `trace:`. */
long frames_open(void);
/* 0, or the first error since frames_open. */
long frames_error(void);

struct series {
    const char *cell, *metric;
    uint32_t calls; /* in one sample */
};
void frames_histogram(const struct series *what, const struct histogram *h);
/* Samples in the order of their making. */
void frames_samples(const struct series *what, const uint64_t *sample, uint32_t n);
void frames_count(const struct wire_count *count);
void frames_counters(const struct wire_counters *head, const struct wire_counter *list);

/* Records gather until a frame is full; flush sends what is there. */
void frames_record(const struct trace_record *record);
void frames_records_flush(void);

/* Takes the kernel's records, oldest first: their number, at most `max`, or an error. */
long frames_drain(struct trace_record *to, uint32_t max);

#endif

/* SPDX-License-Identifier: MIT
 * Owns what a capture file means: its frames put together into boots. A capture is the raw bytes of
 * the line; one boot is HELLO to END. Invariant: everything in a `struct boot` was whole, sound and
 * said once; whatever was not is in its loss counters and nowhere else.
 * Called by dump, spans, export, run, report; host only. */
#ifndef TACH_TRACES_CAPTURE_H
#define TACH_TRACES_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/events.h"
#include "kernel/abi/wire.h"
#include "traces/frame.h"

/* One metric of one cell, merged from its parts. Values rise strictly; counts sum to samples. */
struct hist {
    char cell[sizeof((struct wire_hist *)0)->cell + 1];
    char metric[sizeof((struct wire_hist *)0)->metric + 1];
    uint64_t samples;
    uint32_t calls; /* a value is for this many */
    uint32_t flags; /* HIST_* */
    size_t count;   /* of distinct values */
    struct wire_hist_entry *entries;
};

/* Samples in the order of their making; sent on request only. */
struct raw {
    char cell[sizeof((struct wire_hist *)0)->cell + 1];
    char metric[sizeof((struct wire_hist *)0)->metric + 1];
    uint32_t calls, flags;
    size_t count;
    uint64_t *samples;
};

/* What a boot sent and is not here. All zero: it is here in full. */
struct boot_losses {
    uint64_t missing;     /* frames that never came, by sequence and by END's total */
    uint64_t malformed;   /* frames that broke a rule; `why` has the first one */
    uint64_t incomplete;  /* histograms or raw series of which a part is missing */
    uint64_t events_lost; /* records overwritten in the ring, by END and by `lost` records */
    const char *why;      /* NULL: none malformed */
};

/* One COUNTERS frame. */
struct counters {
    struct wire_counters head; /* its cell is padded, not NUL-terminated */
    struct wire_counter list[COUNTERS_MAX];
};

struct boot {
    uint32_t boot_id;
    bool has_hello, has_calib, has_end;
    uint64_t frames; /* good frames, malformed ones included */
    struct wire_hello hello;
    char *cmdline; /* NUL-terminated, from outside: escape it when it is printed; "" without hello*/
    struct wire_calib calib;
    bool has_machine[2];            /* before the first cell, at the end */
    struct wire_machine machine[2]; /* what lies below the boot then */
    struct wire_end end;
    struct hist *hists;
    size_t hist_count;
    struct raw *raws;
    size_t raw_count;
    struct wire_count *counts; /* cells are padded to 40 bytes, not NUL-terminated: use %.40s */
    size_t count_count;
    struct counters *counters; /* in the order in which they came, one a cell */
    size_t counters_count;
    struct trace_record *events; /* each CPU's stamps never decrease */
    size_t event_count;
    size_t
        *gaps; /* rising: in front of these events a frame is missing, which may have held some */
    size_t gap_count;
    struct wire_samples sampler; /* its last word; hz 0: the boot was not sampled */
    struct wire_sample *samples; /* in the order of their making */
    size_t sample_count;
    char *text; /* console bytes as they came, escape sequences and NULs included */
    size_t text_size;
    struct boot_losses lost;
};

struct capture {
    struct boot *boots;
    size_t boot_count;
    struct frame_counts counts; /* of the whole file */
    uint64_t repaired;          /* frames that were lost, and here after all: sent again */
    char *foreign;              /* bytes outside of frames, as they came */
    size_t foreign_size;
    size_t foreign_early; /* of them, those in front of the first frame */
    char error[160];      /* after a failure: what is wrong, without the path */
};

/* Reads a capture; "-" is standard input. Returns TACH_OK, TACH_NOINPUT (missing, unreadable),
 * TACH_BADDATA (no frame in it at all: a foreign or empty file) or TACH_INTERNAL (memory), and then
 * out->error says why. A truncated or damaged capture is TACH_OK: its losses are counted, and what
 * came through is there. `out` can be freed after any of these. */
int capture_load(const char *path, struct capture *out);

/* The same from memory. */
int capture_parse(const uint8_t *bytes, size_t size, struct capture *out);

/* Frees what a capture owns and makes it empty; fine after a failed load. */
void capture_free(struct capture *capture);

/* Whether the boot is here from HELLO to END with nothing lost. Its exit code is another matter. */
bool boot_whole(const struct boot *boot);

/* The histogram of a cell's metric, or NULL. */
const struct hist *boot_hist(const struct boot *boot, const char *cell, const char *metric);

/* The name of the cell that trace records call `index`: the place in the boot word bench=. Returns
 * false, and "cell INDEX" in `name`, where the command line does not tell. */
bool boot_cell_name(const struct boot *boot, uint64_t index, char *name, size_t size);

#endif

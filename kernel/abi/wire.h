/* SPDX-License-Identifier: MIT
 * The serial line: COBS-coded frames, each ended by a zero byte. Decoded, a frame is the header, a
 * body and the CRC-32 (zlib's) of both, little-endian throughout. Bytes that are no frame belong to
 * a log. */
#ifndef TACH_ABI_WIRE_H
#define TACH_ABI_WIRE_H

#include <stdint.h>

#include "kernel/abi/check.h"

#define WIRE_BODY_MAX  2048u
#define WIRE_FRAME_MAX (8u + WIRE_BODY_MAX + 4u) /* decoded */
#define WIRE_CODED_MAX                                                                             \
    (WIRE_FRAME_MAX + WIRE_FRAME_MAX / 254u + 2u) /* with COBS and the delimiter */

/* X(name, value): frame types */
#define WIRE_TYPES(X)                                                                              \
    X(HELLO, 1)     /* struct wire_hello, then the command line, no NUL */                         \
    X(CALIB, 2)     /* struct wire_calib */                                                        \
    X(HIST, 3)      /* struct wire_hist, then its entries */                                       \
    X(RAW, 4)       /* struct wire_hist (entries: number of samples), then u64 samples in order */ \
    X(EVENTS, 5)    /* struct trace_record, one or more */                                         \
    X(TEXT, 6)      /* console bytes */                                                            \
    X(END, 7)       /* struct wire_end: the last frame of a boot, but for text */                  \
    X(COUNT, 8)     /* struct wire_count: the kernel's own counters over one cell */               \
    X(SAMPLES, 9)   /* struct wire_samples, then struct wire_sample, one or more */                \
    X(REPEAT, 10)   /* to the target, after END: u16 sequence numbers to send again; none: done */ \
    X(MACHINE, 11)  /* struct wire_machine, at a measured boot's beginning and end */              \
    X(COUNTERS, 12) /* struct wire_counters, then struct wire_counter, one or more */

enum wire_type {
#define X(name, value) WIRE_##name = value,
    WIRE_TYPES(X)
#undef X
};

#define WIRE_AGAIN 1u  /* in flags: asked for, behind END; `sequence` is that of the frame lost */
#define REPEAT_MAX 64u /* numbers in one REPEAT */
struct wire_header {
    uint8_t type, flags;
    uint16_t sequence; /* one more than that of the frame before, modulo 2^16; HELLO has 0 */
    uint32_t boot_id;  /* random enough to tell two boots apart, never 0 */
};

/* Captures of this ABI version and later ones are read: all that came since are additions. */
#define WIRE_OLDEST 6u
struct wire_hello {
    uint32_t abi_version, abi_hash;
    uint64_t tsc_hz;
    uint8_t tsc_source; /* 0 unknown, 1 CPUID 15h, 2 CPUID 16h, 3 PIT, 4 ACPI timer, 5 hint */
    uint8_t pti, pcid, trace, fastpath;
    uint8_t cmdline_truncated;
    uint16_t cpus;
    uint32_t cpu_signature; /* CPUID 1 eax */
    uint32_t microcode;     /* 0: not readable */
    char vendor[16];        /* NUL-padded */
    char brand[48];
    uint8_t build_id[20]; /* of the kernel's ELF file */
    uint32_t free_pages;  /* at the first user instruction */
};
ABI_ASSERT(sizeof(struct wire_hello) == 120, "hello layout");

/* Calibration, in TSC ticks; single numbers are medians. */
struct wire_calib {
    uint64_t empty; /* an empty region in ring 0 */
    uint64_t empty_max;
    uint64_t loop_ring0; /* 1000 turns of dec+jnz */
    uint64_t quantum;    /* greatest common divisor of back-to-back deltas */
    uint64_t gap_max;    /* the largest gap in the watch below */
    uint64_t gap_watch;  /* how long that watch was */
    uint64_t rdtsc_cost, out_cost, cr3_cost;
    uint64_t stamp_cost; /* one trace stamp of the trace variants */
    uint64_t loop_ring3; /* the same 1000 turns in ring 3; 0: not measured */
    uint64_t empty_ring3;
};
ABI_ASSERT(sizeof(struct wire_calib) == 96, "calib layout");

/* Exact histogram of one metric of one cell: (value, count) pairs in rising order of value. */
struct wire_hist_entry {
    uint64_t value, count;
};
struct wire_hist {
    char cell[40];        /* as in the boot word bench=, e.g. "D4/size:64/space:two"; NUL-padded */
    char metric[16];      /* "whole", "kernel", "warmup", "empty", "entry", ... ; NUL-padded */
    uint64_t samples;     /* in the whole histogram */
    uint32_t calls;       /* calls in one region: a value is for this many */
    uint32_t entries;     /* in this frame */
    uint16_t part, parts; /* a histogram may need several frames: part 0..parts-1 */
    uint32_t flags;       /* HIST_* */
};
ABI_ASSERT(sizeof(struct wire_hist) == 80, "hist layout");
#define HIST_FOLDED                                                                                \
    1u /* more distinct values than the guest keeps: the tail is folded into the last entry */
#define HIST_ENTRIES_MAX                                                                           \
    ((WIRE_BODY_MAX - sizeof(struct wire_hist)) / sizeof(struct wire_hist_entry))

/* The kernel's counters over `calls` calls of one cell (trace variants only). */
struct wire_count {
    char cell[40];
    uint64_t calls, traps, cr3_writes, copied_bytes;
};

/* Where the CPU was, by the boot word profile=HZ. The kernel alone sends these: ring 3 never sees
 * the kernel's addresses in them. */
#define SAMPLE_STACK 6u
struct wire_sample {
    uint64_t tsc, rip;
    uint32_t tid;    /* of the thread that the CPU belonged to; 0: nobody's */
    uint8_t ring;    /* 0 or 3 */
    uint8_t depth;   /* entries of `stack` in use */
    uint8_t scanned; /* 1: `stack` are guesses, words of the kernel's stack that follow a call */
    uint8_t zero;
    char task[16];                /* its name, NUL-padded; empty: it was gone by then */
    uint64_t stack[SAMPLE_STACK]; /* return addresses, innermost first */
};
ABI_ASSERT(sizeof(struct wire_sample) == 88, "sample layout");
/* Where samples come from. Both are NMIs: with interrupts off too, at any instruction. */
#define SAMPLES_PIT_NMI 1u /* the PIT's line: by time */
#define SAMPLES_PMI_NMI 2u /* the core's cycle counter: by cycles in which it did not halt */
struct wire_samples {
    uint64_t taken, lost; /* so far: all samples, and those for which there was no room */
    uint64_t held;        /* so far: times that came while frames were being sent; no samples */
    uint64_t spent;       /* so far: ticks inside of the handler, entry and exit not included */
    uint32_t hz;          /* asked for; periods are random around that, by half to either side */
    uint32_t source;      /* SAMPLES_* */
};
ABI_ASSERT(sizeof(struct wire_samples) == 40, "samples layout");
#define SAMPLES_FRAME_MAX                                                                          \
    ((WIRE_BODY_MAX - sizeof(struct wire_samples)) / sizeof(struct wire_sample))

/* The machine below a measured boot. What `have` does not name was not read, and is 0. */
struct wire_machine {
    uint32_t have;        /* MACHINE_* */
    uint8_t when;         /* 0 before the first cell, 1 at the end */
    uint8_t pmu_version;  /* of the architectural counters (CPUID 0AH); 0: none */
    uint8_t pmu_counters; /* a CPU */
    uint8_t pmu_bits;     /* of each */
    uint32_t pmu_events;  /* which of the architectural events there are, by CPUID 0AH's bits */
    uint32_t zero;
    uint64_t tsc;          /* when this was read */
    uint64_t smis;         /* since reset: a boot in which it grew was interrupted from below */
    uint64_t aperf, mperf; /* their growth's quotient is the core's clock by its nominal one */
    uint64_t capabilities; /* IA32_ARCH_CAPABILITIES */
};
ABI_ASSERT(sizeof(struct wire_machine) == 56, "machine layout");
#define MACHINE_SMIS         0x1u
#define MACHINE_APERF        0x2u
#define MACHINE_CAPABILITIES 0x4u
#define MACHINE_X2APIC       0x8u  /* the local APIC is in that mode */
#define MACHINE_DEADLINE     0x10u /* its timer can wait for a TSC value */
#define MACHINE_INVARIANT    0x20u /* the TSC's rate never changes */
#define MACHINE_GUEST        0x40u /* a hypervisor says that it is there */
#define MACHINE_KNOWN        0x7Fu

/* The CPU's own event counters over one pass of a cell, made behind the timed ones: `calls` calls,
 * both rings and both sides; and over as much of what is no call, an empty region of as many turns
 * or one fault, which is to be taken off. What this machine does not count is listed too, with the
 * reason. */
struct wire_counters {
    char cell[40];
    uint64_t calls;
    uint64_t ticks, ticks_empty; /* of the TSC, between the stamps of the two regions */
    uint32_t entries;            /* behind this */
    uint8_t version;             /* of the architectural counters (CPUID 0AH); 0: AMD's own */
    uint8_t bits;                /* of a counter: it wraps there */
    uint8_t zero[2];
};
ABI_ASSERT(sizeof(struct wire_counters) == 72, "counters layout");

/* X(name, value, text): what is counted. One may have several entries, whose sum it is. */
#define COUNTER_KINDS(X)                                                                           \
    X(CYCLES, 1, "cycles")             /* of the core, not while it halts */                       \
    X(INSTRUCTIONS, 2, "instructions") /* retired */                                               \
    X(DTLB_WALKS, 3, "DTLB walks")     /* of page tables, for a load or a store, completed */      \
    X(L1D_MISSES, 4, "L1D misses")     /* lines brought into the first data cache */
enum counter_kind {
#define X(name, value, text) COUNTER_##name = value,
    COUNTER_KINDS(X)
#undef X
};

/* X(name, value, text): whether it was. */
#define COUNTER_STATES(X)                                                                          \
    X(COUNTED, 0, "counted")                                                                       \
    X(NO_EVENT, 1, "no event of this CPU model is known for it")                                   \
    X(NO_COUNTER, 2, "the CPU has no counter, or not the event")                                   \
    X(FAULTED, 3, "its registers fault")                                                           \
    X(DEAD, 4, "it forgets what is written, or does not count")
enum counter_state {
#define X(name, value, text) COUNTER_##name = value,
    COUNTER_STATES(X)
#undef X
};
#define COUNTER_STATES_MAX 4u

#define COUNTER_FIXED                                                                              \
    (1ull << 63) /* in `event`: the fixed counter of the number in bits 0 to 7                     \
                  */
struct wire_counter {
    uint32_t kind, state;
    uint64_t event;        /* as programmed: IA32_PERFEVTSELx or AMD's PerfEvtSel; 0: not */
    uint64_t count, empty; /* over the pass, and over the empty one; both 0 unless COUNTED */
};
ABI_ASSERT(sizeof(struct wire_counter) == 32, "counter layout");
#define COUNTERS_MAX 16u /* in one frame */

struct wire_end {
    uint32_t frames;        /* sent before this one */
    uint32_t events_lost;   /* records overwritten in the ring before they were drained */
    uint32_t cells, failed; /* histograms sent; 1 if the boot failed */
    uint32_t exit_code;     /* EXIT_* that follows */
    uint32_t zero;
};

#endif

/* SPDX-License-Identifier: MIT
 * The measuring program /bin/bench: what its files share. It runs the cells of the boot word bench=
 * and sends what it found as frames through `trace:`.
 * Invariant: between the two stamps of a region runs only the assembly of regions.asm; nothing is
 * printed, sent, allocated or touched for the first time there. */
#ifndef TACH_BENCH_GUEST_BENCH_H
#define TACH_BENCH_GUEST_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/abi.h"

#define CELL_NAME_MAX   39u
#define PAYLOAD_MAX     65536u
#define CELL_WORD       8u /* of a word behind mitig: and the like, with its end */
#define BENCH_PATH      "initfs:/bin/bench"
#define LONG_READ_PIECE 4096u /* what the service zero: gives at once */
#define GATHER_MAX      2048u /* the most that a server gathers for one reply: servers/host */
#define PASS_CALLS      1000u /* over which the event counters count, at most at once */

struct region;
typedef long region_body(struct region *r);

/* What a region reads and writes; regions.asm knows the offsets (asserted in cells.c). */
struct region {
    uint64_t begin, end; /* stamps around the last run */
    uint64_t turns;      /* calls in one run, at least 1 */
    uint64_t target;     /* rdi: TID or descriptor */
    uint64_t tag;
    uint64_t word[MSG_WORDS];
    uint64_t pieces; /* messages that one payload is cut into */
};

/* One run between two stamps, in TSC ticks. */
struct span {
    uint64_t begin, end;
};

static inline uint64_t tsc_now(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* What this boot's clock is like and what is asked of it. */
struct machine {
    bool counts;      /* the TSC counts instructions: one call a region, few regions */
    bool steps;       /* it goes in steps of several: blind to single calls */
    bool trace;       /* the trace variants are in force: records and counts, no histograms */
    bool pti;         /* isolation is on */
    bool fast;        /* the boot has the fast path */
    bool pmu;         /* the kernel reads the CPU's event counters: sys:pmu */
    bool say;         /* a line of text for each histogram, for people */
    uint32_t calls;   /* in one region */
    uint32_t samples; /* regions of a histogram */
    uint64_t wholes;  /* of the histogram "whole"; the boot word samples= asks for more */
    uint64_t limit;   /* ticks after which a histogram is closed with what it has */
    uint64_t empty;   /* ticks of an empty region of `calls` turns: median */
};
extern struct machine machine;

struct work;

/* A row of the table of rungs. */
struct rung {
    const char *name;
    unsigned has; /* HAS_*: what a cell's name must give */
    long (*set_up)(struct work *w);
    long (*run)(struct work *w, struct span *to, unsigned n); /* n regions */
    const char *unit;                                         /* what one call is */
    unsigned traps,
        switches; /* of one call: design table, 0: not in it; switches of root without isolation */
    const char *server; /* loop of the other side, see servers.c; 0: none of ours */
    bool plain;         /* by the plain entry, without the fast path */
};
#define HAS_SIZE  1u
#define HAS_SPACE 2u
#define HAS_TO    4u

/* A cell being measured. */
struct work {
    const struct rung *rung;
    char name[CELL_NAME_MAX + 1];
    uint64_t index; /* place in the list of cells */
    uint64_t size;  /* payload bytes */
    bool one;       /* both sides in one address space */
    struct region region;
    region_body *body;
    int64_t adjust;        /* added to each sample, ticks */
    char mitig[CELL_WORD]; /* mitigation that is on while the cell runs; empty: as the boot has
                               them */
    char crowd[CELL_WORD]; /* what the machine is full of meanwhile; empty: of nothing */
    char to[CELL_WORD];    /* where a service moves: move.c */
    int fd;                /* open file of the cell, or -1 */
    unsigned aside;        /* traps so far that no region holds: never counted */
    unsigned extra;        /* traps beyond the table's, for a payload that travels in pieces */
};

/* names.c: 0, or a negated error when the name is no cell. */
long cell_parse(const char *name, uint64_t length, struct work *w);

/* cells.c: the row of that name, or 0. */
const struct rung *rung_find(const char *name, uint64_t length);
long cell_set_up(struct work *w);
void cell_tear_down(struct work *w);
/* Sleeps until the CPU has halted: a tick that was armed for a slice that is over falls here, and
 * not into a region. */
void machine_quiet(void);
/* Bytes of payload that the kernel copies in one call. */
uint64_t cell_copied(const struct work *w);
/* Runs n regions; 0 or a negated error. */
long cell_run(struct work *w, struct span *to, unsigned n);
int64_t cell_ticks(const struct work *w, const struct span *span);

/* calibrate.c: fills `machine`; with `send` the histograms of cell "calibration" leave too. */
long machine_calibrate(bool send);

/* measure.c: one cell of a boot without tracing, all its histograms. */
long cell_measure(struct work *w);
/* kernel.c: metric "kernel" for the cells that have it; others are left alone. */
long kernel_measure(struct work *w);
/* counters.c: the CPU's event counters over the cell, where there are any and it has a pass. */
#define PMU_HEAD                                                                                   \
    "pmu " /* what sys:pmu begins with, and with "none" behind it where there are not */
long counters_measure(struct work *w);
/* What runs between two readings of the counters: so many calls, or what is to be taken off that
 * many. 0 with the stamps around them, or a negated error. */
typedef long piece_run(struct work *w, uint64_t calls, struct span *ticks);
/* The waiter's side of that of cell "notify": sends its samples. */
long waiter_report(const uint64_t *samples, unsigned n);
/* traced.c: the records of the boot so far, but for the phases of its calls. */
long boot_trace(void);

/* Sends the kernel's counters over the whole boot so far. */
void totals_send(void);
/* One cell of a boot with tracing: its records and its counts; a rung without traps in the table is
 * only run. */
long cell_trace(struct work *w);
/* The number behind that name in lines "name number"; 0: there is none. */
uint64_t report_number(const char *text, const char *name);

/* fault.c */
long fault_set_up(struct work *w);
void fault_tear_down(void);
long fault_run(struct work *w, struct span *to, unsigned n);
/* So many faults and one more, by which the page opens; and that one alone. */
piece_run fault_piece, fault_none;
/* Instructions between two faults that are the handler's own and those that only record. */
extern const uint32_t fault_user, fault_record;

/* mitig.c: what the boot has is remembered; then only NAME (all: every one that the CPU has) is on.
 */
long mitig_use(const char *name);
void mitig_restore(void);

/* crowd.c: only the crowd of that name stands from now on ("tasks", "schemes", "fds"; "": none).
 * ENOENT, or what its making met. */
long crowd_use(const char *name);
void crowd_end(void);

/* cells.c, for the other files of cells: an open file of that path and the region that reads it; n
 * regions of the cell's body. */
long read_set_up(struct work *w, const char *path);
long regions_run(struct work *w, struct span *to, unsigned n);

/* inside.c: services in the kernel. */
long ram_set_up(struct work *w);
long ram_run(struct work *w, struct span *to, unsigned n);
void ram_tear_down(void);
/* Calls from the file's beginning that its bytes are enough for, at least 1; back to there. */
uint64_t ram_calls(const struct work *w);
long ram_rewind(struct work *w);
long open_set_up(struct work *w);

/* stream.c */
long pipe_set_up(struct work *w);
long chan_set_up(struct work *w);
void stream_tear_down(void);
long stream_serve(void *unused);

/* irq.c */
long irq_linked_set_up(struct work *w);
long irq_realtime_set_up(struct work *w);
long irq_thread_set_up(struct work *w);
long irq_notify_set_up(struct work *w);
void irq_tear_down(void);
long irq_run(struct work *w, struct span *to, unsigned n);

/* move.c */
long move_set_up(struct work *w);
void move_tear_down(void);
long move_run(struct work *w, struct span *to, unsigned n);
/* One move, whatever `calls`; its stamps alone; and the way back to where it starts. */
piece_run move_piece, move_none;
long move_back(struct work *w);

/* futex.c */
long futex_set_up(struct work *w);
void futex_tear_down(void);

/* servers.c: the other side. */
int server_main(const char *name);
/* The task that runs loop `name`, started when it is not there: its TID. One at a time. */
long server_use(const char *name);
void server_end(void);
/* Waits for the end of the one that server_use started. */
long server_wait(uint64_t *status);
/* A thread of this task that runs the loop. */
long server_thread_start(const char *name);

#endif

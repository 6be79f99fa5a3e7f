/* SPDX-License-Identifier: MIT
 * Owns the pairing of trace records into calls and of a call's time into phases. Invariant: each
 * tick between user_begin and user_end belongs to exactly one phase, so the phases of a call add up
 * to its whole. Called by the spans verb and by the report. */
#ifndef TACH_TRACES_SPANS_H
#define TACH_TRACES_SPANS_H

#include "traces/capture.h"

/* X(name, meaning): what the time up to a stamp was spent on, in the order of a call. */
#define PHASES(X)                                                                                  \
    X(entry, "from the client's stamp to the end of the first kernel entry")                       \
    X(guards, "first crossing: the conditions of the fast path")                                   \
    X(commit, "first crossing: the change of state")                                               \
    X(root, "first crossing: the switch of page tables")                                           \
    X(exit, "first crossing: registers, and out to user mode")                                     \
    X(slow, "first crossing: the C path")                                                          \
    X(server, "user code between the crossings, and the entries after it")                         \
    X(middle, "crossings between the first and the last")                                          \
    X(reply, "the last crossing, of two or more")                                                  \
    X(return, "from the last exit to the client's second stamp")

enum phase {
#define X(name, meaning) PHASE_##name,
    PHASES(X)
#undef X
        PHASE_COUNT
};

/* One call, in ticks. */
struct span_call {
    uint64_t cell, iteration; /* as the client stamped them */
    uint64_t start, whole;    /* stamp of user_begin; ticks to user_end */
    uint64_t phase[PHASE_COUNT];
    size_t first, last; /* its records in boot->events: user_begin and user_end */
    uint32_t stamps;    /* between user_begin and user_end: the kernel's and the server's */
    uint32_t crossings;
    uint32_t interrupts; /* irq and fault records inside */
};

/* The calls of one cell. Medians are the upper one of two. */
struct span_cell {
    uint64_t cell;
    char name[64]; /* from the boot word bench=, else "cell N" */
    size_t calls;
    uint64_t whole_median, whole_min, whole_max;
    uint64_t phase_median[PHASE_COUNT]; /* each by itself: these need not add up */
    size_t typical; /* index of a call whose whole is the median: its phases do add up */
    size_t slowest; /* index of the 99.9th percentile call */
};

struct span_table {
    struct span_call *calls; /* in the order of their begin */
    size_t call_count;
    struct span_cell *cells; /* in the order of first sight */
    size_t cell_count;
    uint64_t unpaired; /* begins without an end, ends without a begin, calls in which records or
                          frames were lost */
};

/* Pairs the records of a boot. Returns 0, or -1 when memory is out (the table is then empty). */
int spans_of_boot(const struct boot *boot, struct span_table *out);

/* Frees what a table owns and makes it empty. */
void spans_free(struct span_table *table);

/* The name of a phase, from PHASES. */
const char *span_phase_name(enum phase phase);

/* What the phase is, from PHASES. */
const char *span_phase_meaning(enum phase phase);

/* The cell of that name, or NULL. */
const struct span_cell *span_cell_find(const struct span_table *table, const char *name);

/* What a traced call is held against, in ticks. */
struct span_basis {
    double stamp_cost; /* of one of the kernel's stamps, by calibration */
    double empty;    /* the empty region: the client's own two stamps, bare readings of the clock */
    double untraced; /* the whole of the same call in a boot without tracing */
};

/* What tracing changes beyond the price of its stamps, in ticks: the one definition, for every
 * verb. It is the kernel's counting of traps and CR3 writes where both boots ran the same path, and
 * the difference of the paths where they did not. */
double span_residue(const struct span_call *call, const struct span_basis *basis);

#endif

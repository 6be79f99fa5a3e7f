/* SPDX-License-Identifier: MIT
 * What two machines that count instructions must differ by: QEMU under -icount and Bochs share no
 * code, execute the same instructions, and count a few of them differently. Invariant: a difference
 * has a cause here only where the rule gives it exactly, to the instruction; all else is unknown.
 * Moves alone have a bound instead. The suite bochs-agree holds the rules against QEMU's own log of
 * what it executed. Called by the report. */
#ifndef TACH_BENCH_AGREE_H
#define TACH_BENCH_AGREE_H

#include "bench/figure.h"

/* X(name, what it says of a difference; the numbers of single cells stand beside it) */
#define AGREE_CAUSES(X)                                                                            \
    X(none, "both count the same")                                                                 \
    X(rep, "A string instruction with a REP prefix: QEMU counts n + 1 for n turns, as it looks "   \
           "once more whether any are left; Bochs counts n; for none both count 1.")               \
    X(fault, "The access that takes a page fault: Bochs counts it, QEMU does not.")                \
    X(ibpb, "IBPB at each switch of tasks, four instructions: QEMU's CPU has it not.")             \
    X(interrupt, "Interrupts came into some of the calls, and not into the same: the shortest "    \
                 "calls of both differ by what the other causes say.")                             \
    X(memory,                                                                                      \
      "A move takes and gives pages, and a page costs more where a pair of frames is split "       \
      "or joined for it: that depends on what the boot and the cells before left free.")           \
    X(unknown, "No cause is known.")

enum agree_cause {
#define X(name, text) AGREE_##name,
    AGREE_CAUSES(X)
#undef X
        AGREE_COUNT
};

struct agreement {
    enum agree_cause cause;
    double difference; /* what Bochs counts less */
    long expected;     /* the same by rule; of interrupt: in the shortest calls; of memory: 0 */
};

/* Judges two figures of the same cell and isolation. */
struct agreement agree_judge(const struct figure *qemu, const struct figure *bochs);

/* A sentence about a cause, for a legend. */
const char *agree_meaning(enum agree_cause cause);

/* A few words about one difference: "14 REP instructions". */
void agree_text(const struct agreement *agreement, char *out, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 * A call as legs: each interval between two of its stamps, with the thread that had the CPU when it
 * began. Invariant: the legs of a call touch and add up to its whole. Called by the exporters,
 * which follow a call from the client to the service and back. */
#ifndef TACH_TRACES_LEGS_H
#define TACH_TRACES_LEGS_H

#include "traces/spans.h"

#define LEG_THREAD_NONE UINT32_MAX /* in trace_record.thread: no thread had the CPU */

struct leg {
    uint64_t begin, ticks;
    uint32_t thread;  /* as in struct trace_record */
    const char *name; /* what it was spent on, a phase of spans.h in whichever crossing */
    const char *call; /* the system call that it is in, or enters; NULL: none, or one unknown */
    bool arrives;     /* the CPU came from another thread of the same call */
    bool leaves;      /* and goes to another */
};

/* Where a walk over the legs of a call stands; begin with {0}. */
struct leg_walk {
    size_t at;        /* record that ended the last leg, 0 before the first */
    uint32_t thread;  /* of the last leg */
    const char *call; /* that the last leg is in or enters */
};

/* Gives the next leg of a call of this boot's span table. Returns false when there is none. */
bool leg_next(const struct boot *boot, const struct span_call *call, struct leg_walk *walk,
              struct leg *out);

#endif

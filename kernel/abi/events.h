/* SPDX-License-Identifier: MIT
 * Trace records: 32 bytes each, written to a per-CPU ring in RAM, drained after the measured
 * window. */
#ifndef TACH_ABI_EVENTS_H
#define TACH_ABI_EVENTS_H

#include <stdint.h>

#include "kernel/abi/check.h"

/* X(name, value, meaning of arg, meaning of aux) */
#define EVENTS(X)                                                                                  \
    X(none, 0, "", "")                                                                             \
    X(loader_done, 1, "tsc_start", "")                                                             \
    X(hal_entry, 2, "tsc", "")                                                                     \
    X(init_step, 3, "index", "")                                                                   \
    X(core_entry, 4, "", "")                                                                       \
    X(first_user, 5, "rip", "rsp")                                                                 \
    X(task_start, 6, "tid", "parent")                                                              \
    X(task_exit, 7, "tid", "status")                                                               \
    X(fault, 8, "address", "rip")                                                                  \
    X(bootstrap_fail, 9, "rip", "")                                                                \
    X(irq, 10, "vector", "")                                                                       \
    X(irq_overrun, 11, "line | reason << 8 (IRQ_ENDED_*)", "ticks that the handler had run")       \
    X(ph_entry, 16, "call", "")                                                                    \
    X(ph_guards, 17, "", "")                                                                       \
    X(ph_commit, 18, "", "")                                                                       \
    X(ph_root, 19, "", "")                                                                         \
    X(ph_exit, 20, "", "")                                                                         \
    X(ph_slow, 21, "call", "")                                                                     \
    X(user_begin, 24, "cell", "iteration")                                                         \
    X(user_end, 25, "cell", "iteration")                                                           \
    X(server_begin, 26, "cell", "")                                                                \
    X(server_end, 27, "cell", "")                                                                  \
    X(lost, 31, "records lost here", "")

enum event {
#define X(name, value, arg, aux) EV_##name = value,
    EVENTS(X)
#undef X
        EV_COUNT = 32
};

struct trace_record {
    uint64_t tsc; /* ticks; one CPU's stream never decreases */
    uint64_t arg, aux;
    uint32_t thread; /* thread slot 11:0 | task slot << 12; 0xFFFFFFFF: none */
    uint16_t event;
    uint8_t cpu;
    uint8_t flags;
};
ABI_ASSERT(sizeof(struct trace_record) == 32, "trace record layout");

#define TRACE_RING_RECORDS 8192u /* 256 KiB a CPU, a power of two */

#endif

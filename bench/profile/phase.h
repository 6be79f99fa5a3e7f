/* SPDX-License-Identifier: MIT
 * Which part of a call an instruction belongs to. Invariant: what the labels of the assembly, the
 * source of a line or the name of a routine in assembly do not tell is "other"; nothing is guessed.
 * Called by profile.c and the outputs. */
#ifndef TACH_BENCH_PROFILE_PHASE_H
#define TACH_BENCH_PROFILE_PHASE_H

#include "bench/profile/symbols.h"

/* X(name, what it is), in the order of a call */
#define SAMPLE_PHASES(X)                                                                           \
    X(client, "the client's stub, or its loop in assembly")                                        \
    X(entry, "from SYSCALL on: which call, GS, root")                                              \
    X(guards, "conditions of the fast path, which only read")                                      \
    X(commit, "the change of state")                                                               \
    X(transfer, "the callee's root, message registers, requests")                                  \
    X(exit, "preserved registers, and out to user mode")                                           \
    X(slow, "the kernel in C, and how the path gives up to it")                                    \
    X(server, "the server's loop, with its stub")                                                  \
    X(service, "the service's own code, wherever it is placed")                                    \
    X(idle, "no thread is ready")                                                                  \
    X(other, "anything else, or nothing that is known")

enum sample_phase {
#define X(name, what) SAMPLE_##name,
    SAMPLE_PHASES(X)
#undef X
        SAMPLE_PHASES_END
};

/* Name and meaning, from the table. */
const char *phase_name(enum sample_phase phase);
const char *phase_meaning(enum sample_phase phase);

/* Whether code behind that label ("entry_fast_off.call_guards", "..@14.exit") begins a phase. */
bool phase_label(const char *label);

/* Where an instruction is. */
struct phase_site {
    const char *path; /* of its ELF file */
    bool kernel;
    bool lines;  /* the file says of which source its code is: what has none is assembly */
    bool nobody; /* no thread had the CPU */
    const struct place *place;
    const char *label; /* the last one of its function before it that begins a phase; "" none */
};
enum sample_phase phase_of(const struct phase_site *site);

#endif

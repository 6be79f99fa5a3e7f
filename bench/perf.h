/* SPDX-License-Identifier: MIT
 * What the host counts of a boot's QEMU, from its first instruction to its end: an outside check of
 * the guest's own counters. The best that the host has, in this order: hardware events; probes on
 * the emulator's functions, exact counts of CR3 writes, exceptions and TLB fills; software events;
 * none. Invariant: what is not there is said, never filled in. Called by tach run --perf. */
#ifndef TACH_BENCH_PERF_H
#define TACH_BENCH_PERF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/uprobe.h"

#define PERF_EVENTS_MAX UPROBES_MAX

struct perf_event_choice {
    const char *name;
    uint32_t type;
    uint64_t config;
};

struct perf {
    const char *source; /* "hardware", "uprobes", "software", "none" */
    char why[320];      /* why not better; one line */
    struct perf_event_choice events[PERF_EVENTS_MAX];
    size_t count;
    struct uprobe probes[UPROBES_MAX];
    size_t probe_count; /* made, to be removed */
};

/* The counters of one boot. */
struct perf_boot {
    int fds[PERF_EVENTS_MAX];
    size_t count; /* of fds that are open */
    json_t *json; /* what they came to; owned; NULL: not counted */
};

/* Whether this host counts cycles and instructions, tried on a loop; else the reason and what
 * helps, one line. */
bool perf_hardware(char *why, size_t size);

/* Finds what this host has for a class; `emulated` is whether QEMU itself executes the guest. Says
 * it in one line. */
void perf_open(bool emulated, struct perf *out);

/* Opens counters on a process that has not begun its program yet. */
void perf_attach(const struct perf *perf, pid_t pid, struct perf_boot *boot);

/* Reads what the process came to into boot->json, and closes the counters. */
void perf_detach(const struct perf *perf, struct perf_boot *boot);

/* Closes the counters, if they are open, and frees the rest. */
void perf_boot_free(struct perf_boot *boot);

/* Removes the probes. */
void perf_close(struct perf *perf);

#endif

/* SPDX-License-Identifier: MIT
 * Whether a hypervisor's numbers mean anything, found out by running a tiny guest on it
 * (bench/probe/probe.asm) for at most PROBE_LIMIT_S. That a device opens proves nothing. The host
 * is never altered. Called by tach run and tach doctor. */
#ifndef TACH_BENCH_PROBE_H
#define TACH_BENCH_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#define PROBE_LIMIT_S 2.0
#define PROBE_IMAGE   "build/probe.elf"

struct probe {
    bool passed;
    double took_s;
    uint64_t ring0_ticks, ring3_ticks; /* 10,000 turns of a loop; 0: not reached */
    char reason[400];                  /* one line, printable */
};

/* Runs the guest image under an accelerator ("kvm" or "tcg"). Never fails: what went wrong is the
 * reason of a probe that did not pass. */
void probe_run(const char *image, const char *accelerator, struct probe *out);

#endif

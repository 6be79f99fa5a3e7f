/* SPDX-License-Identifier: MIT
 * Boots under Bochs, whose time stamp counter ticks once an instruction and whose CPU has PCID,
 * which QEMU's emulation has not. Bochs starts from a CD only: one image a side is made with room
 * for a command line, and each boot fills in its own. Invariant: what a boot is started from lies
 * in its side's directory and nowhere else. Called by bench/boots.c, the judge and the doctor. */
#ifndef TACH_BENCH_BOCHS_H
#define TACH_BENCH_BOCHS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/boots.h"

#define BOCHS_CLASS   "bochs"
#define BOCHS_PROGRAM "bochs"
#define BOCHS_CPU     "tigerlake"

/* Whether all that a boot needs is installed; else the reason, one line. */
bool bochs_ready(char *reason, size_t size);

/* A command line with the texts that it borrows. */
struct bochs_start {
    char config[600], script[600];
    const char *argv[8];
};

/* Gives the command that starts a boot; nothing is written. */
void bochs_command(const struct boot_run *run, const struct boot_setup *setup,
                   struct bochs_start *out);

/* Writes what that command reads, beside the boot's frames. Returns 0, or -1 with the reason in
 * run->reason. The side's image is made by the first call, which takes some seconds. */
int bochs_prepare(struct boot_run *run, const struct boot_setup *setup,
                  const struct bochs_start *start);

/* After Bochs has ended: removes the boot's image and says whether the guest ended by itself, as it
 * does with its last write to the shutdown port; how it ended stands in its END frame. */
bool bochs_ended(const struct boot_run *run);

#endif

/* SPDX-License-Identifier: MIT
 * The boots that a profile is made of: one that is sampled, and one that is not, which says what
 * sampling cost. Called by the verb. */
#ifndef TACH_BENCH_PROFILE_BOOT_H
#define TACH_BENCH_PROFILE_BOOT_H

#include "bench/images.h"
#include "traces/capture.h"

struct sampled_boot {
    const char *class; /* "icount", "bochs", "kvm" or "tcg" */
    const char *cells; /* as in the boot word bench= */
    const char *keep;  /* where the frames go; NULL: nowhere */
    unsigned hz;       /* 0: not sampled */
    bool pmi;          /* by the cycle counter's interrupt, not the PIT's */
    unsigned regions;  /* of each cell */
    bool pti;
    double limit_s;
    struct image_facts images[IMAGE_COUNT];
};

/* Boots once and loads what came; *out is to be freed in any case. Returns an enum tach_exit after
 * a line where the boot did not pass: TACH_UNAVAILABLE where the machine cannot sample so, which it
 * says before anything is measured. */
int sampled_boot_make(const struct sampled_boot *what, struct capture *out);

/* Ticks of one call of the cell, on average, the empty region taken off; below 0: not measured. */
double call_ticks(const struct boot *boot, const char *cell);

#endif

/* SPDX-License-Identifier: MIT
 * The tree of all stacks of a profile. Invariant: a node's samples are its own and those of its
 * children; children are in the order of their names, so that equal profiles give equal files. */
#ifndef TACH_BENCH_PROFILE_FLAME_H
#define TACH_BENCH_PROFILE_FLAME_H

#include "bench/profile/profile.h"

struct flame {
    struct label label;
    uint64_t samples, own;
    struct flame *first, *next; /* child, sibling */
};

/* The root, "all"; NULL when memory ends. */
struct flame *flame_make(const struct profile *profile);
void flame_free(struct flame *flame);

#endif

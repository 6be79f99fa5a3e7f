/* SPDX-License-Identifier: MIT
 * Physical ranges that a task may ask to see, by name: the list is all there is. Nothing of the
 * kernel's image, no page table and no memory of a task is ever in it. Made once, at boot. */
#ifndef TACH_CORE_RANGES_H
#define TACH_CORE_RANGES_H

#include "kernel/hal/vm.h"

struct range {
    char name[8]; /* up to 7 bytes, NUL-padded */
    paddr_t base;
    uint64_t bytes; /* both page aligned */
    unsigned prot;  /* PROT_* at most */
    bool uncached;
};

void ranges_init(void);

/* The range of that name (packed as spawn's, sys_name) or the one in which that physical page lies;
 * 0: none. A name is never page aligned. */
const struct range *range_find(uint64_t name_or_base);

/* The i-th of the list, or 0. */
const struct range *range_at(unsigned i);

/* A task has mapped some of it. */
void range_taken(const struct range *r);

#endif

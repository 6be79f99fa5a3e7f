/* SPDX-License-Identifier: MIT
 * The link-time list of what a user page table maps beside the user half: the entry text, the IDT
 * and GDT/TSS pages, and the entry area of each CPU; all at the addresses that they have in the
 * kernel's table. tramp.c makes the user tables from it, the isolation tests compare a walk with
 * it. */
#ifndef TACH_HAL_TRAMP_RANGES_H
#define TACH_HAL_TRAMP_RANGES_H

#include <stdint.h>

/* What the pages may do in ring 0; ring 3 may do nothing. Never G. */
enum tramp_flags { TRAMP_READ = 0, TRAMP_WRITE = 1, TRAMP_EXEC = 2 };

struct tramp_range {
    uint64_t start, end; /* kernel virtual, page aligned, end exclusive */
    uint32_t flags, zero;
};

extern const struct tramp_range tramp_ranges[];
extern const uint64_t tramp_range_count;

#endif

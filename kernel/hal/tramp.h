/* SPDX-License-Identifier: MIT
 * The kernel part of the user roots: one set of tables, shared by all of them, that maps exactly
 * what tramp_ranges.h lists. Made once at boot, never changed. */
#ifndef TACH_HAL_TRAMP_H
#define TACH_HAL_TRAMP_H

#include "kernel/hal/vm.h"

/* Makes the tables. After percpu_map of every CPU in the list. EINVAL: a page of the list is not
 * mapped in the kernel's tables; ENOMEM. */
WARN_UNUSED enum err tramp_init(void);

/* The entry of PML4 slot 511 of each user root. */
uint64_t tramp_entry(void);

/* Compares the pair of roots to which user_root belongs with what it must be: in the user root the
 * one kernel entry, below it the pages of the list and no other, with the kernel's frames and the
 * list's rights, none global, none for ring 3; in the kernel root the boot root's kernel half; and
 * the same user half in both. Prints a line for each difference; returns their number. */
uint64_t tramp_walk(paddr_t user_root);

#endif

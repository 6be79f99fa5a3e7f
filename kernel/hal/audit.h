/* SPDX-License-Identifier: MIT
 * The kernel half of a space's two roots, counted by a walk. For reports; changes nothing. */
#ifndef TACH_HAL_AUDIT_H
#define TACH_HAL_AUDIT_H

#include "kernel/hal/vm.h"

struct audit {
    uint64_t user_entries; /* PML4 entries 256..511 of the user's root that are not zero */
    uint64_t user_pages;   /* leaves below them */
    uint64_t differences;  /* PML4 entries 256..511 of the kernel's root that are not the boot's */
};
struct audit audit_kernel_half(const struct space *s);

#endif

/* SPDX-License-Identifier: MIT
 * See audit.h. Counts what is there, whatever should be: tramp.c knows that. */
#include "kernel/hal/audit.h"

#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"

/* Leaves below an entry of a level; at most three levels deep. */
static uint64_t leaves(uint64_t entry, unsigned level)
{
    uint64_t count = 0;

    if (!(entry & PT_PRESENT))
        return 0;
    if (level == 0 || entry & PT_LARGE)
        return 1;
    const uint64_t *table = page_pointer(entry & PT_FRAME);
    for (unsigned i = 0; i < PT_SLOTS; i++)
        count += leaves(table[i], level - 1);
    return count;
}

struct audit audit_kernel_half(const struct space *s)
{
    const uint64_t *boot = page_pointer(paging_boot_root());
    const uint64_t *kernel = page_pointer(s->kernel_root);
    const uint64_t *user = page_pointer(s->kernel_root | PAGE_SIZE);
    struct audit half = {0};

    for (unsigned i = PT_USER_SLOTS; i < PT_SLOTS; i++) {
        half.user_entries += user[i] != 0;
        half.user_pages += leaves(user[i], PT_LEVELS - 1);
        half.differences += (kernel[i] & ~PT_ACCESSED) != (boot[i] & ~PT_ACCESSED);
    }
    return half;
}

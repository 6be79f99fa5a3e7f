/* SPDX-License-Identifier: MIT
 * Walks over page tables, through the direct map. No state of its own. */
#include "kernel/hal/ptwalk.h"

#include "kernel/hal/page.h"

unsigned pt_walk(paddr_t root, vaddr_t va, uint64_t *path[PT_LEVELS])
{
    paddr_t table = root;
    for (unsigned level = PT_LEVELS - 1;; level--) {
        uint64_t *entry = (uint64_t *)page_pointer(table) + pt_index(va, level);
        path[level] = entry;
        if (level == 0 || !(*entry & PT_PRESENT) || (*entry & PT_LARGE))
            return level;
        table = *entry & PT_FRAME;
    }
}

uint64_t *pt_next(paddr_t root, vaddr_t *va, vaddr_t end)
{
    while (*va < end) {
        uint64_t *path[PT_LEVELS];
        unsigned level = pt_walk(root, *va, path);
        if (level == 0 && (*path[0] & PT_OWNED))
            return path[0];
        *va = (*va | ((1ull << pt_shift(level)) - 1)) + 1;
    }
    return 0;
}

enum err pt_map(paddr_t root, vaddr_t va, uint64_t leaf)
{
    uint64_t *path[PT_LEVELS];
    unsigned level;
    while ((level = pt_walk(root, va, path)) > 0) {
        if (*path[level])
            return T_EEXIST; /* a large page */
        paddr_t table = page_alloc();
        if (!table)
            return T_ENOMEM;
        page_kept_count++;
        *path[level] = table | PT_TABLE;
    }
    *path[0] = leaf;
    return OK;
}

/* SPDX-License-Identifier: MIT
 * The kernel part of the user roots, and the check that it is what the link-time list says. The
 * frames come from the kernel's own tables, so both roots see the same pages at the same addresses.
 * tramp_init at boot; tramp_entry for each new space; tramp_walk whenever somebody doubts. */
#include "kernel/hal/tramp.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/tramp_ranges.h"

#define TRAMP_SLOT (PT_SLOTS - 1)

static uint64_t entry; /* PML4 slot 511 of the user roots */

/* The frame that the kernel's tables have at va, or 0. */
static paddr_t kernel_frame(vaddr_t va)
{
    uint64_t *path[PT_LEVELS];
    if (pt_walk(paging_boot_root(), va, path) != 0 || !(*path[0] & PT_PRESENT))
        return 0;
    return *path[0] & PT_FRAME;
}

/* The leaf that a user root must have at va, or 0 for none. */
static uint64_t leaf_wanted(vaddr_t va)
{
    for (uint64_t i = 0; i < tramp_range_count; i++) {
        const struct tramp_range *r = &tramp_ranges[i];
        if (va < r->start || va >= r->end)
            continue;
        return kernel_frame(va) | PT_PRESENT | PT_USED_HW |
               (r->flags & TRAMP_WRITE ? PT_WRITE : 0) | (r->flags & TRAMP_EXEC ? 0 : PT_NX);
    }
    return 0;
}

enum err tramp_init(void)
{
    paddr_t root = page_alloc();
    if (!root)
        return T_ENOMEM;
    for (uint64_t i = 0; i < tramp_range_count; i++)
        for (vaddr_t va = tramp_ranges[i].start; va < tramp_ranges[i].end; va += PAGE_SIZE) {
            if (pt_index(va, 3) != TRAMP_SLOT || !kernel_frame(va))
                return T_EINVAL;
            enum err e = pt_map(root, va, leaf_wanted(va));
            if (e)
                return e;
        }
    entry = ((uint64_t *)page_pointer(root))[TRAMP_SLOT];
    page_unref(root);
    return OK;
}

uint64_t tramp_entry(void)
{
    return entry;
}

struct check {
    uint64_t leaves, differences;
};

static void differ(struct check *c, const char *what, uint64_t where, uint64_t value)
{
    klog("tramp: %s at %lx: %lx\n", what, where, value);
    c->differences++;
}

static void leaf_check(struct check *c, vaddr_t va, uint64_t leaf)
{
    uint64_t wanted = leaf_wanted(va);
    c->leaves++;
    if (!wanted)
        differ(c, "page outside of the list", va, leaf);
    else if (leaf != wanted)
        differ(c, "page not as listed", va, leaf);
}

/* Everything below one table of a level; three deep. Absent entries must be zero: their bits would
 * name frames to a CPU that speculates past the present bit. */
static void table_check(struct check *c, paddr_t table, unsigned level, vaddr_t base)
{
    const uint64_t *e = page_pointer(table);
    for (unsigned i = 0; i < PT_SLOTS; i++) {
        vaddr_t va = base + ((vaddr_t)i << pt_shift(level));
        if (!e[i])
            continue;
        if (!(e[i] & PT_PRESENT))
            differ(c, "absent but not zero", va, e[i]);
        else if (level == 0)
            leaf_check(c, va, e[i]);
        else if (e[i] & (PT_USER | PT_LARGE | PT_GLOBAL))
            differ(c, "table entry", va, e[i]);
        else
            table_check(c, e[i] & PT_FRAME, level - 1, va);
    }
}

/* Without isolation nobody made a trampoline, and the user root has none. */
static void kernel_half_check(struct check *c, const uint64_t *user)
{
    for (unsigned i = PT_USER_SLOTS; i < TRAMP_SLOT; i++)
        if (user[i])
            differ(c, "kernel entry in the user root, slot", i, user[i]);
    if (user[TRAMP_SLOT] != entry || (entry & (PT_USER | PT_GLOBAL))) {
        differ(c, "trampoline entry", TRAMP_SLOT, user[TRAMP_SLOT]);
        return;
    }
    if (!entry && !hal_config.pti)
        return;
    uint64_t pages = 0;
    for (uint64_t i = 0; i < tramp_range_count; i++)
        pages += (tramp_ranges[i].end - tramp_ranges[i].start) / PAGE_SIZE;
    if (entry & PT_PRESENT)
        table_check(c, entry & PT_FRAME, 2, (vaddr_t)UINT64_MAX << pt_shift(3));
    if (c->leaves != pages)
        differ(c, "pages listed, and found", pages, c->leaves);
}

static void pair_check(struct check *c, const uint64_t *user, const uint64_t *kernel)
{
    const uint64_t *boot = page_pointer(paging_boot_root());
    uint64_t nx = hal_config.pti ? PT_NX : 0;
    for (unsigned i = 0; i < PT_SLOTS; i++) {
        uint64_t wanted = i >= PT_USER_SLOTS ? boot[i] : user[i] ? user[i] | nx : 0;
        /* The CPU sets the accessed bit of either by itself. */
        if ((kernel[i] ^ wanted) & ~0x20ull)
            differ(c, "kernel root, slot", i, kernel[i]);
    }
}

uint64_t tramp_walk(paddr_t user_root)
{
    struct check c = {0, 0};
    const uint64_t *user = page_pointer(user_root | PAGE_SIZE);
    kernel_half_check(&c, user);
    pair_check(&c, user, page_pointer(user_root & ~PAGE_SIZE));
    return c.differences;
}

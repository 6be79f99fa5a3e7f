/* SPDX-License-Identifier: MIT
 * Entries of the 4-level page tables (Intel SDM 3A 4.5) and the walks that everything else is made
 * of. Levels: 3 PML4, 2 PDPT, 1 PD, 0 PT. Knows nothing of spaces. Called by vm, paging, tramp. */
#ifndef TACH_HAL_PTWALK_H
#define TACH_HAL_PTWALK_H

#include "kernel/hal/vm.h"

#define PT_PRESENT   0x1ull
#define PT_WRITE     0x2ull
#define PT_USER      0x4ull
#define PT_UNCACHED  0x18ull /* PCD and PWT: strong uncacheable by the loader's PAT */
#define PT_ACCESSED  0x20ull /* the CPU sets it by itself */
#define PT_USED_HW   0x60ull /* accessed and dirty, set beforehand: the walker never writes */
#define PT_LARGE     0x80ull
#define PT_COMBINING 0x80ull /* of a 4 KiB page: entry 4 of the loader's PAT */
#define PT_GLOBAL    0x100ull
#define PT_OWNED     0x200ull /* ours: a user leaf, present or not, with a reference to its frame */
#define PT_LAZY      0x400ull /* ours: the frame comes at the first use; none yet if it is 0 */
#define PT_FOREIGN   0x800ull /* ours: the frame is not the page allocator's: device, image */
#define PT_FRAME     0x000FFFFFFFFFF000ull
#define PT_NX        (1ull << 63)

/* The rights that a user leaf may ever get (PROT_* in bits 52..54, which the CPU ignores). */
#define PT_CEILING_SHIFT 52

#define PT_TABLE      (PT_PRESENT | PT_WRITE | 0x20ull)
#define PT_KERNEL_RW  (PT_PRESENT | PT_WRITE | PT_USED_HW | PT_NX)
#define PT_USER_SLOTS 256u
#define PT_SLOTS      512u
#define PT_LEVELS     4u

static inline unsigned pt_shift(unsigned level)
{
    return 12 + 9 * level;
}

static inline unsigned pt_index(vaddr_t va, unsigned level)
{
    return (unsigned)(va >> pt_shift(level)) & 511;
}

/* Follows va down from root. path[l] is the entry of each level l passed; returns the last level:
 * 0, or where the entry is absent or maps a large page. */
unsigned pt_walk(paddr_t root, vaddr_t va, uint64_t *path[PT_LEVELS]);

/* The first owned leaf in [*va, end) of a user half, skipping what has no tables; *va becomes its
 * address. 0: there is none. */
uint64_t *pt_next(paddr_t root, vaddr_t *va, vaddr_t end);

/* Sets the leaf of a kernel address, making the tables. ENOMEM. Tables made are never freed. */
WARN_UNUSED enum err pt_map(paddr_t root, vaddr_t va, uint64_t leaf);

#endif

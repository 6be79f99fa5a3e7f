/* SPDX-License-Identifier: MIT
 * Physical page frames: a free list with a reference count a frame. Frames of the direct map only.
 */
#ifndef TACH_HAL_PAGE_H
#define TACH_HAL_PAGE_H

#include "kernel/hal/direct.h"
#include "kernel/hal/vm.h"

struct bootinfo;

/* Takes all RANGE_FREE memory below the end of the direct map, and keeps the reference counts in
 * the first piece that is large enough. EINVAL: the boot information is malformed; ENOMEM: no room.
 */
WARN_UNUSED enum err page_init(const struct bootinfo *boot);

/* Adds frames that page_init saw as RANGE_INITFS or RANGE_LOADER and that are no longer in use.
 * Page aligned. */
void page_release_range(paddr_t base, uint64_t bytes);

/* A zeroed frame with one reference, or 0 when there is none. */
paddr_t page_alloc(void);

/* Two adjacent zeroed frames, the first one even: a pair of roots. 0: none. */
paddr_t page_alloc_pair(void);
void page_free_pair(paddr_t first);

/* One reference more; one less: the last one frees the frame. */
void page_ref(paddr_t page);
void page_unref(paddr_t page);

/* References to a frame. Above PAGE_REFS_MAX nobody may add one. */
unsigned page_refs(paddr_t page);
#define PAGE_REFS_MAX 65000u

/* A debug switch: every allocation fails from now on. Calls of the two above and of CORE's pools.
 */
extern bool page_fails;
extern uint64_t page_allocs;

/* Pages that were made part of something that is never given back: pools, tables of the kernel. Whoever
 * takes such a page adds it. */
extern uint64_t page_kept_count;

uint64_t page_free_count(void);
uint64_t page_total_count(void);

static inline void *page_pointer(paddr_t page)
{
    return (void *)(page + direct_base);
}

#endif

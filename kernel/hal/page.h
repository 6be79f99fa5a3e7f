/* SPDX-License-Identifier: MIT
 * Physical page frames: a free list with a reference count a frame. Frames of the direct map only.
 */
#ifndef TACH_HAL_PAGE_H
#define TACH_HAL_PAGE_H

#include "kernel/hal/vm.h"

/* A zeroed frame with one reference, or 0 when there is none. */
paddr_t page_alloc(void);

/* Two adjacent zeroed frames, the first one even: a pair of roots. 0: none. */
paddr_t page_alloc_pair(void);
void page_free_pair(paddr_t first);

/* One reference more; one less: the last one frees the frame. */
void page_ref(paddr_t page);
void page_unref(paddr_t page);

uint64_t page_free_count(void);
uint64_t page_total_count(void);

static inline void *page_pointer(paddr_t page)
{
    return (void *)(page + 0xFFFF800000000000ull);
}

#endif

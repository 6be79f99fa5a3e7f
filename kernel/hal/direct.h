/* SPDX-License-Identifier: MIT
 * Where physical memory is seen by C: the loader's direct map. The host tests put another header of
 * this name first in the include path, whose base is an array and whose allocations can be made to
 * fail; so neither costs the kernel an instruction. Included by page.h and page.c only. */
#ifndef TACH_HAL_DIRECT_H
#define TACH_HAL_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"

#define direct_base DIRECT_BASE

/* How C reaches an address of the windows (paging_map). */
#define window_pointer(at) ((void *)(uintptr_t)(at))

/* The loader maps this much, so frames above are left alone. */
#define DIRECT_BYTES (4ull << 30)

/* Nobody refuses an allocation here. */
static inline bool page_refused(void)
{
    return false;
}

#endif

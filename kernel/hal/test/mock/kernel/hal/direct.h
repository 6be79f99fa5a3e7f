/* SPDX-License-Identifier: MIT
 * The direct map of the host tests: physical memory is an array, and the n-th allocation can fail.
 * Takes the place of kernel/hal/direct.h by the order of the include path. */
#ifndef TACH_HAL_DIRECT_H
#define TACH_HAL_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"

extern uint64_t direct_base;

/* Windows are reserved memory of the host: what paging_map says is the tables' matter alone, and a
 * page that went keeps its bytes. */
extern char *mock_windows;
#define window_pointer(at) ((void *)(mock_windows + ((at)-FDS_BASE)))

#define DIRECT_BYTES (4ull << 30)

/* True if this allocation is to fail. */
bool page_refused(void);

#endif

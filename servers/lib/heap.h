/* SPDX-License-Identifier: MIT
 * Memory for programs whose needs are not known when they are linked.
 * Invariant: what heap_alloc gives is zero, and heap_free is told the size that was asked for, so
 * no block carries a header. One thread only. Used by the server host and by guest programs. */
#ifndef TACH_SERVERS_LIB_HEAP_H
#define TACH_SERVERS_LIB_HEAP_H

#include <stdint.h>

/* bytes > 0; aligned to 16, from a page on to a page. 0: no memory. */
void *heap_alloc(uint64_t bytes);

/* memory and bytes as for heap_alloc; 0 is allowed. */
void heap_free(void *memory, uint64_t bytes);

#endif

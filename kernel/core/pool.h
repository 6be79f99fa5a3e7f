/* SPDX-License-Identifier: MIT
 * Blocks of one size, carved from pages that are never given back, so that a stale pointer of the
 * fast path always reads a block of its kind. Interrupts off. */
#ifndef TACH_CORE_POOL_H
#define TACH_CORE_POOL_H

#include <stdint.h>

struct pool {
    uint32_t size; /* bytes of a block: at most a page */
    uint32_t used; /* blocks handed out */
    void *free;    /* first free block; its first word points to the next */
};

/* A zeroed block, or 0: out of memory. */
void *pool_alloc(struct pool *pool);
void pool_free(struct pool *pool, void *block);

#endif

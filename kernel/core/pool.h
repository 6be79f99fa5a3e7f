/* SPDX-License-Identifier: MIT
 * Blocks of one size, carved from pages that are never given back, so that a stale pointer of the
 * fast path always reads a block of its kind. Interrupts off. */
#ifndef TACH_CORE_POOL_H
#define TACH_CORE_POOL_H

#include <stdint.h>

#include "kernel/hal/page.h"

struct pool {
    uint32_t size; /* bytes of a block: at most a page */
    uint32_t used; /* blocks handed out */
    void *free;    /* first free block; its first word points to the next */
};

extern uint64_t pool_allocs; /* blocks handed out so far, by all pools */

/* A zeroed block, or 0: out of memory. */
void *pool_alloc(struct pool *pool);

/* Whether a block is free, after more was carved if it takes that. */
bool pool_fill(struct pool *pool);

/* pool_take would have a block at once. */
static inline bool pool_ready(const struct pool *pool)
{
    return pool->free && !page_fails;
}

/* A block of a pool that is ready, or was filled; what it held is still in it. */
static inline void *pool_take(struct pool *pool)
{
    void **block = pool->free;

    pool_allocs++;
    pool->free = *block;
    pool->used++;
    return block;
}

static inline void pool_free(struct pool *pool, void *block)
{
    *(void **)block = pool->free;
    pool->free = block;
    pool->used--;
}

/* A block of a multiple of 16 bytes as a number of 32 bits, and back: a service's handle for it. */
static inline uint32_t pool_number(const void *block)
{
    return (uint32_t)((uint64_t)((const char *)block - (const char *)page_pointer(0)) >> 4);
}

static inline void *pool_block(uint64_t number)
{
    return page_pointer(number << 4);
}

#endif

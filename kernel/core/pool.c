/* SPDX-License-Identifier: MIT
 * See pool.h. A free block's first word links to the next; the rest is whatever it last was, until
 * it is zeroed when it is handed out. */
#include "kernel/core/pool.h"

#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"

static void pool_grow(struct pool *pool)
{
    paddr_t page = page_alloc();

    if (!page)
        return;
    page_kept_count++;
    for (uint64_t at = 0; at + pool->size <= PAGE_SIZE; at += pool->size) {
        void **block = (void **)((char *)page_pointer(page) + at);
        *block = pool->free;
        pool->free = block;
    }
}

uint64_t pool_allocs;

bool pool_fill(struct pool *pool)
{
    if (!pool->free && !page_fails)
        pool_grow(pool);
    return pool_ready(pool);
}

void *pool_alloc(struct pool *pool)
{
    return pool_fill(pool) ? memset(pool_take(pool), 0, pool->size) : 0;
}

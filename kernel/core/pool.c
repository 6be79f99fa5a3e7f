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

void *pool_alloc(struct pool *pool)
{
    pool_allocs++;
    if (page_fails)
        return 0;
    if (!pool->free)
        pool_grow(pool);
    void **block = pool->free;
    if (!block)
        return 0;
    pool->free = *block;
    pool->used++;
    memset(block, 0, pool->size);
    return block;
}

void pool_free(struct pool *pool, void *block)
{
    *(void **)block = pool->free;
    pool->free = block;
    pool->used--;
}

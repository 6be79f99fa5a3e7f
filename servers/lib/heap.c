/* SPDX-License-Identifier: MIT
 * Powers of two from 16 to 2048 bytes on free lists that are cut from chunks of 64 KiB; anything
 * larger is its own anonymous mapping and goes back to the kernel.
 * Invariant: a free block is zero but for its link, so giving it out again clears what was used. */
#include "servers/lib/heap.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define PAGE_BYTES  4096u
#define CHUNK_BYTES (64u << 10)
#define CLASS_MIN   4 /* 16 bytes */
#define CLASSES     8 /* up to 2048 */

struct block {
    struct block *next;
};

static struct block *heap_free_list[CLASSES];
static unsigned char *chunk;
static uint64_t chunk_left;

static void *pages_map(uint64_t bytes)
{
    long address = sys_fmap(0, bytes, PROT_READ | PROT_WRITE | MAP_PRIVATE);
    return address > 0 ? (void *)address : 0;
}

static uint64_t pages_round(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

static unsigned class_of(uint64_t bytes)
{
    unsigned class = 0;
    while ((uint64_t)1 << (class + CLASS_MIN) < bytes)
        class ++;
    return class;
}

/* The rest of an old chunk is below one block of 2048 bytes and is given up. */
static void *chunk_cut(uint64_t bytes)
{
    if (chunk_left < bytes) {
        chunk = pages_map(CHUNK_BYTES);
        chunk_left = chunk ? CHUNK_BYTES : 0;
    }
    if (!chunk_left)
        return 0;
    chunk_left -= bytes;
    return chunk + chunk_left;
}

void *heap_alloc(uint64_t bytes)
{
    if (bytes > PAGE_BYTES / 2)
        return bytes > USER_END ? 0 : pages_map(pages_round(bytes));
    unsigned class = class_of(bytes);
    struct block *head = heap_free_list[class];
    if (!head)
        return chunk_cut((uint64_t)1 << (class + CLASS_MIN));
    heap_free_list[class] = head->next;
    head->next = 0;
    return head;
}

void heap_free(void *memory, uint64_t bytes)
{
    if (!memory)
        return;
    if (bytes > PAGE_BYTES / 2) {
        sys_munmap((uint64_t)memory, pages_round(bytes));
        return;
    }
    unsigned class = class_of(bytes);
    memset(memory, 0, (uint64_t)1 << (class + CLASS_MIN));
    ((struct block *)memory)->next = heap_free_list[class];
    heap_free_list[class] = memory;
}

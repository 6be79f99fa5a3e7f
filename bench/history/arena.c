/* SPDX-License-Identifier: MIT
 * Blocks of memory, freed all at once; see bench/history/arena.h. A block is never moved: pointers
 * into it stay good. */
#include "bench/history/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEAST 2048u
#define BLOCK_MOST  (1u << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t bytes[];
};

void *arena_take(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    const size_t align = sizeof(max_align_t);

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align - 1) / align * align;
    if (!block || block->size - block->used < size) {
        size_t room = !block                     ? BLOCK_LEAST
                      : block->size < BLOCK_MOST ? 2 * block->size
                                                 : BLOCK_MOST;
        room = size > room ? size : room;
        block = malloc(sizeof(*block) + room);
        if (!block)
            return NULL;
        *block = (struct arena_block){.next = arena->blocks, .size = room};
        arena->blocks = block;
    }
    void *taken = (char *)block->bytes + block->used;
    block->used += size;
    return memset(taken, 0, size);
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

void *list_grow(void **list, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        const size_t more = *room + *room / 2 + 16;
        void *larger = more > SIZE_MAX / size ? NULL : realloc(*list, more * size);
        if (!larger)
            return NULL;
        *list = larger;
        *room = more;
    }
    return memset((char *)*list + count * size, 0, size);
}

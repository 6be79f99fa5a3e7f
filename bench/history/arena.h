/* SPDX-License-Identifier: MIT
 * Memory that is freed all at once: the texts and numbers of many runs. Invariant: what was handed
 * out stays where it is until arena_free. Called by the parts of the history. */
#ifndef TACH_BENCH_HISTORY_ARENA_H
#define TACH_BENCH_HISTORY_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks; /* the newest first */
};

/* Zeroed memory, aligned for any type; NULL when memory ends. */
void *arena_take(struct arena *arena, size_t size);

/* A copy of length bytes with a zero byte behind them; NULL when memory ends. */
char *arena_text(struct arena *arena, const char *text, size_t length);

/* Frees all of it and leaves an empty arena. */
void arena_free(struct arena *arena);

/* Room for one more element at the end of a list that grows by halves; NULL when memory ends, the
 * list is then as it was. *list is from malloc. */
void *list_grow(void **list, size_t count, size_t *room, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 * Arrays whose capacity is the next power of two of their count, so that a count says it all.
 * Invariant: a failed growth leaves the array as it was. Called by capture.c, series.c, spans.c. */
#ifndef TACH_TRACES_ARRAY_H
#define TACH_TRACES_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

static inline size_t array_capacity(size_t count)
{
    size_t capacity = 1;

    while (capacity < count)
        capacity *= 2;
    return count ? capacity : 0;
}

/* Makes room for `add` (above 0) more items of `unit` bytes behind `have`. Returns the array, moved
 * perhaps, or NULL when memory is out. */
static inline void *array_grow(void *array, size_t have, size_t add, size_t unit)
{
    if (have + add <= array_capacity(have))
        return array;
    return reallocarray(array, array_capacity(have + add), unit);
}

#endif

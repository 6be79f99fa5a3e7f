/* SPDX-License-Identifier: MIT
 * See again.h. */
#include "traces/again.h"

#include <stdlib.h>
#include <string.h>

#include "traces/array.h"

int again_add(struct again *again, size_t boot, const struct frame *frame)
{
    struct again_frame *frames = array_grow(again->frames, again->count, 1, sizeof *frames);
    uint64_t *body = frames ? malloc(frame->length + 1) : NULL;

    again->frames = frames ? frames : again->frames;
    if (!body)
        return -1;
    memcpy(body, frame->body, frame->length);
    frames[again->count] = (struct again_frame){boot, *frame, body};
    frames[again->count++].frame.body = (const uint8_t *)body;
    return 0;
}

static int order(const void *left, const void *right)
{
    const struct again_frame *a = left, *b = right;

    if (a->boot != b->boot)
        return a->boot < b->boot ? -1 : 1;
    return (int)a->frame.header.sequence - (int)b->frame.header.sequence;
}

void again_sort(struct again *again)
{
    if (again->count > 1)
        qsort(again->frames, again->count, sizeof *again->frames, order);
}

const struct frame *again_next(const struct again *again, size_t boot, uint32_t from, uint32_t to)
{
    size_t low = 0, high = again->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct again_frame *at = &again->frames[middle];

        if (at->boot < boot || (at->boot == boot && at->frame.header.sequence < from))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == again->count || again->frames[low].boot != boot ||
        again->frames[low].frame.header.sequence >= to)
        return NULL;
    return &again->frames[low].frame;
}

void again_free(struct again *again)
{
    for (size_t i = 0; i < again->count; i++)
        free(again->frames[i].body);
    free(again->frames);
    *again = (struct again){0};
}

/* SPDX-License-Identifier: MIT
 * See cut.h. A segment ends with a zero byte; the one that completes the first frame of another
 * boot begins nowhere before the end of the last frame of the boot before it. */
#include "bench/received/cut.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "traces/frame.h"

struct cutter {
    struct cut *cut;
    size_t behind; /* the last good frame so far */
    size_t end;    /* of the segment that is pushed */
    bool failed;
};

static void frame_seen(void *context, const struct frame *frame)
{
    struct cutter *cutter = context;
    struct cut *cut = cutter->cut;

    if (frame->new_boot && !cutter->failed) {
        struct piece *more = realloc(cut->pieces, (cut->count + 1) * sizeof(*more));

        cutter->failed = !more;
        if (!more)
            return;
        cut->pieces = more;
        more[cut->count] = (struct piece){.start = cut->count ? cutter->behind : 0};
        if (cut->count)
            more[cut->count - 1].end = cutter->behind;
        cut->count++;
    }
    cutter->behind = cutter->end;
}

int cut_boots(const uint8_t *bytes, size_t size, struct cut *out)
{
    struct cutter cutter = {.cut = out};
    const struct frame_sink sink = {frame_seen, NULL, &cutter};
    struct frame_decoder decoder;

    *out = (struct cut){0};
    frame_decoder_init(&decoder, &sink);
    for (size_t at = 0; at < size && !cutter.failed; at = cutter.end) {
        const uint8_t *zero = memchr(bytes + at, 0, size - at);

        const uint64_t repeats = decoder.counts.duplicates;
        cutter.end = zero ? (size_t)(zero - bytes) + 1 : size;
        frame_push(&decoder, bytes + at, cutter.end - at);
        if (decoder.counts.duplicates > repeats) /* in front of the next boot it would be one */
            cutter.behind = cutter.end;
    }
    frame_finish(&decoder);
    if (out->count)
        out->pieces[out->count - 1].end = size;
    return cutter.failed ? -1 : 0;
}

void cut_free(struct cut *cut)
{
    free(cut->pieces);
    *cut = (struct cut){0};
}

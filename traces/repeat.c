/* SPDX-License-Identifier: MIT
 * See repeat.h. The target hears nothing while it sends, so a request waits for silence. */
#include "traces/repeat.h"

#include <string.h>
#include <unistd.h>

#define SILENT_MS     300  /* behind END: the answers have come */
#define UNENDED_MS    3000 /* a guest may measure for long between two frames: END may be to come */
#define TRIES_MAX     10u
#define TAIL          16u /* numbers to ask for beyond the last seen where END itself is missing */
#define REQUEST_BYTES (1 + WIRE_CODED_MAX)

static uint32_t missing_count(const struct repeat *repeat)
{
    uint32_t missing = 0;

    for (uint32_t i = 0; i < repeat->next; i++)
        missing += !repeat->got[i];
    return missing;
}

void repeat_frame(struct repeat *repeat, const struct frame *frame)
{
    const uint16_t sequence = frame->header.sequence;

    if (frame->new_boot) {
        const uint64_t again = repeat->again, lost = repeat->lost;

        *repeat = (struct repeat){.boot_id = frame->header.boot_id, .again = again, .lost = lost};
    }
    if (repeat->got[sequence])
        return;
    repeat->got[sequence] = true;
    repeat->again += frame->again;
    repeat->tries = 0;
    repeat->ended |= frame->header.type == WIRE_END;
    if (sequence >= repeat->next)
        repeat->next = sequence + 1u;
}

/* Numbers of the next request, into `asked`. Returns how many; none: nothing is missing. */
static uint32_t request_fill(const struct repeat *repeat, uint16_t asked[REPEAT_MAX])
{
    const uint32_t end = repeat->ended ? repeat->next : repeat->next + TAIL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < end && i <= UINT16_MAX && count < REPEAT_MAX; i++)
        if (!repeat->got[i])
            asked[count++] = (uint16_t)i;
    return count;
}

void repeat_tick(struct repeat *repeat, int fd, int64_t now_ms, int64_t heard_ms)
{
    const struct wire_header header = {.type = WIRE_REPEAT, .boot_id = repeat->boot_id};
    const int64_t since = heard_ms > repeat->asked_ms ? heard_ms : repeat->asked_ms;
    uint8_t request[REQUEST_BYTES] = {0}; /* its first zero ends what else was on the line */
    uint16_t asked[REPEAT_MAX];

    if (!repeat->boot_id || repeat->over ||
        now_ms - since < (repeat->ended ? SILENT_MS : UNENDED_MS))
        return;
    const uint32_t count = request_fill(repeat, asked);
    const size_t size = frame_encode(&header, asked, count * sizeof asked[0], request + 1);
    const bool written = write(fd, request, size + 1) == (ssize_t)size + 1;
    repeat->asked_ms = now_ms;
    repeat->tries++;
    repeat->over = (count == 0 && written) || (repeat->ended && repeat->tries > TRIES_MAX);
    if (repeat->over)
        repeat->lost += missing_count(repeat);
}

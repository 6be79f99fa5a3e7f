/* SPDX-License-Identifier: MIT
 * What is refused on the line, and what of it is damage of a boot. */
#include "traces/frame.h"
#include "traces/test/check.h"

static void frame_ignore(void *context, const struct frame *frame)
{
    (void)context, (void)frame;
}

/* What a firmware draws in front of a boot is no damage; the same inside of one is, and in front of
 * a boot whose first frame is lost. */
int main(void)
{
    static const uint8_t boxes[] = "\x1b[4;2H\xda\xc4\xc4\xbf menu";
    static const struct {
        uint32_t boot_id;
        uint16_t sequence;
        bool boxes, end;
        uint64_t refused, damaged;
    } steps[] = {{7, 0, true, false, 1, 0},  {7, 1, false, false, 1, 0}, {7, 2, true, false, 2, 1},
                 {8, 0, true, false, 3, 1},  {9, 1, true, false, 4, 2},  {9, 2, false, false, 4, 2},
                 {10, 0, true, false, 5, 2}, {10, 1, true, true, 6, 3},  {10, 2, true, false, 7, 3},
                 {11, 1, true, false, 8, 3}, {11, 2, true, false, 9, 4}};

    const struct frame_sink sink = {frame_ignore, NULL, NULL};
    struct frame_decoder decoder;
    uint8_t coded[WIRE_CODED_MAX];

    frame_decoder_init(&decoder, &sink);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct wire_header header = {steps[i].end ? WIRE_END : WIRE_TEXT, 0, steps[i].sequence,
                                     steps[i].boot_id};
        if (steps[i].boxes)
            frame_push(&decoder, boxes, sizeof boxes); /* its NUL is the delimiter */
        frame_push(&decoder, coded, frame_encode(&header, "x", 1, coded));
        CHECK_EQ(frame_refused(&decoder.counts), steps[i].refused);
        CHECK_EQ(frame_damaged(&decoder.counts), steps[i].damaged);
    }
    return check_end("between");
}

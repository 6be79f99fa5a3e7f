/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the requests that a host sends to the kernel after END: whatever comes in,
 * nothing outside of the line's buffer is touched, only what was kept is sent, and a whole request
 * gets exactly the frames that it names. The input is a script: 0 LENGTH BYTES are bytes as they
 * are; 1 LENGTH BYTES are made a request with those as its body; other numbers are one byte each.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/core/repeat.h"
#include "kernel/core/test/repeat_world.h"
#include "traces/frame.h"

#define FRAMES     64u
#define LINE_BYTES (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wire_header request = {.type = WIRE_REPEAT, .boot_id = WORLD_BOOT};
static uint8_t line[LINE_BYTES];
static uint16_t wanted[LINE_BYTES];
static size_t line_size, wanted_count;
static bool over;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void world_begin(void)
{
    world.word = "on";
    repeat_init();
    for (uint16_t i = 0; i < FRAMES; i++)
        world_keep(i, i % 5 ? sizeof request + i : WIRE_FRAME_MAX - 4);
}

/* A request behind a zero, and what it must get. */
static void request_put(const uint8_t *body, size_t n)
{
    line[line_size++] = 0;
    line_size += frame_encode(&request, body, n, line + line_size);
    if (over || n > 2 * REPEAT_MAX)
        return;
    over = n == 0;
    for (size_t at = 0; at + 2 <= n; at += 2) {
        const uint16_t number = (uint16_t)(body[at] | body[at + 1] << 8);
        if (number < FRAMES)
            wanted[wanted_count++] = number;
    }
}

static void script_run(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size && line_size + 3 * WIRE_CODED_MAX < LINE_BYTES;) {
        const uint8_t step = data[at++];
        if (step > 1 || at == size) {
            line[line_size++] = step;
            continue;
        }
        size_t n = data[at++];
        n = n < size - at ? n : size - at;
        if (step == 1) {
            request_put(data + at, n);
        } else {
            memcpy(line + line_size, data + at, n);
            line_size += n;
        }
        at += n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!world.word)
        world_begin();
    line_size = wanted_count = 0;
    over = false;
    script_run(data, size);
    uint8_t *exact = malloc(line_size + 1); /* what lies behind the line is nobody's */
    require(exact != NULL);
    memcpy(exact, line, line_size);
    world_serve(exact, line_size);
    free(exact);
    /* bytes between may be a request too: then there is more than what was wanted */
    size_t found = 0;
    for (size_t i = 0; i < world.answer_count && found < wanted_count; i++)
        found += world.answers[i] == wanted[found];
    require(found == wanted_count || world.silent_s == 0);
    require(world.silent_s == 0 || !over);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * libFuzzer on the decoder and on captures, under ASan and UBSan. The input is the line as
 * received. What must hold for any bytes: every byte is counted once; any chunking gives the same
 * counts; a capture keeps only what is sound; and the input again, as the body of a good frame, so
 * that the checks behind the CRC are reached, comes out as it went in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "traces/body.h"
#include "traces/capture.h"
#include "traces/frame.h"
#include "traces/spans.h"

#define INPUT_MAX 256u /* enough for any rule; more only makes each execution slower */
#define BODIES    8u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void frame_seen(void *context, const struct frame *frame)
{
    uint64_t *sum = context;

    *sum = *sum * 31 + frame->header.sequence + frame->length;
    if (frame->length > 0)
        *sum += frame->body[frame->length - 1];
}

static struct frame_counts decode(const uint8_t *bytes, size_t size, size_t chunk, uint64_t *sum)
{
    static struct frame_decoder decoder;
    struct frame_sink sink = {frame_seen, NULL, sum};

    frame_decoder_init(&decoder, &sink);
    for (size_t at = 0; at < size; at += chunk)
        frame_push(&decoder, bytes + at, size - at < chunk ? size - at : chunk);
    frame_finish(&decoder);
    return decoder.counts;
}

static void decoder_try(const uint8_t *bytes, size_t size)
{
    uint64_t whole_sum = 0, parts_sum = 0;
    struct frame_counts whole = decode(bytes, size, size + 1, &whole_sum);
    struct frame_counts parts = decode(bytes, size, 1 + size % 7, &parts_sum);

    require(memcmp(&whole, &parts, sizeof whole) == 0 && whole_sum == parts_sum);
    require(whole.good_bytes + whole.bad_bytes + whole.foreign_bytes + whole.delimiters == size);
}

static void boot_require(const struct boot *boot)
{
    struct span_table table;

    for (size_t i = 0; i < boot->hist_count; i++) {
        const struct hist *hist = &boot->hists[i];
        uint64_t left = hist->samples;

        for (size_t at = 0; at < hist->count; at++) {
            require(at == 0 || hist->entries[at].value > hist->entries[at - 1].value);
            require(hist->entries[at].count <= left);
            left -= hist->entries[at].count;
        }
        require(left == 0 && hist->calls > 0 && hist->samples > 0);
    }
    for (size_t i = 0; i < boot->event_count; i++)
        require(body_event_name(boot->events[i].event) != NULL);
    for (size_t i = 0; i < boot->sample_count; i++)
        require((boot->samples[i].ring == 0 || boot->samples[i].ring == 3) &&
                boot->samples[i].depth <= SAMPLE_STACK);
    for (size_t i = 0; i < boot->counters_count; i++)
        require(boot->counters[i].head.calls > 0 && boot->counters[i].head.cell[0] &&
                boot->counters[i].head.entries - 1 < COUNTERS_MAX);
    require(spans_of_boot(boot, &table) == 0);
    for (size_t i = 0; i < table.call_count; i++) {
        uint64_t sum = 0;

        for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
            sum += table.calls[i].phase[phase];
        require(sum == table.calls[i].whole);
    }
    spans_free(&table);
}

static void capture_try(const uint8_t *bytes, size_t size)
{
    struct capture capture;

    capture_parse(bytes, size, &capture);
    for (size_t i = 0; i < capture.boot_count; i++)
        boot_require(&capture.boots[i]);
    capture_free(&capture);
}

/* Cuts the input into bodies, the first byte of each its type, the second its length in 8 bytes. */
static void bodies_try(const uint8_t *bytes, size_t size)
{
    static uint8_t line[BODIES * WIRE_CODED_MAX];
    struct wire_header header = {.boot_id = 1};
    size_t at = 0, used = 0;

    while (at + 2 <= size && header.sequence < BODIES) {
        size_t length = bytes[at + 1] * 8u;

        header.type = bytes[at] & 15;
        at += 2;
        length = length < size - at ? length : size - at;
        used += frame_encode(&header, bytes + at, length, line + used);
        header.sequence++;
        at += length;
    }
    capture_try(line, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size = size < INPUT_MAX ? size : INPUT_MAX;
    decoder_try(bytes, size);
    capture_try(bytes, size);
    bodies_try(bytes, size);
    return 0;
}

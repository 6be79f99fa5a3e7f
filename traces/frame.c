/* SPDX-License-Identifier: MIT
 * The frame decoder and encoder (see frame.h). A segment is what stands between two zero bytes. A
 * segment that lies whole in the chunk pushed is decoded in place; only one that crosses chunks is
 * copied first. Console text shares the line: it never holds the bytes 0..8. A frame's flags are
 * below 9, and coded they are its third byte, or, when they are 0, its first one is 2: so of a
 * frame's first three bytes at least one is no text, whatever its type, and at most three places in
 * a segment can start a frame after text. */
#include "traces/frame.h"

#include <string.h>
#include <zlib.h>

#define CRC_BYTES   4u
#define FRAME_MIN   (sizeof(struct wire_header) + CRC_BYTES)
#define BLOCK_FULL  255u /* the COBS code of 254 bytes that no zero follows */
#define DUPE_WINDOW 64u  /* sequence numbers this far back are repeats, further back a wrap */
#define COBS_BROKEN SIZE_MAX
#define TEXT_BYTES  2u /* at most, at the beginning of a coded frame, look like text */

_Static_assert(WIRE_AGAIN < '\t', "a frame's flags are no byte of text");

enum verdict { GOOD, BAD_COBS, BAD_CRC, BAD_HEADER, OVERSIZE };

void frame_decoder_init(struct frame_decoder *decoder, const struct frame_sink *sink)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->sink = *sink;
}

uint64_t frame_refused(const struct frame_counts *counts)
{
    return counts->bad_cobs + counts->bad_crc + counts->bad_header + counts->oversize;
}

uint64_t frame_damaged(const struct frame_counts *counts)
{
    return frame_refused(counts) - counts->between;
}

/* Decodes `length` non-zero bytes; returns the decoded size or COBS_BROKEN. `out` holds `length`
 * bytes. Blocks below 254 bytes keep every byte at one distance from its place in the input, so
 * a stretch of them is one copy and then one zero a block: several times faster than a copy a
 * block. */
static size_t cobs_decode(const uint8_t *in, size_t length, uint8_t *out)
{
    size_t at = 0, size = 0;

    while (at < length) {
        size_t code = in[at];

        if (code == BLOCK_FULL) {
            if (length - at < BLOCK_FULL)
                return COBS_BROKEN;
            memcpy(out + size, in + at + 1, BLOCK_FULL - 1);
            size += BLOCK_FULL - 1;
            at += BLOCK_FULL;
            continue;
        }
        size_t shift = at + 1 - size;
        memcpy(out + size, in + at + 1, length - at - 1);
        for (;;) {
            at += code;
            if (at >= length)
                return at == length ? at - shift : COBS_BROKEN;
            out[at - shift] = 0;
            code = in[at];
            /* Zeros come in runs, coded 1 1 1: a guessed branch is faster than the wait for
             * each code to say where the next one is. */
            while (code == 1 && at + 1 < length) {
                out[++at - shift] = 0;
                code = in[at];
            }
            if (code == BLOCK_FULL)
                break;
        }
        size = at - shift + 1;
    }
    return size;
}

/* Notes the place of a good frame in its boot's sequence. Returns false for a repeat. */
static bool sequence_take(struct frame_decoder *decoder, struct frame *frame)
{
    const struct wire_header *header = &frame->header;
    /* Two boots may draw the same id on a deterministic machine: a HELLO starts anew, unless it is
     * the frame just received, doubled. */
    bool restart = header->type == WIRE_HELLO && header->sequence == 0 && decoder->expected != 1;

    frame->new_boot = header->boot_id != decoder->boot_id || restart;
    if (frame->new_boot) {
        decoder->boot_id = header->boot_id;
        decoder->expected = 0;
        decoder->counts.boots++;
    }
    frame->missing = (uint16_t)(header->sequence - decoder->expected);
    if (!frame->new_boot && frame->missing >= 0x10000u - DUPE_WINDOW) {
        decoder->counts.duplicates++;
        return false;
    }
    decoder->counts.missing += frame->missing;
    decoder->expected = (uint16_t)(header->sequence + 1u);
    return true;
}

/* Judges one segment as a frame. */
static enum verdict frame_try(struct frame_decoder *decoder, const uint8_t *coded, size_t length,
                              struct frame *frame)
{
    uint8_t *plain = (uint8_t *)decoder->plain;
    size_t size;
    uint32_t crc;

    if (length > WIRE_CODED_MAX)
        return OVERSIZE;
    size = cobs_decode(coded, length, plain);
    if (size == COBS_BROKEN || size < FRAME_MIN)
        return BAD_COBS;
    if (size > WIRE_FRAME_MAX)
        return OVERSIZE;
    memcpy(&crc, plain + size - CRC_BYTES, CRC_BYTES);
    if (crc != crc32(0, plain, (uInt)(size - CRC_BYTES)))
        return BAD_CRC;
    memcpy(&frame->header, plain, sizeof frame->header);
    if (frame->header.boot_id == 0)
        return BAD_HEADER;
    frame->body = plain + sizeof frame->header;
    frame->length = size - FRAME_MIN;
    return GOOD;
}

static size_t text_run(const uint8_t *bytes, size_t length)
{
    static const bool text[256] = {['\t' ... '\r'] = true, [27] = true, [' ' ... '~'] = true};
    size_t run = 0;

    while (run < length && text[bytes[run]])
        run++;
    return run;
}

static void foreign_give(struct frame_decoder *decoder, const uint8_t *bytes, size_t length)
{
    decoder->counts.foreign_bytes += length;
    if (length > 0 && decoder->sink.foreign)
        decoder->sink.foreign(decoder->sink.context, bytes, length);
}

static void verdict_count(struct frame_decoder *decoder, enum verdict verdict, size_t length)
{
    struct frame_counts *counts = &decoder->counts;
    uint64_t *of[] = {[GOOD] = NULL,
                      [BAD_COBS] = &counts->bad_cobs,
                      [BAD_CRC] = &counts->bad_crc,
                      [BAD_HEADER] = &counts->bad_header,
                      [OVERSIZE] = &counts->oversize};

    if (verdict == GOOD) {
        counts->good_bytes += length;
        return;
    }
    ++*of[verdict];
    counts->between += decoder->ended;
    counts->bad_bytes += length;
}

/* A frame that was asked for stands in no sequence. One of another boot was asked of nobody here.
 */
static void again_take(struct frame_decoder *decoder, struct frame *frame)
{
    if (frame->header.boot_id != decoder->boot_id) {
        decoder->counts.duplicates++;
        return;
    }
    frame->header.flags &= (uint8_t)~WIRE_AGAIN;
    frame->again = true;
    frame->new_boot = false;
    frame->missing = 0;
    decoder->counts.again++;
    decoder->sink.frame(decoder->sink.context, frame);
}

/* Takes one whole segment: a frame, text, text and then a frame, or damage. */
static void segment_take(struct frame_decoder *decoder, const uint8_t *segment, size_t length)
{
    struct frame frame;
    enum verdict verdict = frame_try(decoder, segment, length, &frame);
    size_t run = verdict == GOOD ? 0 : text_run(segment, length);
    size_t start = 0;

    if (run == length) {
        foreign_give(decoder, segment, length);
        return;
    }
    /* Bytes before the first one that is no text may be the frame's or the text's last. */
    for (size_t back = 0; verdict != GOOD && back <= TEXT_BYTES && back < run; back++) {
        start = run - back;
        verdict = frame_try(decoder, segment + start, length - start, &frame);
    }
    if (verdict != GOOD)
        start = run;
    foreign_give(decoder, segment, start);
    verdict_count(decoder, verdict, length - start);
    if (verdict == GOOD && frame.header.flags & WIRE_AGAIN) {
        again_take(decoder, &frame);
        return;
    }
    frame.again = false;
    if (verdict != GOOD || !sequence_take(decoder, &frame))
        return;
    if (frame.new_boot && frame.missing == 0)
        decoder->counts.between += frame_damaged(&decoder->counts) - decoder->damaged;
    decoder->damaged = frame_damaged(&decoder->counts);
    decoder->ended = frame.header.type == WIRE_END || (decoder->ended && !frame.new_boot);
    decoder->counts.good++;
    decoder->sink.frame(decoder->sink.context, &frame);
}

/* Makes room in a full buffer: text is foreign whatever follows; anything else is no frame. */
static void held_spill(struct frame_decoder *decoder)
{
    size_t run = text_run(decoder->coded, decoder->held);
    size_t give = run > TEXT_BYTES ? run - TEXT_BYTES : 0;

    if (give > 0) {
        foreign_give(decoder, decoder->coded, give);
        decoder->held -= give;
        memmove(decoder->coded, decoder->coded + give, decoder->held);
        return;
    }
    verdict_count(decoder, OVERSIZE, decoder->held);
    decoder->held = 0;
    decoder->skipping = true;
}

/* Keeps a piece of a segment whose end has not come. */
static void piece_hold(struct frame_decoder *decoder, const uint8_t *bytes, size_t length)
{
    while (length > 0 && !decoder->skipping) {
        size_t room = sizeof decoder->coded - decoder->held;
        size_t part = length < room ? length : room;

        memcpy(decoder->coded + decoder->held, bytes, part);
        decoder->held += part;
        bytes += part;
        length -= part;
        if (decoder->held == sizeof decoder->coded)
            held_spill(decoder);
    }
    if (decoder->skipping)
        decoder->counts.bad_bytes += length;
}

static void held_take(struct frame_decoder *decoder)
{
    size_t held = decoder->held;

    decoder->held = 0;
    decoder->skipping = false;
    if (held > 0)
        segment_take(decoder, decoder->coded, held);
}

void frame_push(struct frame_decoder *decoder, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        const uint8_t *zero = memchr(bytes, 0, length);
        size_t part = zero ? (size_t)(zero - bytes) : length;
        bool in_place = zero && decoder->held == 0 && !decoder->skipping && part < WIRE_CODED_MAX;

        if (in_place && part > 0) {
            segment_take(decoder, bytes, part);
        } else if (!in_place) {
            piece_hold(decoder, bytes, part);
            if (zero)
                held_take(decoder);
        }
        decoder->counts.delimiters += zero != NULL;
        bytes += part + (zero != NULL);
        length -= part + (zero != NULL);
    }
}

void frame_finish(struct frame_decoder *decoder)
{
    held_take(decoder);
}

/* Codes `length` bytes; returns the size without delimiter. */
static size_t cobs_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    size_t code_at = 0, size = 1;

    for (size_t i = 0; i < length; i++) {
        if (in[i] != 0)
            out[size++] = in[i];
        if (in[i] == 0 || size - code_at == BLOCK_FULL) {
            out[code_at] = (uint8_t)(size - code_at);
            code_at = size++;
        }
    }
    out[code_at] = (uint8_t)(size - code_at);
    return size;
}

size_t frame_encode(const struct wire_header *header, const void *body, size_t length, uint8_t *out)
{
    uint8_t plain[WIRE_FRAME_MAX];
    size_t size = sizeof *header + length;
    uint32_t crc;

    if (length > WIRE_BODY_MAX)
        return 0;
    memcpy(plain, header, sizeof *header);
    if (length > 0)
        memcpy(plain + sizeof *header, body, length);
    crc = (uint32_t)crc32(0, plain, (uInt)size);
    memcpy(plain + size, &crc, CRC_BYTES);
    size = cobs_encode(plain, size + CRC_BYTES, out);
    out[size++] = 0;
    return size;
}

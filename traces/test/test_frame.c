/* SPDX-License-Identifier: MIT
 * The line under attack: round trips of every length, every chunking, and each byte of a long
 * stream lost, flipped and doubled. No wrong record may come out, every loss is counted, and the
 * decoder is back in step within two frames. */
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "traces/frame.h"
#include "traces/test/check.h"
#include "traces/test/synth.h"

#define FRAMES      512u /* in the stream that is damaged */
#define WINDOW      4u   /* frames from the damaged one on that are looked at */
#define FLIPS       24u  /* a byte: its 8 bit flips, and as many replacements at random */
#define CORRUPTIONS 1000000u

struct sent {
    uint8_t type;
    size_t length, start, end; /* bytes of the stream, delimiter included */
    uint8_t body[WIRE_BODY_MAX];
};

struct stream {
    struct synth synth;
    struct sent sent[FRAMES];
};

/* What came out of a damaged stream. */
struct outcome {
    const struct stream *stream;
    bool got[FRAMES];
    unsigned wrong, out_of_order, last;
    uint64_t missing;
};

static uint64_t random_state = 0x9E3779B97F4A7C15ull;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void outcome_frame(void *context, const struct frame *frame)
{
    struct outcome *outcome = context;
    unsigned index = frame->header.sequence;
    const struct sent *sent = &outcome->stream->sent[index % FRAMES];
    bool right = index < FRAMES && frame->header.boot_id == outcome->stream->synth.boot_id &&
                 frame->header.type == sent->type && frame->header.flags == 0 &&
                 frame->length == sent->length &&
                 memcmp(frame->body, sent->body, sent->length) == 0 && !outcome->got[index];

    outcome->missing += frame->missing;
    if (!right) {
        outcome->wrong++;
        return;
    }
    outcome->out_of_order += index < outcome->last;
    outcome->last = index;
    outcome->got[index] = true;
}

static uint8_t body_byte(unsigned index, size_t at)
{
    uint64_t random = random_next();

    if (index % 4 == 0) /* records: small numbers among many zeros */
        return random % 3 ? 0 : (uint8_t)(random >> 8);
    if (index % 4 == 1) /* text */
        return (uint8_t)(' ' + random % 95);
    if (index % 4 == 2) /* no zero at all: full COBS blocks */
        return (uint8_t)(1 + at % 255);
    return (uint8_t)random;
}

static void stream_make(struct stream *stream)
{
    memset(stream, 0, sizeof *stream);
    stream->synth.boot_id = 0x1234ABCD;
    for (unsigned i = 0; i < FRAMES; i++) {
        struct sent *sent = &stream->sent[i];

        sent->type = i == 0 ? WIRE_HELLO : i % 2 ? WIRE_TEXT : WIRE_EVENTS;
        sent->length = i % 64 == 63 ? WIRE_BODY_MAX - i / 64 : i * 37 % 101;
        for (size_t at = 0; at < sent->length; at++)
            sent->body[at] = body_byte(i, at);
        sent->start = stream->synth.size;
        synth_frame(&stream->synth, sent->type, sent->body, sent->length);
        sent->end = stream->synth.size;
    }
}

/* How the decoder stood after each damaged byte. */
struct tally {
    uint64_t done, wrong, uncounted, far, unbalanced;
};

/* Goes on with a copy of `before`, which has seen all frames up to `hit`, over damaged bytes. */
static void damage_judge(const struct frame_decoder *before, const uint8_t *bytes, size_t size,
                         unsigned hit, struct tally *tally)
{
    static struct frame_decoder decoder;
    struct outcome outcome = *(struct outcome *)before->sink.context;
    uint64_t lost = 0, tail = 0;
    const struct frame_counts *now = &decoder.counts;

    decoder = *before;
    decoder.sink.context = &outcome;
    frame_push(&decoder, bytes, size);
    frame_finish(&decoder);
    for (unsigned i = hit; i < hit + WINDOW && i < FRAMES; i++) {
        lost += !outcome.got[i];
        tail = outcome.got[i] ? 0 : tail + 1;
        tally->far += !outcome.got[i] && i > hit + 1;
    }
    tally->done++;
    tally->wrong += outcome.wrong + outcome.out_of_order;
    /* What is lost at the very end has no later frame to show the gap: END's total does. */
    tally->uncounted += now->missing != lost - tail || outcome.missing != now->missing;
    tally->unbalanced += now->good_bytes + now->bad_bytes + now->foreign_bytes + now->delimiters -
                             before->counts.good_bytes - before->counts.delimiters !=
                         size;
}

/* All damages of one byte: flipped, lost, doubled. `copy` holds the window and one byte more. */
static void byte_damage(const struct frame_decoder *before, uint8_t *copy, size_t size, size_t at,
                        unsigned hit, struct tally *tally)
{
    uint8_t byte = copy[at];

    for (unsigned i = 0; i < FLIPS; i++) {
        copy[at] = (uint8_t)(byte ^ (i < 8 ? 1u << i : 1 + random_next() % 255));
        damage_judge(before, copy, size, hit, tally);
    }
    memmove(copy + at, copy + at + 1, size - at - 1);
    damage_judge(before, copy, size - 1, hit, tally);
    memmove(copy + at + 1, copy + at, size - at - 1);
    copy[at] = byte;
    memmove(copy + at + 1, copy + at, size - at);
    damage_judge(before, copy, size + 1, hit, tally);
    memmove(copy + at, copy + at + 1, size - at);
}

static void stream_damage(const struct stream *stream, struct tally *tally)
{
    static struct frame_decoder decoder;
    static struct outcome outcome;
    static uint8_t copy[WINDOW * WIRE_CODED_MAX + 1];
    struct frame_sink sink = {outcome_frame, NULL, &outcome};

    outcome.stream = stream;
    frame_decoder_init(&decoder, &sink);
    for (unsigned hit = 0; hit < FRAMES; hit++) {
        const struct sent *sent = &stream->sent[hit];
        unsigned last = hit + WINDOW <= FRAMES ? hit + WINDOW - 1 : FRAMES - 1;
        size_t size = stream->sent[last].end - sent->start;

        for (size_t at = 0; at < sent->end - sent->start; at++) {
            memcpy(copy, stream->synth.bytes + sent->start, size);
            byte_damage(&decoder, copy, size, at, hit, tally);
        }
        frame_push(&decoder, stream->synth.bytes + sent->start, sent->end - sent->start);
    }
    CHECK_EQ(decoder.counts.good, FRAMES);
    CHECK_EQ(decoder.counts.missing, 0);
    CHECK_EQ(outcome.wrong, 0);
}

static void test_damage(const struct stream *stream)
{
    struct tally tally = {0};

    stream_damage(stream, &tally);
    printf("test_frame: %" PRIu64 " corruptions\n", tally.done);
    CHECK(tally.done >= CORRUPTIONS);
    CHECK_EQ(tally.wrong, 0);
    CHECK_EQ(tally.uncounted, 0);
    CHECK_EQ(tally.far, 0);
    CHECK_EQ(tally.unbalanced, 0);
}

/* Any chunking gives the same frames and the same counts. */
static void test_chunks(const struct stream *stream)
{
    static const size_t chunks[] = {1, 2, 3, 7, 64, 255, 4096};

    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        static struct frame_decoder decoder;
        struct outcome outcome = {.stream = stream};
        struct frame_sink sink = {outcome_frame, NULL, &outcome};

        frame_decoder_init(&decoder, &sink);
        for (size_t at = 0; at < stream->synth.size; at += chunks[i]) {
            size_t left = stream->synth.size - at;

            frame_push(&decoder, stream->synth.bytes + at, left < chunks[i] ? left : chunks[i]);
        }
        CHECK_EQ(decoder.counts.good, FRAMES);
        CHECK_EQ(frame_refused(&decoder.counts), 0);
        CHECK_EQ(outcome.wrong, 0);
    }
}

/* Keeps the last frame and the text seen. */
struct keeper {
    struct frame frame;
    uint8_t body[WIRE_BODY_MAX];
    unsigned frames;
    char foreign[8192];
    size_t foreign_size;
};

static void keeper_frame(void *context, const struct frame *frame)
{
    struct keeper *keeper = context;

    keeper->frame = *frame;
    memcpy(keeper->body, frame->body, frame->length);
    keeper->frames++;
}

static void keeper_foreign(void *context, const uint8_t *bytes, size_t length)
{
    struct keeper *keeper = context;

    if (keeper->foreign_size + length < sizeof keeper->foreign)
        memcpy(keeper->foreign + keeper->foreign_size, bytes, length);
    keeper->foreign_size += length;
}

static struct frame_decoder keeper_decoder(struct keeper *keeper)
{
    struct frame_sink sink = {keeper_frame, keeper_foreign, keeper};
    struct frame_decoder decoder;

    memset(keeper, 0, sizeof *keeper);
    frame_decoder_init(&decoder, &sink);
    return decoder;
}

/* Every length, of zeros, of none, and mixed. */
static void test_lengths(void)
{
    static struct keeper keeper;
    uint8_t body[WIRE_BODY_MAX], coded[WIRE_CODED_MAX];
    struct frame_decoder decoder = keeper_decoder(&keeper);
    struct wire_header header = {WIRE_TEXT, 0, 0, 77};
    unsigned bad = 0;

    for (unsigned kind = 0; kind < 3; kind++) {
        for (size_t length = 0; length <= WIRE_BODY_MAX; length++) {
            size_t size;

            for (size_t at = 0; at < length; at++)
                body[at] = kind == 0 ? 0 : kind == 1 ? 0xA5 : (uint8_t)(random_next() % 3);
            size = frame_encode(&header, body, length, coded);
            bad += size == 0 || size > sizeof coded || memchr(coded, 0, size) != coded + size - 1;
            frame_push(&decoder, coded, size);
            bad += keeper.frame.length != length || memcmp(keeper.body, body, length) != 0 ||
                   memcmp(&keeper.frame.header, &header, sizeof header) != 0;
            header.sequence++;
        }
    }
    CHECK_EQ(bad, 0);
    CHECK_EQ(decoder.counts.good, 3 * (WIRE_BODY_MAX + 1));
    CHECK_EQ(frame_encode(&header, body, WIRE_BODY_MAX + 1, coded), 0);
}

/* Text before, between and right against frames, a long one without any delimiter too. */
static void test_foreign(void)
{
    static struct keeper keeper;
    static const char banner[] = "SeaBIOS (version 1.16)\r\nBooting from ROM..\x1b[2J";
    struct frame_decoder decoder = keeper_decoder(&keeper);
    struct synth synth = {.boot_id = 5};

    synth_text(&synth, banner);
    synth_frame(&synth, WIRE_TEXT, "a", 1);
    synth_text(&synth, "between");
    synth_frame(&synth, WIRE_TEXT, "\0b", 2);
    synth_bytes(&synth, "\0\0\0", 3);
    for (unsigned i = 0; i < 300; i++)
        synth_text(&synth, "a long line\r\n");
    synth_frame(&synth, WIRE_TEXT, "c", 1);
    synth_text(&synth, "tach: exit 16 PASS\r\n");
    frame_push(&decoder, synth.bytes, synth.size);
    frame_finish(&decoder);
    CHECK_EQ(keeper.frames, 3);
    CHECK_EQ(frame_refused(&decoder.counts), 0);
    CHECK_EQ(decoder.counts.foreign_bytes, sizeof banner - 1 + 7 + 3900 + 20);
    CHECK_EQ(keeper.foreign_size, decoder.counts.foreign_bytes);
    CHECK(memcmp(keeper.foreign, banner, sizeof banner - 1) == 0);
    CHECK(memcmp(keeper.foreign + keeper.foreign_size - 6, "PASS\r\n", 6) == 0);
    free(synth.bytes);
}

/* A frame with text right in front of it: all of the text is foreign, and the frame is there. */
static void foreign_try(const uint8_t *text, size_t length, const uint8_t *coded, size_t size)
{
    static struct keeper keeper;
    struct frame_decoder decoder = keeper_decoder(&keeper);
    struct wire_header first = {WIRE_TEXT, 0, 0, 0x01020304};
    uint8_t other[WIRE_CODED_MAX];

    frame_push(&decoder, other, frame_encode(&first, "x", 1, other));
    frame_push(&decoder, text, length);
    frame_push(&decoder, coded, size);
    CHECK_EQ(keeper.frames, 2);
    CHECK_EQ(decoder.counts.foreign_bytes, length);
    CHECK_EQ(decoder.counts.bad_bytes, 0);
}

/* A frame of each type, those that are bytes of text too, once and again, whose first code is each
 * byte that it can be: where does the text end? */
static void test_foreign_types(void)
{
    static const char *const texts[] = {"t", "login: ", "\t", "line\r\n", "\x1b[2J\n\t\t"};
    static uint8_t body[250], coded[WIRE_CODED_MAX];

    for (unsigned type = 1; type <= 15; type++) {
        for (size_t code = 2; code < 255; code++) {
            struct wire_header header = {(uint8_t)type, code > 2, 0x2121, 0x01020304};

            if (code > 2 && code <= sizeof header)
                continue;
            memset(body, 0x80, sizeof body);
            if (code > sizeof header)
                body[code - 1 - sizeof header] = 0;
            size_t size = frame_encode(&header, body, sizeof body, coded);
            CHECK_EQ(coded[0], code);
            for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                foreign_try((const uint8_t *)texts[i], strlen(texts[i]), coded, size);
        }
    }
}

/* The same at the end of a buffer that is full of text. */
static void test_foreign_full(void)
{
    static uint8_t body[60], text[2 * WIRE_CODED_MAX], coded[WIRE_CODED_MAX];

    memset(body, 0x80, sizeof body);
    body['A' - 1 - sizeof(struct wire_header)] = 0;
    memset(text, 't', sizeof text);
    for (unsigned type = WIRE_TEXT; type <= '\n'; type += '\n' - WIRE_TEXT) {
        struct wire_header header = {(uint8_t)type, WIRE_AGAIN, 0x2121, 0x01020304};
        size_t size = frame_encode(&header, body, sizeof body, coded);

        CHECK_EQ(coded[0], 'A');
        for (size_t length = WIRE_CODED_MAX - 4; length <= WIRE_CODED_MAX + 4; length++)
            foreign_try(text, length, coded, size);
    }
}

/* Text longer than any frame, then noise longer than any frame: the same counts in any chunking. */
static void test_long_noise(void)
{
    static uint8_t line[3 * WIRE_CODED_MAX + 1];
    struct frame_counts counts[3];
    static const size_t chunks[] = {sizeof line, 1000, 1};

    memset(line, 't', WIRE_CODED_MAX + 500);
    memset(line + WIRE_CODED_MAX + 500, 0xF7, sizeof line - WIRE_CODED_MAX - 501);
    for (size_t i = 0; i < 3; i++) {
        static struct keeper keeper;
        struct frame_decoder decoder = keeper_decoder(&keeper);

        for (size_t at = 0; at < sizeof line; at += chunks[i])
            frame_push(&decoder, line + at,
                       sizeof line - at < chunks[i] ? sizeof line - at : chunks[i]);
        counts[i] = decoder.counts;
        CHECK_EQ(decoder.counts.oversize, 1);
    }
    CHECK(memcmp(&counts[0], &counts[1], sizeof counts[0]) == 0);
    CHECK(memcmp(&counts[0], &counts[2], sizeof counts[0]) == 0);
}

/* Fits as coded bytes but not as a frame: a header, zeros, and a CRC that holds. */
static void test_too_long(void)
{
    static struct keeper keeper;
    struct frame_decoder decoder = keeper_decoder(&keeper);
    struct wire_header header = {WIRE_TEXT, 0x12, 0x2121, 0x01020304};
    static uint8_t plain[WIRE_FRAME_MAX + 4], coded[sizeof plain + 2];
    size_t code = 0;

    memcpy(plain, &header, sizeof header);
    uint32_t crc = (uint32_t)crc32(0, plain, sizeof plain - 4);
    memcpy(plain + sizeof plain - 4, &crc, 4);
    for (size_t i = 0; i <= sizeof plain; i++) {
        bool zero = i == sizeof plain || plain[i] == 0;

        coded[i + 1] = zero ? 0 : plain[i];
        if (zero)
            coded[code] = (uint8_t)(i + 1 - code);
        code = zero ? i + 1 : code;
    }
    frame_push(&decoder, coded, sizeof coded);
    CHECK_EQ(decoder.counts.oversize, 1);
    CHECK_EQ(decoder.counts.good, 0);
}

/* Gaps, repeats, wraps and new boots, by the sequence numbers. */
static void test_sequence(void)
{
    static const struct {
        uint8_t type;
        uint16_t sequence;
        uint32_t boot_id;
        uint64_t good, missing, duplicates, boots;
    } steps[] = {
        {WIRE_HELLO, 0, 9, 1, 0, 0, 1},        {WIRE_HELLO, 0, 9, 1, 0, 1, 1},
        {WIRE_TEXT, 1, 9, 2, 0, 1, 1},         {WIRE_TEXT, 1, 9, 2, 0, 2, 1},
        {WIRE_TEXT, 4, 9, 3, 2, 2, 1},         {WIRE_TEXT, 60000, 9, 4, 59997, 2, 1},
        {WIRE_TEXT, 65535, 9, 5, 65531, 2, 1}, {WIRE_TEXT, 0, 9, 6, 65531, 2, 1},
        {WIRE_TEXT, 65535, 9, 6, 65531, 3, 1}, {WIRE_TEXT, 1, 9, 7, 65531, 3, 1},
        {WIRE_TEXT, 2, 9, 8, 65531, 3, 1},     {WIRE_HELLO, 0, 9, 9, 65531, 3, 2},
        {WIRE_TEXT, 3, 8, 10, 65534, 3, 3},
    };
    static struct keeper keeper;
    struct frame_decoder decoder = keeper_decoder(&keeper);
    uint8_t coded[WIRE_CODED_MAX];

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct wire_header header = {steps[i].type, 0, steps[i].sequence, steps[i].boot_id};

        frame_push(&decoder, coded, frame_encode(&header, "x", 1, coded));
        CHECK_EQ(decoder.counts.good, steps[i].good);
        CHECK_EQ(decoder.counts.missing, steps[i].missing);
        CHECK_EQ(decoder.counts.duplicates, steps[i].duplicates);
        CHECK_EQ(decoder.counts.boots, steps[i].boots);
    }
}

/* Each kind of refusal has its own counter. */
static void test_refusals(void)
{
    static struct keeper keeper;
    static uint8_t noise[3 * WIRE_CODED_MAX];
    struct frame_decoder decoder = keeper_decoder(&keeper);
    struct wire_header header = {WIRE_TEXT, 0, 0, 0};
    uint8_t coded[WIRE_CODED_MAX];
    size_t size = frame_encode(&header, "hello", 5, coded);

    frame_push(&decoder, coded, size); /* boot id 0 */
    CHECK_EQ(decoder.counts.bad_header, 1);
    header.boot_id = 3;
    size = frame_encode(&header, "hello", 5, coded);
    coded[size - 3] ^= 0x10;
    frame_push(&decoder, coded, size);
    CHECK_EQ(decoder.counts.bad_crc, 1);
    frame_push(&decoder, coded + 3, size - 3); /* its start is lost */
    CHECK_EQ(frame_refused(&decoder.counts), 3);
    memset(noise, 0xF7, sizeof noise);
    frame_push(&decoder, noise, sizeof noise);
    CHECK_EQ(decoder.counts.oversize, 1);
    frame_push(&decoder, (const uint8_t *)"\0\xFFz", 4);
    CHECK_EQ(decoder.counts.bad_cobs, 1);
    frame_push(&decoder,
               (const uint8_t *)"\xF0\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 15);
    CHECK_EQ(decoder.counts.bad_cobs, 2); /* a block longer than what is there */
    CHECK_EQ(frame_refused(&decoder.counts), 6);
    CHECK_EQ(decoder.counts.good, 0);
    CHECK_EQ(keeper.frames, 0);
}

int main(void)
{
    static struct stream stream;

    stream_make(&stream);
    test_lengths();
    test_chunks(&stream);
    test_foreign();
    test_foreign_types();
    test_foreign_full();
    test_long_noise();
    test_too_long();
    test_sequence();
    test_refusals();
    test_damage(&stream);
    free(stream.synth.bytes);
    return check_end("test_frame");
}

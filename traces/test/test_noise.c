/* SPDX-License-Identifier: MIT
 * The decoder on a noisy line, by volume: every kind of noise at rates from 1e-6 to 0.5 a byte.
 * No wrong record may come out, every loss is counted, and a frame is lost only if it or one of the
 * two before it was touched. `test_noise N` goes on until N frames were corrupted. */
#include <stdbool.h>
#include <stdlib.h>

#include "traces/frame.h"
#include "traces/test/check.h"
#include "traces/test/line_noise.h"
#include "traces/test/synth.h"

#define FRAMES    1024u
#define TAIL      4u /* at the end, untouched: what is lost before shows as a gap */
#define REACH     2u /* frames behind a touched one that may be lost with it */
#define BODY_MAX  100u
#define CODED_MAX (BODY_MAX + 16u)
#define WANTED    1000000u
#define MIXED     ((1u << NOISE_COUNT) - 1)

static const double rates[] = {0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
#define RATES       (sizeof rates / sizeof rates[0])
#define RATES_DENSE 3u /* in every round; the others in one of RARELY, as they corrupt little */
#define RARELY      16u

struct sent {
    uint8_t body[BODY_MAX], type;
    size_t length, start, end; /* bytes of the stream, delimiter included */
};

static struct {
    struct synth synth;
    struct sent sent[FRAMES];
} stream;

/* What came out of one pass over the stream. */
struct outcome {
    bool got[FRAMES], touched[FRAMES];
    uint64_t wrong, missing, received;
    unsigned next;
};

struct tally {
    uint64_t corrupted, wrong, uncounted, far, unbalanced, events;
};

static void outcome_frame(void *context, const struct frame *frame)
{
    struct outcome *outcome = context;
    const unsigned index = frame->header.sequence;
    const struct sent *sent = &stream.sent[index % FRAMES];
    const bool right = index < FRAMES && index >= outcome->next &&
                       frame->header.boot_id == stream.synth.boot_id && frame->header.flags == 0 &&
                       frame->header.type == sent->type && frame->length == sent->length &&
                       memcmp(frame->body, sent->body, sent->length) == 0;

    outcome->missing += frame->missing;
    outcome->wrong += !right;
    if (!right)
        return;
    outcome->next = index + 1;
    outcome->got[index] = true;
    outcome->received++;
}

static void stream_make(uint64_t random)
{
    stream.synth.boot_id = 0x5EED0001;
    for (unsigned i = 0; i < FRAMES; i++) {
        struct sent *sent = &stream.sent[i];

        sent->type = i ? (uint8_t)(WIRE_CALIB + i % 7) : WIRE_HELLO;
        sent->length = i * 37 % (BODY_MAX + 1);
        for (size_t at = 0; at < sent->length; at++) /* many zeros, as in records; some text */
            sent->body[at] = (uint8_t)(line_random(&random) % 3 ? 0 : line_random(&random) >> 8);
        sent->start = stream.synth.size;
        synth_frame(&stream.synth, sent->type, sent->body, sent->length);
        sent->end = stream.synth.size;
    }
}

static void outcome_judge(const struct outcome *outcome, const struct frame_counts *counts,
                          uint64_t pushed, struct tally *tally)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        bool near = false;

        for (unsigned back = 0; back <= REACH && back <= i; back++)
            near |= outcome->touched[i - back];
        tally->far += !outcome->got[i] && !near;
        tally->corrupted += outcome->touched[i];
    }
    tally->wrong += outcome->wrong;
    tally->uncounted += outcome->missing != FRAMES - outcome->received ||
                        counts->missing != outcome->missing || counts->good != outcome->received;
    tally->unbalanced +=
        counts->good_bytes + counts->bad_bytes + counts->foreign_bytes + counts->delimiters !=
        pushed;
}

/* One pass: HELLO and the tail are whole, what is between goes through the noise. */
static void pass_judge(struct line_noise *noise, struct tally *tally)
{
    static struct frame_decoder decoder;
    static struct outcome outcome;
    const struct frame_sink sink = {outcome_frame, NULL, &outcome};
    uint8_t out[LINE_NOISE_MAX(CODED_MAX)], touched[CODED_MAX];
    uint64_t pushed = 0;

    memset(&outcome, 0, sizeof outcome);
    frame_decoder_init(&decoder, &sink);
    for (unsigned i = 0; i < FRAMES; i++) {
        const uint8_t *bytes = stream.synth.bytes + stream.sent[i].start;
        size_t size = stream.sent[i].end - stream.sent[i].start;
        const bool clean = i == 0 || i >= FRAMES - TAIL;

        if (!clean) {
            const size_t sent = size;
            size = line_noise_pass(noise, bytes, sent, out, touched);
            outcome.touched[i] = memchr(touched, 1, sent) != NULL;
        }
        frame_push(&decoder, clean ? bytes : out, size);
        pushed += size;
    }
    frame_finish(&decoder);
    outcome_judge(&outcome, &decoder.counts, pushed, tally);
}

static void round_judge(unsigned round, struct tally *tally)
{
    for (unsigned kind = 0; kind <= NOISE_COUNT; kind++) {
        for (unsigned i = 0; i < RATES; i++) {
            uint64_t seed = 0x9E3779B97F4A7C15ull * (1 + round) ^ (uint64_t)kind << 32 ^ i;
            struct line_noise noise = {.random = seed | 1, .rate = rates[i]};

            if (i >= RATES_DENSE && round % RARELY)
                continue;
            noise.kinds = kind < NOISE_COUNT ? 1u << kind : MIXED;
            pass_judge(&noise, tally);
            tally->events += noise.events;
        }
    }
}

int main(int argc, char **argv)
{
    const uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : WANTED;
    struct tally tally = {0};

    stream_make(1);
    for (unsigned round = 0; tally.corrupted < wanted; round++)
        round_judge(round, &tally);
    printf("test_noise: %" PRIu64 " frames corrupted by %" PRIu64 " events\n", tally.corrupted,
           tally.events);
    CHECK(tally.corrupted >= wanted && wanted > 0);
    CHECK(tally.events >= tally.corrupted / 64);
    CHECK_EQ(tally.wrong, 0);
    CHECK_EQ(tally.uncounted, 0);
    CHECK_EQ(tally.far, 0);
    CHECK_EQ(tally.unbalanced, 0);
    free(stream.synth.bytes);
    return check_end("test_noise");
}

/* SPDX-License-Identifier: MIT
 * SAMPLES frames: what is sound is in the boot, in order; what breaks a rule is refused whole, with
 * the rule's name. */
#include "bench/exits.h"
#include "traces/capture.h"
#include "traces/test/check.h"
#include "traces/test/synth.h"

struct samples_body {
    struct wire_samples head;
    struct wire_sample list[2];
};

static const struct wire_samples head = {.hz = 1000, .source = SAMPLES_PIT_NMI};

static struct capture sent(const struct samples_body *body, size_t length)
{
    struct synth synth = {0};
    struct capture capture;

    synth_hello(&synth, 77, 0, 0);
    synth_frame(&synth, WIRE_SAMPLES, body, length);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boot_count, 1);
    free(synth.bytes);
    return capture;
}

static void refused(const struct samples_body *body, size_t length, const char *why)
{
    struct capture capture = sent(body, length);

    CHECK_EQ(capture.boots[0].lost.malformed, 1);
    CHECK_TEXT(capture.boots[0].lost.why, why);
    CHECK_EQ(capture.boots[0].sample_count, 0);
    capture_free(&capture);
}

static void test_rules(void)
{
    const struct samples_body sound = {head, {{.tsc = 9}, {.tsc = 9}}};
    const struct samples_body falling = {head, {{.tsc = 9}, {.tsc = 8}}};
    const struct samples_body sourceless = {{.hz = 1000}, {{0}}};
    const struct samples_body rateless = {{.source = SAMPLES_PIT_NMI}, {{0}}};
    const struct samples_body ringless = {head, {{.ring = 3}, {.ring = 1}}};
    const struct samples_body deep = {head, {{.depth = 6}, {.depth = 7}}};
    const struct samples_body padded = {head, {{.zero = 1}, {0}}};
    const struct samples_body nameless = {head, {{.task = "a"}, {.task = "a\x1b"}}};

    refused(&sound, sizeof sound.head, "length is not that of samples");
    refused(&sound, sizeof sound - 1, "length is not that of samples");
    refused(&falling, sizeof falling, "stamps decrease");
    refused(&sourceless, sizeof sourceless, "unknown source of samples");
    refused(&rateless, sizeof rateless, "unknown source of samples");
    refused(&ringless, sizeof ringless, "ring that is neither 0 nor 3");
    refused(&deep, sizeof deep, "stack deeper than there is room, or padding that is not zero");
    refused(&padded, sizeof padded, "stack deeper than there is room, or padding that is not zero");
    refused(&nameless, sizeof nameless, "task is not padded text");
}

/* Two frames: all samples in order, and what the sampler said last. */
static void test_sound(void)
{
    struct samples_body body = {head, {{.tsc = 5, .ring = 3, .task = "bench"}, {.tsc = 7}}};
    struct synth synth = {0};
    struct capture capture;

    synth_hello(&synth, 77, 0, 0);
    synth_frame(&synth, WIRE_SAMPLES, &body, sizeof body);
    body.list[0].tsc = 11;
    body.head.lost = 4;
    synth_frame(&synth, WIRE_SAMPLES, &body, sizeof body - sizeof body.list[1]);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boots[0].lost.malformed, 0);
    CHECK_EQ(capture.boots[0].sampler.lost, 4);
    if (CHECK_EQ(capture.boots[0].sample_count, 3)) {
        CHECK_EQ(capture.boots[0].samples[1].tsc, 7);
        CHECK_EQ(capture.boots[0].samples[2].tsc, 11);
        CHECK_TEXT(capture.boots[0].samples[2].task, "bench");
    }
    capture_free(&capture);
    free(synth.bytes);
}

int main(void)
{
    test_rules();
    test_sound();
    return check_end("samples");
}

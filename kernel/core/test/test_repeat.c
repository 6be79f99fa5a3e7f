/* SPDX-License-Identifier: MIT
 * Requests for frames that were lost: answered when they are whole and for this boot, in their
 * order, by the last frame of each number; nothing else on the line is answered, keeps the kernel
 * waiting, or is written beyond the line's buffer. */
#include <stdlib.h>

#include "kernel/core/repeat.h"
#include "kernel/core/test/repeat_world.h"
#include "traces/frame.h"
#include "traces/test/check.h"

#define FRAMES    300u
#define PAGES_MAX 1024u

static const struct wire_header request = {.type = WIRE_REPEAT, .boot_id = WORLD_BOOT};

/* Serves one request behind what is in front of it. Returns how many frames it got. */
static size_t ask(const struct wire_header *header, const void *body, size_t n)
{
    uint8_t line[1 + WIRE_CODED_MAX] = {0};

    world_serve(line, 1 + frame_encode(header, body, n, line + 1));
    return world.answer_count;
}

/* The word is what makes it: without one, or with one that is none, nothing is kept. */
static void test_off(void)
{
    static const char *const none[] = {NULL, "off", "0", "3601", "1x", "-1", ""};
    const uint16_t first = 0;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        world.word = none[i];
        repeat_init();
        world_keep(0, 100);
        CHECK_EQ(world.pages, 0);
        CHECK_EQ(ask(&request, &first, sizeof first), 0);
        CHECK_EQ(world.silent_s, 0);
    }
    world.word = "on";
    repeat_init();
}

/* Every size that a frame has, at every place in its page; one number after the other. */
static void test_kept(void)
{
    for (uint16_t i = 0; i < FRAMES; i++)
        world_keep(i, i % 7 == 0 ? WIRE_FRAME_MAX - 4 : sizeof request + i * 13u % 500u);
    CHECK(world.pages > 20);
    for (uint16_t i = 0; i < FRAMES; i++) {
        HOLD_EQ(ask(&request, &i, sizeof i), 1);
        HOLD_EQ(world.answers[0], i);
    }
    CHECK_EQ(world.silent_s, WORLD_WAIT_S);
    for (uint16_t i = 0; i < 9 * 8; i++) /* four, or three, of these fill a page to its last byte */
        world_keep(i, 1016u + i / 8u);
    for (uint16_t i = 0; i < 9 * 8; i++)
        HOLD_EQ(ask(&request, &i, sizeof i), 1);
    const uint16_t beyond = FRAMES;
    CHECK_EQ(ask(&request, &beyond, sizeof beyond), 0);
}

/* As many as a request may ask for, in its order, twice if it says so; and one more. */
static void test_many(void)
{
    uint16_t numbers[REPEAT_MAX + 1];

    for (uint16_t i = 0; i <= REPEAT_MAX; i++)
        numbers[i] = (uint16_t)(i % 2 ? 250 - i : i * 3);
    CHECK_EQ(ask(&request, numbers, REPEAT_MAX * sizeof numbers[0]), REPEAT_MAX);
    CHECK(memcmp(world.answers, numbers, REPEAT_MAX * sizeof numbers[0]) == 0);
    CHECK_EQ(ask(&request, numbers, sizeof numbers), 0);
    CHECK_EQ(ask(&request, numbers, sizeof numbers - 1), 0);
    CHECK_EQ(ask(&request, (uint16_t[2]){7, 7}, 4), 2);
    CHECK_EQ(ask(&request, "\5\0\6", 3), 1); /* half a number is none */
    CHECK_EQ(ask(&request, (uint16_t[3]){9, 60000, 10}, 6), 2);
}

/* "Nothing is missing" ends it at once; silence does so after the time of the word, which begins
 * anew with each request and with nothing else. */
static void test_end(void)
{
    uint8_t line[4 * WIRE_CODED_MAX];
    const uint16_t number = 3;

    CHECK_EQ(ask(&request, NULL, 0), 0);
    CHECK_EQ(world.silent_s, 0);
    world_serve(NULL, 0);
    CHECK_EQ(world.silent_s, WORLD_WAIT_S);
    size_t n = frame_encode(&request, &number, sizeof number, line);
    n += frame_encode(&request, NULL, 0, line + n);
    n += frame_encode(&request, &number, sizeof number, line + n);
    world_serve(line, n);
    CHECK_EQ(world.answer_count, 1); /* what stands behind the end is not read */
    CHECK_EQ(world.silent_s, 0);
}

/* A line on which something comes all the time, but nothing for the kernel, is silent. */
static void test_noisy(void)
{
    static uint8_t line[5 * WORLD_WAIT_S];

    world.byte_s = 1;
    for (unsigned i = 0; i < sizeof line; i++)
        line[i] = i % 3 == 0 ? 0 : 0x55;
    world_serve(line, sizeof line);
    CHECK_EQ(world.left, sizeof line - WORLD_WAIT_S);
    world.byte_s = 0;
}

/* One thing wrong: no answer, and the end is not what it would say. */
static void test_refused(void)
{
    const uint16_t number = 3;
    struct wire_header other = request;
    uint8_t line[WIRE_CODED_MAX];

    other.type = WIRE_TEXT;
    CHECK_EQ(ask(&other, &number, sizeof number), 0);
    other = request;
    other.boot_id ^= 1;
    CHECK_EQ(ask(&other, &number, sizeof number), 0);
    CHECK_EQ(ask(&other, NULL, 0), 0);
    CHECK_EQ(world.silent_s, WORLD_WAIT_S);
    const size_t n = frame_encode(&request, &number, sizeof number, line);
    for (size_t at = 0; at + 1 < n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            line[at] ^= (uint8_t)(1u << bit);
            world_serve(line, n);
            HOLD_EQ(world.answer_count, 0);
            line[at] ^= (uint8_t)(1u << bit);
        }
    for (size_t cut = 1; cut < n; cut++) {
        world_serve(line, n - cut);
        HOLD_EQ(world.answer_count, 0);
    }
    world_serve(line, n);
    CHECK_EQ(world.answer_count, 1);
}

/* Noise of any length up to its zero is forgotten with it: the next request is whole. */
static void test_noise(void)
{
    static uint8_t line[3 * WIRE_CODED_MAX];
    const uint16_t number = 5;

    for (size_t noise = 0; noise < WIRE_CODED_MAX; noise += noise < 200 ? 1 : 97) {
        memset(line, noise % 2 ? 0xFF : 0x02, noise);
        line[noise] = 0;
        size_t n = noise + 1;
        n += frame_encode(&request, &number, sizeof number, line + n);
        world_serve(line, n);
        HOLD_EQ(world.answer_count, 1);
    }
    memset(line, 0, 100);
    size_t n = 100 + frame_encode(&request, &number, sizeof number, line + 100);
    world_serve(line, n);
    CHECK_EQ(world.answer_count, 1);
    memset(line, 't', 20); /* text without a zero behind it costs the request */
    n = 20 + frame_encode(&request, &number, sizeof number, line + 20);
    n += frame_encode(&request, &number, sizeof number, line + n);
    world_serve(line, n);
    CHECK_EQ(world.answer_count, 1);
}

/* Numbers wrap: the later frame of one is what a host can still ask for. */
static void test_wrap(void)
{
    for (uint32_t i = FRAMES; i < 65536 + 5; i++)
        world_keep((uint16_t)i, 12);
    CHECK_EQ(ask(&request, (uint16_t[3]){4, 5, 65535}, 6), 3); /* the world compares their bytes */
    CHECK_EQ(ask(&request, "\5\0\6", 3), 1); /* half a number is none, now that all are kept */
}

/* Memory is bounded, and may end before: what found no room has no answer, the rest stays. */
static void test_full(void)
{
    const uint16_t late = 9, early = 6;
    const unsigned before = world.pages;
    unsigned frames = 0;

    world.no_memory = true;
    while (frames++ < 200)
        world_keep(7, WIRE_FRAME_MAX - 4);
    CHECK_EQ(world.pages, before);
    CHECK_EQ(ask(&request, &early, sizeof early), 1);
    world.no_memory = false;
    for (frames = 0; frames < 3 * PAGES_MAX; frames++)
        world_keep(8, WIRE_FRAME_MAX - 4);
    CHECK_EQ(world.pages, PAGES_MAX);
    world_keep(late, 1000);
    CHECK_EQ(ask(&request, &early, sizeof early), 1);
}

int main(void)
{
    test_off();
    test_kept();
    test_many();
    test_end();
    test_noisy();
    test_refused();
    test_noise();
    test_wrap();
    test_full();
    return check_end("core-repeat");
}

/* SPDX-License-Identifier: MIT
 * COUNTERS frames: what is sound is in the boot whole, kinds that nobody knows included; what
 * breaks a rule is refused whole, with the rule's name. And captures of the ABI before they were
 * are read.
 */
#include <stddef.h>

#include "bench/exits.h"
#include "traces/body.h"
#include "traces/capture.h"
#include "traces/test/check.h"
#include "traces/test/synth.h"

struct counters_body {
    struct wire_counters head;
    struct wire_counter list[COUNTERS_MAX + 1];
};

#define HEAD(n)                                                                                    \
    {                                                                                              \
        .cell = "R0", .calls = 100, .ticks = 2000, .ticks_empty = 300, .entries = n, .version = 5, \
        .bits = 48                                                                                 \
    }

static size_t body_length(size_t entries)
{
    return sizeof(struct wire_counters) + entries * sizeof(struct wire_counter);
}

static struct capture sent(const void *body, size_t length)
{
    struct synth synth = {0};
    struct capture capture;

    synth_hello(&synth, 77, 0, 0);
    synth_frame(&synth, WIRE_COUNTERS, body, length);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boot_count, 1);
    free(synth.bytes);
    return capture;
}

static void refused(const struct counters_body *body, size_t length, const char *why)
{
    struct capture capture = sent(body, length);

    CHECK_EQ(capture.boots[0].lost.malformed, 1);
    CHECK_TEXT(capture.boots[0].lost.why, why);
    CHECK_EQ(capture.boots[0].counters_count, 0);
    capture_free(&capture);
}

static void test_lengths(void)
{
    static const char wrong[] = "length differs from the number of counters";
    const struct counters_body one = {HEAD(1), {{.kind = COUNTER_CYCLES, .count = 5}}};
    const struct counters_body two = {HEAD(2), {{.kind = 1}, {.kind = 2}}};
    const struct counters_body huge = {HEAD(0x08000001u), {{.kind = 1}}};
    struct counters_body many = {HEAD(COUNTERS_MAX + 1), {{0}}};

    for (size_t i = 0; i <= COUNTERS_MAX; i++)
        many.list[i].kind = COUNTER_CYCLES;
    refused(&one, body_length(0), "shorter than counters");
    refused(&one, body_length(1) - 1, wrong);
    refused(&one, body_length(2), wrong);
    refused(&two, body_length(1), wrong);
    refused(&huge, body_length(1), wrong); /* 2^27 + 1 entries of 32 bytes are 32 in 32 bits */
    refused(&many, body_length(COUNTERS_MAX + 1), wrong);
}

static void test_rules(void)
{
    static const char width[] = "no calls, counters of no width, or padding that is not zero";
    static const char state[] = "counter of no kind, or of an unknown state";
    struct counters_body body = {HEAD(2), {{.kind = 1}, {.kind = 2}}};
    const size_t length = body_length(2);

#define BROKEN(field, value, why)                                                                  \
    do {                                                                                           \
        struct counters_body broken = body;                                                        \
        broken.field = value;                                                                      \
        refused(&broken, length, why);                                                             \
    } while (0)
    BROKEN(head.cell[0], 0, "cell is not padded text");
    BROKEN(head.cell[39], 'x', "cell is not padded text");
    BROKEN(head.calls, 0, width);
    BROKEN(head.bits, 0, width);
    BROKEN(head.bits, 65, width);
    BROKEN(head.zero[0], 1, width);
    BROKEN(head.zero[1], 1, width);
    BROKEN(list[1].kind, 0, state);
    BROKEN(list[1].state, COUNTER_STATES_MAX + 1, state);
    body.list[1].state = COUNTER_NO_EVENT;
    BROKEN(list[1].count, 1, "a value that was not counted");
    BROKEN(list[1].empty, 1, "a value that was not counted");
}

static void test_sound(void)
{
    const struct counters_body body = {
        HEAD(3),
        {{.kind = COUNTER_CYCLES, .event = COUNTER_FIXED | 1, .count = 500, .empty = 600},
         {.kind = COUNTER_L1D_MISSES, .state = COUNTER_FAULTED, .event = 0x430151},
         {.kind = 0x1234, .count = 9}}};
    struct capture capture = sent(&body, body_length(3));
    const struct boot *boot = &capture.boots[0];

    CHECK_EQ(boot->lost.malformed, 0);
    if (CHECK_EQ(boot->counters_count, 1)) {
        const struct counters *counters = boot->counters;

        CHECK(!memcmp(&counters->head, &body.head, sizeof body.head));
        CHECK(!memcmp(counters->list, body.list, 3 * sizeof body.list[0]));
        CHECK_EQ(counters->list[3].kind, 0);
    }
    CHECK_TEXT(body_counter_name(COUNTER_DTLB_WALKS), "DTLB walks");
    CHECK(!body_counter_name(0x1234));
    for (uint32_t i = 0; i <= COUNTER_STATES_MAX; i++)
        CHECK(body_counter_state(i));
    CHECK(!body_counter_state(COUNTER_STATES_MAX + 1));
    capture_free(&capture);
}

static void hello_of(uint32_t abi_version, uint64_t malformed)
{
    struct wire_hello hello = {.abi_version = abi_version, .cpus = 1};
    struct synth synth = {.boot_id = 5};
    struct capture capture;

    synth_frame(&synth, WIRE_HELLO, &hello, sizeof hello);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boots[0].lost.malformed, malformed);
    CHECK_EQ(capture.boots[0].has_hello, malformed == 0);
    capture_free(&capture);
    free(synth.bytes);
}

static void test_old(void)
{
    hello_of(WIRE_OLDEST - 1, 1);
    for (uint32_t version = WIRE_OLDEST; version <= body_abi_version(); version++)
        hello_of(version, 0);
    hello_of(body_abi_version() + 1, 1);
}

int main(void)
{
    test_lengths();
    test_rules();
    test_sound();
    test_old();
    return check_end("counters");
}

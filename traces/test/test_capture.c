/* SPDX-License-Identifier: MIT
 * Captures: the synthetic one comes back whole; each rule of each body, broken alone, is counted as
 * malformed and leaves nothing behind; cut anywhere, a capture keeps what came and says so. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/capture.h"
#include "traces/test/check.h"
#include "traces/test/synth.h"

static void test_whole(void)
{
    struct synth synth = {0};
    struct capture capture;

    synth_capture(&synth);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boot_count, 4);
    CHECK_EQ(frame_refused(&capture.counts), 0);
    CHECK(capture.foreign_size == 4 * (21 + 20) && capture.foreign_early == 21);
    for (size_t i = 0; i < capture.boot_count; i++) {
        const struct boot *boot = &capture.boots[i];

        CHECK(boot_whole(boot));
        CHECK_EQ(boot->hello.pti, i & 1);
        CHECK_EQ(boot->hist_count, i < 2 ? SYNTH_CELLS + 2 : 0);
        CHECK_EQ(boot->count_count, i < 2 ? 0 : SYNTH_CELLS);
        CHECK_EQ(boot->text_size, 24);
        CHECK_EQ(boot->calib.stamp_cost, SYNTH_STAMP);
    }
    const struct hist *hist = boot_hist(&capture.boots[0], "D4/size:0/space:two", "warmup");
    if (CHECK(hist != NULL)) {
        CHECK_EQ(hist->count, 300);
        CHECK_EQ(hist->samples, 300 * 301 / 2);
        CHECK_EQ(hist->entries[299].value, 399);
        CHECK_EQ(hist->entries[299].count, 300);
    }
    CHECK(boot_hist(&capture.boots[0], "D4", "whole") == NULL);
    capture_free(&capture);
    free(synth.bytes);
}

static void test_names(void)
{
    static char words[] = "quiet bench=R0,R1/size:8 trace=on";
    struct boot boot = {.cmdline = words};
    char name[64];

    CHECK(boot_cell_name(&boot, 0, name, sizeof name));
    CHECK_TEXT(name, "R0");
    CHECK(boot_cell_name(&boot, 1, name, sizeof name));
    CHECK_TEXT(name, "R1/size:8");
    CHECK(!boot_cell_name(&boot, 2, name, sizeof name));
    CHECK_TEXT(name, "cell 2");
    CHECK(!boot_cell_name(&boot, 1, name, 9)); /* does not fit: never half a name */
}

/* Starts a boot, so that frames under test have one to belong to. */
static struct synth boot_start(void)
{
    struct synth synth = {0};

    synth_hello(&synth, 77, 0, 0);
    return synth;
}

/* Ends the boot, loads it and expects one malformed frame with this reason. */
static void expect_refused(struct synth *synth, const char *why)
{
    struct capture capture;

    synth_end(synth, 0, 0);
    CHECK_EQ(capture_parse(synth->bytes, synth->size, &capture), TACH_OK);
    if (CHECK_EQ(capture.boot_count, 1)) {
        const struct boot *boot = &capture.boots[0];

        CHECK_TEXT(boot->lost.why, why);
        CHECK_EQ(boot->lost.malformed, why ? 1 : 0);
        CHECK_EQ(boot->hist_count + boot->raw_count + boot->count_count + boot->event_count, 0);
        CHECK_EQ(boot->text_size, 0);
    }
    capture_free(&capture);
    free(synth->bytes);
}

struct hist_body {
    struct wire_hist head;
    struct wire_hist_entry entries[4];
};

static struct hist_body hist_sound(void)
{
    return (struct hist_body){
        {.cell = "R0", .metric = "whole", .samples = 9, .calls = 1, .entries = 3, .parts = 1},
        {{10, 2}, {12, 3}, {40, 4}, {0, 0}}};
}

/* Which field of a sound histogram is spoilt, and what must be said. */
static void hist_spoil(struct hist_body *body, unsigned rule)
{
    switch (rule) {
    case 0:
        memset(body->head.cell, 0, sizeof body->head.cell);
        break;
    case 1:
        body->head.cell[30] = 'x';
        break;
    case 2:
        body->head.cell[1] = '\x1b';
        break;
    case 3:
        body->head.metric[15] = 'x';
        break;
    case 4:
        body->head.calls = 0;
        break;
    case 5:
        body->head.samples = 0;
        break;
    case 6:
        body->head.parts = 0;
        break;
    case 7:
        body->head.part = 1;
        break;
    case 8:
        body->head.flags = 2;
        break;
    case 9:
        body->entries[1].value = 10;
        break;
    case 10:
        body->entries[2].value = 11;
        break;
    case 11:
        body->entries[1].count = 0;
        break;
    case 12:
        body->entries[2].count = 5;
        break;
    case 13:
        body->entries[2].count = 3;
        break;
    case 14:
        body->entries[0].count = UINT64_MAX;
        break;
    case 15:
        body->head.entries = 2;
        break;
    case 16:
        body->head.entries = 0x10000003;
        break;
    default:
        break;
    }
}

static void test_hist_rules(void)
{
    static const char *const reasons[] = {
        "cell is not padded text",
        "cell is not padded text",
        "cell is not padded text",
        "metric is not padded text",
        "no calls, samples or entries",
        "no calls, samples or entries",
        "part outside of its parts",
        "part outside of its parts",
        "unknown flags",
        "values do not rise",
        "values do not rise",
        "value that was never seen",
        "counts exceed the samples",
        "counts fall short of the samples",
        "counts exceed the samples",
        "length differs from the number of entries",
        "length differs from the number of entries",
    };

    for (unsigned rule = 0; rule < sizeof reasons / sizeof reasons[0]; rule++) {
        struct synth synth = boot_start();
        struct hist_body body = hist_sound();

        hist_spoil(&body, rule);
        synth_frame(&synth, WIRE_HIST, &body, sizeof body - sizeof body.entries[3]);
        expect_refused(&synth, reasons[rule]);
    }
}

/* The other types: a body, a length, a reason. */
static void test_other_rules(void)
{
    struct trace_record none = {.event = EV_none}, unknown = {.event = 30};
    struct trace_record falling[2] = {{.tsc = 9, .event = EV_irq}, {.tsc = 8, .event = EV_irq}};
    struct wire_count idle = {.cell = "R0"}, unnamed = {.calls = 1};
    struct hist_body raw = hist_sound();
    const struct {
        uint8_t type;
        const void *body;
        size_t length;
        const char *why;
    } rules[] = {
        {WIRE_CALIB, "", 95, "length is not a calibration's"},
        {WIRE_EVENTS, &none, 0, "length is not whole records"},
        {WIRE_EVENTS, &none, 31, "length is not whole records"},
        {WIRE_EVENTS, &none, 32, "unknown event"},
        {WIRE_EVENTS, &unknown, 32, "unknown event"},
        {WIRE_EVENTS, falling, 64, "stamps decrease"},
        {WIRE_TEXT, "", 0, "empty text"},
        {WIRE_COUNT, &idle, sizeof idle, "no calls"},
        {WIRE_COUNT, &unnamed, sizeof unnamed, "cell is not padded text"},
        {WIRE_COUNT, &idle, sizeof idle - 1, "length is not a count's"},
        {WIRE_RAW, &raw, sizeof raw.head + 3 * 8, "fewer samples than there are"},
        {WIRE_RAW, &raw, sizeof raw.head - 1, "shorter than a histogram"},
        {WIRE_HELLO, &raw, 120, "hello that is not the first frame"},
        {WIRE_HELLO, &raw, 119, "shorter than a hello"},
        {WIRE_REPEAT, "", 1, "unknown frame type"},
        {13, "", 1, "unknown frame type"},
        {0, "", 1, "unknown frame type"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct synth synth = boot_start();
        uint8_t body[WIRE_BODY_MAX] = {0};

        memcpy(body, rules[i].body, rules[i].type == WIRE_CALIB ? 1 : rules[i].length);
        synth_frame(&synth, rules[i].type, body, rules[i].length);
        expect_refused(&synth, rules[i].why);
    }
}

/* A hello that breaks one rule: the boot is there, without a hello. */
static void test_hello_rules(void)
{
    struct {
        struct wire_hello hello;
        char words[8];
    } body;
    static const struct {
        size_t offset;
        uint8_t byte;
    } spoils[] = {
        {offsetof(struct wire_hello, abi_version), 0x80}, {offsetof(struct wire_hello, pti), 2},
        {offsetof(struct wire_hello, tsc_source), 6},     {offsetof(struct wire_hello, trace), 2},
        {offsetof(struct wire_hello, vendor), 0x80},      {offsetof(struct wire_hello, brand), 7},
        {offsetof(struct wire_hello, cpus), 0},           {sizeof(struct wire_hello) + 3, 0},
    };

    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        struct synth synth = {.boot_id = 77};
        struct capture capture;

        body.hello = (struct wire_hello){.abi_version = body_abi_version(), .cpus = 1};
        memcpy(body.words, "pti=off ", sizeof body.words);
        ((uint8_t *)&body)[spoils[i].offset] = spoils[i].byte;
        synth_frame(&synth, WIRE_HELLO, &body, sizeof body);
        synth_end(&synth, 0, 0);
        CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
        CHECK_EQ(capture.boot_count, 1);
        CHECK(!capture.boots[0].has_hello && capture.boots[0].has_end);
        CHECK(!boot_whole(&capture.boots[0]));
        CHECK_EQ(capture.boots[0].lost.malformed, 1);
        capture_free(&capture);
        free(synth.bytes);
    }
}

/* Drops frame `gone` (by sequence) of a boot with one histogram in three parts. */
static struct boot_losses parts_lost(uint16_t gone, size_t *hists)
{
    struct synth synth = boot_start(), cut = {0};
    struct boot_losses lost = {0};
    struct capture capture;
    size_t start = 0;

    synth_hist(&synth, "R0", "whole", 5, 2 * HIST_ENTRIES_MAX + 1);
    synth_hist(&synth, "R0", "kernel", 5, 2);
    synth_end(&synth, 1, 0);
    for (uint16_t i = 0; start < synth.size; i++) {
        size_t size = (size_t)((uint8_t *)memchr(synth.bytes + start, 0, synth.size - start) + 1 -
                               synth.bytes) -
                      start;

        if (i != gone)
            synth_bytes(&cut, synth.bytes + start, size);
        start += size;
    }
    CHECK_EQ(capture_parse(cut.bytes, cut.size, &capture), TACH_OK);
    if (CHECK_EQ(capture.boot_count, 1)) {
        lost = capture.boots[0].lost;
        *hists = capture.boots[0].hist_count;
    }
    capture_free(&capture);
    free(synth.bytes);
    free(cut.bytes);
    return lost;
}

static void test_parts(void)
{
    for (uint16_t gone = 1; gone <= 3; gone++) {
        size_t hists = 0;
        struct boot_losses lost = parts_lost(gone, &hists);

        CHECK_EQ(hists, 1);
        CHECK_EQ(lost.incomplete, 1);
        CHECK_EQ(lost.missing, 1);
        CHECK_EQ(lost.malformed, 0);
    }
}

/* A series of two parts whose second breaks a rule over the border, or none. */
static void parts_try(uint8_t type, uint64_t second, uint64_t count, size_t series, const char *why)
{
    struct synth synth = boot_start();
    struct capture capture;
    struct hist_body body = hist_sound();
    size_t unit = type == WIRE_RAW ? sizeof(uint64_t) : sizeof body.entries[0];

    body.head.samples = 4;
    body.head.parts = 2;
    body.head.entries = type == WIRE_RAW ? 2 : 1;
    synth_frame(&synth, type, &body, sizeof body.head + body.head.entries * unit);
    body.head.part = 1;
    body.entries[0] = (struct wire_hist_entry){second, count};
    synth_frame(&synth, type, &body, sizeof body.head + body.head.entries * unit);
    synth_end(&synth, 1, 0);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boots[0].hist_count + capture.boots[0].raw_count, series);
    CHECK_TEXT(capture.boots[0].lost.why, why);
    CHECK_EQ(boot_whole(&capture.boots[0]), series == 1);
    if (type == WIRE_RAW && CHECK_EQ(capture.boots[0].raw_count, 1)) {
        CHECK_EQ(capture.boots[0].raws[0].count, 4);
        CHECK_EQ(capture.boots[0].raws[0].samples[2], second);
    }
    capture_free(&capture);
    free(synth.bytes);
}

static void test_borders(void)
{
    parts_try(WIRE_HIST, 11, 2, 1, NULL);
    parts_try(WIRE_HIST, 10, 2, 0, "values do not rise");
    parts_try(WIRE_HIST, 11, 3, 0, "counts exceed the samples");
    parts_try(WIRE_HIST, 11, 1, 0, "counts fall short of the samples");
    parts_try(WIRE_RAW, 99, 1, 1, NULL);
}

/* A series that just stops: nothing is missing on the line, yet the boot is not whole. */
static void test_stopped(void)
{
    struct synth synth = boot_start();
    struct hist_body body = hist_sound();
    struct capture capture;

    body.head.parts = 2;
    body.head.samples = 10;
    synth_frame(&synth, WIRE_HIST, &body, sizeof body - sizeof body.entries[3]);
    synth_end(&synth, 1, 0);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boots[0].lost.incomplete, 1);
    CHECK_EQ(capture.boots[0].lost.missing + capture.boots[0].lost.malformed, 0);
    CHECK(!boot_whole(&capture.boots[0]));
    capture_free(&capture);
    free(synth.bytes);
}

/* END's own rules, and what its total says of frames that no sequence number can miss. */
static void test_end_rules(void)
{
    static const struct {
        struct wire_end end;
        bool taken;
        uint64_t missing;
        const char *why;
    } rules[] = {
        {{.frames = 1, .exit_code = EXIT_PASS}, true, 0, NULL},
        {{.frames = 1 + 65536, .exit_code = EXIT_PASS}, true, 65536, NULL},
        {{.frames = 0, .exit_code = EXIT_PASS}, false, 0, "fewer frames than were received"},
        {{.frames = 1, .exit_code = 0}, false, 0, "unknown exit code"},
        {{.frames = 1, .exit_code = EXIT_PASS, .zero = 1}, false, 0, "padding is not zero"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct synth synth = boot_start();
        struct capture capture;

        synth_frame(&synth, WIRE_END, &rules[i].end, sizeof rules[i].end);
        CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
        CHECK_EQ(capture.boots[0].has_end, rules[i].taken);
        CHECK_EQ(capture.boots[0].lost.missing, rules[i].missing);
        CHECK_TEXT(capture.boots[0].lost.why, rules[i].why);
        capture_free(&capture);
        free(synth.bytes);
    }
}

static void test_header_flags(void)
{
    struct synth synth = boot_start();
    struct wire_header header = {WIRE_TEXT, 2, synth.sequence++, synth.boot_id};
    uint8_t coded[WIRE_CODED_MAX];

    synth_bytes(&synth, coded, frame_encode(&header, "x", 1, coded));
    synth.frames++;
    expect_refused(&synth, "unknown header flags");
}

static void test_twice(void)
{
    struct synth synth = boot_start();
    struct capture capture;

    synth_hist(&synth, "R0", "whole", 5, 2);
    synth_hist(&synth, "R0", "whole", 6, 2);
    synth_calib(&synth);
    synth_calib(&synth);
    synth_end(&synth, 1, 7);
    synth_frame(&synth, WIRE_TEXT, "tach: exit 16 PASS\n", 19); /* this one may follow */
    synth_hist(&synth, "R0", "late", 6, 2);
    CHECK_EQ(capture_parse(synth.bytes, synth.size, &capture), TACH_OK);
    CHECK_EQ(capture.boots[0].hist_count, 1);
    CHECK_EQ(capture.boots[0].hists[0].entries[0].value, 5);
    CHECK_EQ(capture.boots[0].lost.malformed, 3);
    CHECK_EQ(capture.boots[0].lost.events_lost, 7);
    CHECK_EQ(capture.boots[0].text_size, 19);
    capture_free(&capture);
    free(synth.bytes);
}

/* Cut after every 97th byte: never a failure but "nothing in it", never a whole boot too many. */
static void test_truncated(void)
{
    struct synth synth = {0};
    unsigned whole = 0, unsound = 0;

    synth_capture(&synth);
    for (size_t size = 0; size < synth.size; size += 97) {
        struct capture capture;
        int status = capture_parse(synth.bytes, size, &capture);

        unsound += status != (capture.boot_count ? TACH_OK : TACH_BADDATA);
        unsound += status != TACH_OK && capture.error[0] == 0;
        for (size_t i = 0; i < capture.boot_count; i++) {
            whole += boot_whole(&capture.boots[i]);
            unsound += i + 1 < capture.boot_count && !boot_whole(&capture.boots[i]);
        }
        capture_free(&capture);
    }
    CHECK_EQ(unsound, 0);
    CHECK(whole > 100);
    free(synth.bytes);
}

static void test_files(void)
{
    static const uint8_t elf[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0\1\0\0\0";
    char path[] = "/tmp/tach-test-capture-XXXXXX";
    struct capture capture;
    int fd = mkstemp(path);

    CHECK_EQ(capture_load("/nonexistent/capture", &capture), TACH_NOINPUT);
    CHECK_TEXT(capture.error, "No such file or directory");
    capture_free(&capture);
    CHECK_EQ(capture_load("/tmp", &capture), TACH_NOINPUT);
    CHECK_TEXT(capture.error, "Is a directory");
    capture_free(&capture);
    CHECK_EQ(capture_load("/dev/null", &capture), TACH_BADDATA);
    CHECK_TEXT(capture.error, "empty");
    capture_free(&capture);
    if (CHECK(fd >= 0 && write(fd, elf, sizeof elf) == (ssize_t)sizeof elf)) {
        CHECK_EQ(capture_load(path, &capture), TACH_BADDATA);
        CHECK_TEXT(capture.error, "no whole frame in it: foreign, or damaged throughout");
        capture_free(&capture);
    }
    close(fd);
    unlink(path);
}

int main(void)
{
    test_whole();
    test_names();
    test_hist_rules();
    test_other_rules();
    test_hello_rules();
    test_parts();
    test_borders();
    test_stopped();
    test_end_rules();
    test_header_flags();
    test_twice();
    test_truncated();
    test_files();
    return check_end("test_capture");
}

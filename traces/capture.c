/* SPDX-License-Identifier: MIT
 * Puts frames together into boots (see capture.h). Each frame type has one function, which returns
 * why it refuses a frame or NULL; body.c has checked the body alone before. */
#include "traces/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "traces/again.h"
#include "traces/array.h"
#include "traces/body.h"
#include "traces/series.h"

#define READ_BYTES (256u << 10)
#define CPUS_MAX   256

struct builder {
    struct capture *capture;
    struct series series;
    uint64_t last_tsc[CPUS_MAX];
    uint64_t lost_records; /* by `lost` records of this boot */
    bool gap;              /* since its last records a frame was lost */
    bool out_of_memory;
    struct again again; /* what was sent again: known whole when the bytes are read a second time */
    bool filling;       /* that is now */
    uint32_t next, filled_to; /* numbers behind the last frame, and behind the last one filled in */
};

static struct boot *boot_now(struct builder *builder)
{
    return &builder->capture->boots[builder->capture->boot_count - 1];
}

static const char *boot_open(struct builder *builder, uint32_t boot_id)
{
    struct capture *capture = builder->capture;
    struct boot *boots = array_grow(capture->boots, capture->boot_count, 1, sizeof *capture->boots);

    if (!boots)
        return series_no_memory;
    capture->boots = boots;
    memset(&boots[capture->boot_count], 0, sizeof *boots);
    boots[capture->boot_count].boot_id = boot_id;
    boots[capture->boot_count].cmdline = calloc(1, 1);
    memset(builder->last_tsc, 0, sizeof builder->last_tsc);
    builder->lost_records = 0;
    builder->gap = false;
    return boots[capture->boot_count++].cmdline ? NULL : series_no_memory;
}

static const char *hello_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    size_t length = frame->length - sizeof boot->hello;
    char *cmdline = malloc(length + 1);

    if (!cmdline)
        return series_no_memory;
    memcpy(&boot->hello, frame->body, sizeof boot->hello);
    memcpy(cmdline, frame->body + sizeof boot->hello, length);
    cmdline[length] = 0;
    free(boot->cmdline);
    boot->cmdline = cmdline;
    boot->has_hello = true;
    return NULL;
}

static const char *calib_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);

    if (boot->has_calib)
        return "second calibration";
    memcpy(&boot->calib, frame->body, sizeof boot->calib);
    boot->has_calib = true;
    return NULL;
}

static const char *series_part(struct builder *builder, const struct frame *frame)
{
    return series_take(&builder->series, boot_now(builder), frame);
}

/* Notes the stamps and losses of a frame's records, or refuses them all. */
static const char *stamps_check(struct builder *builder, const struct frame *frame)
{
    uint64_t last[CPUS_MAX], lost = 0;
    struct trace_record record;

    memcpy(last, builder->last_tsc, sizeof last);
    for (size_t at = 0; at < frame->length; at += sizeof record) {
        memcpy(&record, frame->body + at, sizeof record);
        if (record.tsc < last[record.cpu])
            return "stamps decrease";
        last[record.cpu] = record.tsc;
        if (record.event == EV_lost)
            lost += record.arg;
    }
    memcpy(builder->last_tsc, last, sizeof last);
    builder->lost_records += lost;
    return NULL;
}

/* Notes that a frame is missing in front of what comes next. */
static const char *gap_take(struct builder *builder, struct boot *boot)
{
    size_t *gaps = array_grow(boot->gaps, boot->gap_count, 1, sizeof *gaps);

    if (!gaps)
        return series_no_memory;
    boot->gaps = gaps;
    gaps[boot->gap_count++] = boot->event_count;
    builder->gap = false;
    return NULL;
}

static const char *events_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    size_t count = frame->length / sizeof *boot->events;
    const char *why = stamps_check(builder, frame);
    struct trace_record *events;

    if (!why && builder->gap)
        why = gap_take(builder, boot);
    if (why)
        return why;
    events = array_grow(boot->events, boot->event_count, count, sizeof *events);
    if (!events)
        return series_no_memory;
    boot->events = events;
    memcpy(events + boot->event_count, frame->body, frame->length);
    boot->event_count += count;
    if (boot->lost.events_lost < builder->lost_records)
        boot->lost.events_lost = builder->lost_records;
    return NULL;
}

static const char *text_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    char *text = array_grow(boot->text, boot->text_size, frame->length, 1);

    if (!text)
        return series_no_memory;
    memcpy(text + boot->text_size, frame->body, frame->length);
    boot->text = text;
    boot->text_size += frame->length;
    return NULL;
}

static const char *count_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    struct wire_count *counts = array_grow(boot->counts, boot->count_count, 1, sizeof *counts);

    if (!counts)
        return series_no_memory;
    boot->counts = counts;
    memcpy(&counts[boot->count_count++], frame->body, sizeof *counts);
    return NULL;
}

static const char *counters_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    struct counters *counters =
        array_grow(boot->counters, boot->counters_count, 1, sizeof *counters);

    if (!counters)
        return series_no_memory;
    boot->counters = counters;
    counters += boot->counters_count++;
    memset(counters, 0, sizeof *counters);
    memcpy(&counters->head, frame->body, sizeof counters->head);
    for (uint32_t i = 0; i < counters->head.entries; i++)
        counters->list[i] = body_counter(frame, i);
    return NULL;
}

static const char *machine_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    struct wire_machine machine;

    memcpy(&machine, frame->body, sizeof machine);
    boot->machine[machine.when != 0] = machine;
    boot->has_machine[machine.when != 0] = true;
    return NULL;
}

static const char *samples_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    size_t length = frame->length - sizeof boot->sampler;
    size_t count = length / sizeof *boot->samples;
    struct wire_sample *samples =
        array_grow(boot->samples, boot->sample_count, count, sizeof *samples);

    if (!samples)
        return series_no_memory;
    boot->samples = samples;
    memcpy(&boot->sampler, frame->body, sizeof boot->sampler);
    memcpy(samples + boot->sample_count, frame->body + sizeof boot->sampler, length);
    boot->sample_count += count;
    return NULL;
}

static const char *end_take(struct builder *builder, const struct frame *frame)
{
    struct boot *boot = boot_now(builder);
    uint64_t before = boot->frames - 1;

    series_drop(&builder->series, boot);
    memcpy(&boot->end, frame->body, sizeof boot->end);
    if (boot->end.frames < before)
        return "fewer frames than were received";
    boot->has_end = true;
    /* Sequence numbers wrap; the total does not, so a long silence shows here. */
    if (boot->lost.missing < boot->end.frames - before)
        boot->lost.missing = boot->end.frames - before;
    if (boot->lost.events_lost < boot->end.events_lost)
        boot->lost.events_lost = boot->end.events_lost;
    return NULL;
}

static const char *frame_take(struct builder *builder, const struct frame *frame)
{
    static const char *(*const takes[])(struct builder *, const struct frame *) = {
        [WIRE_HELLO] = hello_take,       [WIRE_CALIB] = calib_take,
        [WIRE_HIST] = series_part,       [WIRE_RAW] = series_part,
        [WIRE_EVENTS] = events_take,     [WIRE_TEXT] = text_take,
        [WIRE_END] = end_take,           [WIRE_COUNT] = count_take,
        [WIRE_SAMPLES] = samples_take,   [WIRE_MACHINE] = machine_take,
        [WIRE_COUNTERS] = counters_take,
    };
    const char *why = body_check(frame);

    if (why)
        return why;
    /* The console may still say how the machine was left. */
    if (boot_now(builder)->has_end && frame->header.type != WIRE_TEXT)
        return "frame after the end of its boot";
    return takes[frame->header.type](builder, frame);
}

static void builder_put(struct builder *builder, const struct frame *frame)
{
    const char *why = NULL;
    struct boot *boot;

    if (builder->out_of_memory)
        return;
    if (frame->new_boot) {
        if (builder->capture->boot_count > 0)
            series_drop(&builder->series, boot_now(builder));
        why = boot_open(builder, frame->header.boot_id);
    }
    if (!why) {
        boot_now(builder)->lost.missing += frame->missing;
        boot_now(builder)->frames++;
        builder->gap = builder->gap || frame->missing > 0;
        why = frame_take(builder, frame);
    }
    builder->out_of_memory = why == series_no_memory;
    if (!why || builder->out_of_memory)
        return;
    builder->gap = true;
    boot = boot_now(builder);
    boot->lost.malformed++;
    if (!boot->lost.why)
        boot->lost.why = why;
}

/* Puts what was sent again of the numbers from `from` up to and without `to`. Returns how many. */
static uint32_t range_fill(struct builder *builder, const struct frame *gap, uint32_t from,
                           uint32_t to)
{
    const size_t boot = builder->capture->boot_count + gap->new_boot;
    const struct frame *next;
    uint32_t filled = 0;

    while (from < to && (next = again_next(&builder->again, boot, from, to)) != NULL) {
        struct frame frame = *next;

        frame.new_boot = builder->capture->boot_count < boot;
        frame.missing = frame.header.sequence - from;
        from = frame.header.sequence + 1u;
        builder_put(builder, &frame);
        filled++;
    }
    builder->filled_to = from;
    builder->capture->repaired += filled;
    return filled;
}

/* The second time: each gap is filled with what came later. */
static void builder_fill(struct builder *builder, const struct frame *frame)
{
    const uint32_t sequence = frame->header.sequence;
    struct frame rest = *frame;

    if (frame->again) { /* those behind the last one that was not lost */
        range_fill(builder, frame, builder->next, UINT16_MAX + 1u);
        builder->next = builder->filled_to;
        return;
    }
    if (frame->missing > 0 && frame->missing <= sequence) {
        uint32_t from = sequence - frame->missing;

        if (!frame->new_boot && from < builder->next) /* the END was filled in, text follows it */
            from = builder->next;
        const uint32_t filled = range_fill(builder, frame, from, sequence);

        rest.new_boot = frame->new_boot && filled == 0;
        rest.missing = sequence - builder->filled_to;
    }
    builder->next = sequence + 1u;
    builder_put(builder, &rest);
}

static void builder_frame(void *context, const struct frame *frame)
{
    struct builder *builder = context;

    if (builder->filling)
        builder_fill(builder, frame);
    else if (!frame->again)
        builder_put(builder, frame);
    else if (again_add(&builder->again, builder->capture->boot_count, frame))
        builder->out_of_memory = true;
}

static void builder_foreign(void *context, const uint8_t *bytes, size_t length)
{
    struct builder *builder = context;
    struct capture *capture = builder->capture;
    char *foreign = array_grow(capture->foreign, capture->foreign_size, length, 1);

    builder->out_of_memory = builder->out_of_memory || !foreign;
    if (!foreign)
        return;
    memcpy(foreign + capture->foreign_size, bytes, length);
    capture->foreign = foreign;
    capture->foreign_size += length;
    if (!capture->boot_count)
        capture->foreign_early = capture->foreign_size;
}

static void builder_start(struct builder *builder, struct frame_decoder *decoder,
                          struct capture *out)
{
    struct frame_sink sink = {builder_frame, builder_foreign, builder};

    memset(out, 0, sizeof *out);
    memset(builder, 0, offsetof(struct builder, again));
    builder->next = builder->filled_to = 0;
    builder->capture = out;
    frame_decoder_init(decoder, &sink);
}

static int builder_end(struct builder *builder, struct frame_decoder *decoder)
{
    struct capture *out = builder->capture;

    frame_finish(decoder);
    if (out->boot_count > 0)
        series_drop(&builder->series, boot_now(builder));
    out->counts = decoder->counts;
    if (builder->out_of_memory) {
        snprintf(out->error, sizeof out->error, "%s", series_no_memory);
        return TACH_INTERNAL;
    }
    if (out->boot_count > 0)
        return TACH_OK;
    if (frame_refused(&out->counts) > 0)
        snprintf(out->error, sizeof out->error,
                 "no whole frame in it: foreign, or damaged throughout");
    else
        snprintf(out->error, sizeof out->error, "%s",
                 out->foreign_size ? "no frame in it, only text" : "empty");
    return TACH_BADDATA;
}

int capture_parse(const uint8_t *bytes, size_t size, struct capture *out)
{
    struct frame_decoder decoder;
    struct builder builder = {.filling = false};
    int status;

    builder_start(&builder, &decoder, out);
    frame_push(&decoder, bytes, size);
    status = builder_end(&builder, &decoder);
    if (status == TACH_OK && builder.again.count > 0) {
        capture_free(out);
        again_sort(&builder.again);
        builder.filling = true;
        builder_start(&builder, &decoder, out);
        frame_push(&decoder, bytes, size);
        status = builder_end(&builder, &decoder);
    }
    again_free(&builder.again);
    return status;
}

/* Reads all of a file, to be freed; 0 or the errno that stopped it. What was read is there. */
static int bytes_read(int fd, uint8_t **bytes, size_t *size)
{
    ssize_t got = 1;

    while (got > 0) {
        uint8_t *more = array_grow(*bytes, *size, READ_BYTES, 1);

        if (!more)
            return ENOMEM;
        *bytes = more;
        got = read(fd, more + *size, READ_BYTES);
        if (got > 0)
            *size += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? errno : 0;
}

int capture_load(const char *path, struct capture *out)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = NULL;
    size_t size = 0;
    int error, status;

    error = fd < 0 ? errno : bytes_read(fd, &bytes, &size);
    if (fd >= 0 && !standard)
        close(fd);
    status = capture_parse(bytes, size, out);
    free(bytes);
    if (error == 0)
        return status;
    snprintf(out->error, sizeof out->error, "%s", strerror(error));
    return error == ENOMEM ? TACH_INTERNAL : TACH_NOINPUT;
}

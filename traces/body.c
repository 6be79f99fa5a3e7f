/* SPDX-License-Identifier: MIT
 * The checks of one frame's body, a function a type, in one table (see body.h). A body passed its
 * CRC, so what is refused here was sent wrong: the reason names the rule that it broke. */
#include "traces/body.h"

#include <string.h>

#include "kernel/abi/abi.h"

#define HIST_FLAGS  HIST_FOLDED
#define TSC_SOURCES 6

uint32_t body_abi_version(void)
{
    return ABI_VERSION;
}

bool body_text_sound(const char *field, size_t size)
{
    size_t length = strnlen(field, size);

    for (size_t i = 0; i < size; i++) {
        bool printable = field[i] >= ' ' && field[i] <= '~';

        if (i < length ? !printable : field[i] != 0)
            return false;
    }
    return true;
}

static const char *hello_check(const struct frame *frame)
{
    struct wire_hello hello;

    if (frame->length < sizeof hello)
        return "shorter than a hello";
    memcpy(&hello, frame->body, sizeof hello);
    if (frame->header.sequence != 0)
        return "hello that is not the first frame";
    if (hello.abi_version < WIRE_OLDEST || hello.abi_version > ABI_VERSION)
        return "made for another ABI version";
    if (!body_text_sound(hello.vendor, sizeof hello.vendor) ||
        !body_text_sound(hello.brand, sizeof hello.brand))
        return "vendor or brand is not padded text";
    if (hello.pti > 1 || hello.pcid > 1 || hello.trace > 1 || hello.fastpath > 1 ||
        hello.cmdline_truncated > 1)
        return "switch that is neither 0 nor 1";
    if (hello.tsc_source >= TSC_SOURCES)
        return "unknown TSC source";
    if (hello.cpus == 0)
        return "machine without a CPU";
    if (memchr(frame->body + sizeof hello, 0, frame->length - sizeof hello))
        return "NUL in the command line";
    return NULL;
}

static const char *calib_check(const struct frame *frame)
{
    return frame->length == sizeof(struct wire_calib) ? NULL : "length is not a calibration's";
}

/* What HIST and RAW share; `unit` is the size of an entry in bytes. */
static const char *series_check(const struct frame *frame, struct wire_hist *hist, size_t unit)
{
    if (frame->length < sizeof *hist)
        return "shorter than a histogram";
    memcpy(hist, frame->body, sizeof *hist);
    if (frame->length != sizeof *hist + (size_t)hist->entries * unit)
        return "length differs from the number of entries";
    if (!hist->cell[0] || !body_text_sound(hist->cell, sizeof hist->cell))
        return "cell is not padded text";
    if (!hist->metric[0] || !body_text_sound(hist->metric, sizeof hist->metric))
        return "metric is not padded text";
    if (hist->calls == 0 || hist->samples == 0 || hist->entries == 0)
        return "no calls, samples or entries";
    if (hist->part >= hist->parts)
        return "part outside of its parts";
    return hist->flags & ~HIST_FLAGS ? "unknown flags" : NULL;
}

static const char *hist_check(const struct frame *frame)
{
    struct wire_hist hist;
    const char *why = series_check(frame, &hist, sizeof(struct wire_hist_entry));
    struct wire_hist_entry before = {0, 0};
    uint64_t left;

    if (why)
        return why;
    left = hist.samples;
    for (uint32_t i = 0; i < hist.entries; i++) {
        struct wire_hist_entry entry = body_entry(frame, i);

        if (i > 0 && entry.value <= before.value)
            return "values do not rise";
        if (entry.count == 0)
            return "value that was never seen";
        if (entry.count > left)
            return "counts exceed the samples";
        left -= entry.count;
        before = entry;
    }
    return hist.parts == 1 && left != 0 ? "counts fall short of the samples" : NULL;
}

static const char *raw_check(const struct frame *frame)
{
    struct wire_hist hist;
    const char *why = series_check(frame, &hist, sizeof(uint64_t));

    if (why)
        return why;
    if (hist.entries > hist.samples)
        return "more samples than there are";
    return hist.parts == 1 && hist.entries != hist.samples ? "fewer samples than there are" : NULL;
}

static const char *events_check(const struct frame *frame)
{
    struct trace_record record;

    if (frame->length == 0 || frame->length % sizeof record != 0)
        return "length is not whole records";
    for (size_t at = 0; at < frame->length; at += sizeof record) {
        memcpy(&record, frame->body + at, sizeof record);
        if (record.event == EV_none || !body_event_name(record.event))
            return "unknown event";
    }
    return NULL;
}

static const char *text_check(const struct frame *frame)
{
    return frame->length > 0 ? NULL : "empty text";
}

static const char *end_check(const struct frame *frame)
{
    struct wire_end end;

    if (frame->length != sizeof end)
        return "length is not an end's";
    memcpy(&end, frame->body, sizeof end);
    if (end.zero != 0)
        return "padding is not zero";
    return body_exit_name(end.exit_code) ? NULL : "unknown exit code";
}

static const char *count_check(const struct frame *frame)
{
    struct wire_count count;

    if (frame->length != sizeof count)
        return "length is not a count's";
    memcpy(&count, frame->body, sizeof count);
    if (!count.cell[0] || !body_text_sound(count.cell, sizeof count.cell))
        return "cell is not padded text";
    return count.calls > 0 ? NULL : "no calls";
}

static const char *sample_check(const struct wire_sample *sample)
{
    if (sample->ring != 0 && sample->ring != 3)
        return "ring that is neither 0 nor 3";
    if (sample->depth > SAMPLE_STACK || sample->scanned > 1 || sample->zero != 0)
        return "stack deeper than there is room, or padding that is not zero";
    return body_text_sound(sample->task, sizeof sample->task) ? NULL : "task is not padded text";
}

static const char *samples_check(const struct frame *frame)
{
    struct wire_samples head;
    struct wire_sample sample, before = {0};
    const char *why = NULL;

    if (frame->length <= sizeof head || (frame->length - sizeof head) % sizeof sample != 0)
        return "length is not that of samples";
    memcpy(&head, frame->body, sizeof head);
    if ((head.source != SAMPLES_PIT_NMI && head.source != SAMPLES_PMI_NMI) || head.hz == 0)
        return "unknown source of samples";
    for (size_t at = sizeof head; at < frame->length && !why; at += sizeof sample) {
        memcpy(&sample, frame->body + at, sizeof sample);
        why = sample.tsc < before.tsc ? "stamps decrease" : sample_check(&sample);
        before = sample;
    }
    return why;
}

static const char *machine_check(const struct frame *frame)
{
    struct wire_machine machine;

    if (frame->length != sizeof machine)
        return "length is not a machine's";
    memcpy(&machine, frame->body, sizeof machine);
    if (machine.when > 1 || machine.have & ~MACHINE_KNOWN || machine.zero != 0)
        return "unknown bits, or padding that is not zero";
    if ((!(machine.have & MACHINE_SMIS) && machine.smis) ||
        (!(machine.have & MACHINE_APERF) && (machine.aperf || machine.mperf)) ||
        (!(machine.have & MACHINE_CAPABILITIES) && machine.capabilities) ||
        (!machine.pmu_version && (machine.pmu_counters || machine.pmu_bits || machine.pmu_events)))
        return "a value that was not read";
    return NULL;
}

/* Kinds that are not known here may come of a later kernel; how an entry came about may not. */
static const char *counter_check(const struct wire_counter *counter)
{
    if (counter->kind == 0 || counter->state > COUNTER_STATES_MAX)
        return "counter of no kind, or of an unknown state";
    return counter->state != COUNTER_COUNTED && (counter->count || counter->empty)
               ? "a value that was not counted"
               : NULL;
}

static const char *counters_check(const struct frame *frame)
{
    struct wire_counters head;
    const char *why = NULL;

    if (frame->length <= sizeof head)
        return "shorter than counters";
    memcpy(&head, frame->body, sizeof head);
    if (head.entries > COUNTERS_MAX ||
        frame->length != sizeof head + head.entries * sizeof(struct wire_counter))
        return "length differs from the number of counters";
    if (!head.cell[0] || !body_text_sound(head.cell, sizeof head.cell))
        return "cell is not padded text";
    if (head.calls == 0 || head.bits == 0 || head.bits > 64 || head.zero[0] || head.zero[1])
        return "no calls, counters of no width, or padding that is not zero";
    for (uint32_t i = 0; i < head.entries && !why; i++) {
        const struct wire_counter counter = body_counter(frame, i);

        why = counter_check(&counter);
    }
    return why;
}

const char *body_check(const struct frame *frame)
{
    static const char *(*const checks[])(const struct frame *) = {
        [WIRE_HELLO] = hello_check,       [WIRE_CALIB] = calib_check,
        [WIRE_HIST] = hist_check,         [WIRE_RAW] = raw_check,
        [WIRE_EVENTS] = events_check,     [WIRE_TEXT] = text_check,
        [WIRE_END] = end_check,           [WIRE_COUNT] = count_check,
        [WIRE_SAMPLES] = samples_check,   [WIRE_MACHINE] = machine_check,
        [WIRE_COUNTERS] = counters_check,
    };
    uint8_t type = frame->header.type;

    if (type >= sizeof checks / sizeof checks[0] || !checks[type])
        return "unknown frame type";
    return frame->header.flags ? "unknown header flags" : checks[type](frame);
}

const char *body_type_name(uint8_t type)
{
    switch (type) {
#define X(name, value)                                                                             \
    case value:                                                                                    \
        return #name;
        WIRE_TYPES(X)
#undef X
    }
    return NULL;
}

const char *body_event_name(uint16_t event)
{
    switch (event) {
#define X(name, value, arg, aux)                                                                   \
    case value:                                                                                    \
        return #name;
        EVENTS(X)
#undef X
    }
    return NULL;
}

const char *body_exit_name(uint32_t exit_code)
{
    switch (exit_code) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return #name;
        EXITS(X)
#undef X
    }
    return NULL;
}

const char *body_counter_name(uint32_t kind)
{
    switch (kind) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        COUNTER_KINDS(X)
#undef X
    }
    return NULL;
}

const char *body_counter_state(uint32_t state)
{
    switch (state) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        COUNTER_STATES(X)
#undef X
    }
    return NULL;
}

const char *body_call_name(uint64_t number)
{
    switch (number) {
#define X(name, cls, kind, ret, index)                                                             \
    case SYS_##name:                                                                               \
        return #name;
        SYSCALLS(X)
#undef X
    }
    return NULL;
}

const char *body_record_call(const struct trace_record *record)
{
    return record->event == EV_ph_entry || record->event == EV_ph_slow ? body_call_name(record->arg)
                                                                       : NULL;
}

struct wire_hist_entry body_entry(const struct frame *frame, uint32_t index)
{
    struct wire_hist_entry entry;

    memcpy(&entry, frame->body + sizeof(struct wire_hist) + index * sizeof entry, sizeof entry);
    return entry;
}

uint64_t body_sample(const struct frame *frame, uint32_t index)
{
    uint64_t sample;

    memcpy(&sample, frame->body + sizeof(struct wire_hist) + index * sizeof sample, sizeof sample);
    return sample;
}

struct wire_counter body_counter(const struct frame *frame, uint32_t index)
{
    struct wire_counter counter;

    memcpy(&counter, frame->body + sizeof(struct wire_counters) + index * sizeof counter,
           sizeof counter);
    return counter;
}

const char *body_sample_source(uint32_t source)
{
    return source == SAMPLES_PIT_NMI   ? "the PIT's NMI"
           : source == SAMPLES_PMI_NMI ? "the cycle counter's NMI"
                                       : "several sources";
}

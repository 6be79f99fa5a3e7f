/* SPDX-License-Identifier: MIT
 * See frames.h. */
#include "bench/guest/frames.h"
#include "servers/lib/file.h"
#include "servers/lib/string.h"

#define RECORDS_MAX (WIRE_BODY_MAX / sizeof(struct trace_record))
#define SAMPLES_MAX ((WIRE_BODY_MAX - sizeof(struct wire_hist)) / sizeof(uint64_t))
#define DRAIN_MAX   32u /* the kernel gives no more at once */

static int trace_fd = -1;
static long first_error;
static struct {
    uint8_t gap[7], type; /* so that the body is aligned */
    union {
        uint8_t bytes[WIRE_BODY_MAX];
        struct wire_hist hist;
        struct trace_record record[RECORDS_MAX];
        struct wire_count count;
    } body;
} frame, records;
static uint32_t record_count;

static void error_note(long error)
{
    if (error < 0 && first_error >= 0)
        first_error = error;
}

long frames_open(void)
{
    trace_fd = (int)file_open("trace:", O_RDWR);
    first_error = trace_fd < 0 ? trace_fd : 0;
    return first_error;
}

long frames_error(void)
{
    return first_error;
}

static void frame_send(uint8_t *type, enum wire_type value, uint64_t bytes)
{
    *type = (uint8_t)value;
    long put = file_write(trace_fd, type, 1 + bytes);
    error_note(put < 0 || (uint64_t)put == 1 + bytes ? put : -T_EIO);
}

static struct wire_hist *head_make(const struct series *what, uint64_t samples)
{
    struct wire_hist *head = &frame.body.hist;
    *head = (struct wire_hist){.samples = samples, .calls = what->calls};
    memcpy(head->cell, what->cell, strlen(what->cell));
    memcpy(head->metric, what->metric, strlen(what->metric));
    return head;
}

static uint16_t parts_of(uint64_t n, uint64_t each)
{
    return (uint16_t)((n + each - 1) / each);
}

void frames_histogram(const struct series *what, const struct histogram *h)
{
    struct wire_hist *head = head_make(what, h->samples);
    head->flags = h->folded ? HIST_FOLDED : 0;
    head->parts = parts_of(h->count, HIST_ENTRIES_MAX);
    for (uint32_t at = 0; at < h->count; at += head->entries, head->part++) {
        uint32_t left = h->count - at;
        head->entries = left < HIST_ENTRIES_MAX ? left : (uint32_t)HIST_ENTRIES_MAX;
        memcpy(frame.body.bytes + sizeof(*head), &h->entry[at],
               head->entries * sizeof(h->entry[0]));
        frame_send(&frame.type, WIRE_HIST, sizeof(*head) + head->entries * sizeof(h->entry[0]));
    }
}

void frames_samples(const struct series *what, const uint64_t *sample, uint32_t n)
{
    struct wire_hist *head = head_make(what, n);
    head->parts = parts_of(n, SAMPLES_MAX);
    for (uint32_t at = 0; at < n; at += head->entries, head->part++) {
        head->entries = n - at < SAMPLES_MAX ? n - at : (uint32_t)SAMPLES_MAX;
        memcpy(frame.body.bytes + sizeof(*head), sample + at, head->entries * sizeof(*sample));
        frame_send(&frame.type, WIRE_RAW, sizeof(*head) + head->entries * sizeof(*sample));
    }
}

void frames_count(const struct wire_count *count)
{
    frame.body.count = *count;
    frame_send(&frame.type, WIRE_COUNT, sizeof(*count));
}

void frames_counters(const struct wire_counters *head, const struct wire_counter *list)
{
    const uint64_t bytes = head->entries * sizeof(*list);
    memcpy(frame.body.bytes, head, sizeof(*head));
    memcpy(frame.body.bytes + sizeof(*head), list, bytes);
    frame_send(&frame.type, WIRE_COUNTERS, sizeof(*head) + bytes);
}

void frames_record(const struct trace_record *record)
{
    records.body.record[record_count++] = *record;
    if (record_count == RECORDS_MAX)
        frames_records_flush();
}

void frames_records_flush(void)
{
    if (record_count)
        frame_send(&records.type, WIRE_EVENTS, record_count * sizeof(struct trace_record));
    record_count = 0;
}

long frames_drain(struct trace_record *to, uint32_t max)
{
    uint32_t n = 0;
    while (max - n >= DRAIN_MAX) { /* each read leaves records of its own: the last is not full */
        long got = file_read(trace_fd, to + n, DRAIN_MAX * sizeof(*to));
        if (got < 0)
            return got;
        n += (uint32_t)((uint64_t)got / sizeof(*to));
        if ((uint64_t)got < DRAIN_MAX * sizeof(*to))
            break;
    }
    return n;
}

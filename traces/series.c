/* SPDX-License-Identifier: MIT
 * The joiner of parts (see series.h). Parts come in order, nothing of their kind between them; a
 * gap gives up the whole series, so that half of one is never taken for all of it. */
#include "traces/series.h"

#include <stdlib.h>
#include <string.h>

#include "traces/array.h"
#include "traces/body.h"

#define SERIES_MAX 4096u /* a boot; bounds the search for a second one of the same name */

const char series_no_memory[] = "out of memory";

static bool series_pending(const struct series *series)
{
    return series->head.parts != 0;
}

static void series_clear(struct series *series)
{
    free(series->items);
    memset(series, 0, sizeof *series);
}

void series_drop(struct series *series, struct boot *boot)
{
    if (series_pending(series))
        boot->lost.incomplete++;
    series_clear(series);
}

static void name_copy(char *to, const char *field, size_t size)
{
    memcpy(to, field, size);
    to[size] = 0;
}

static const char *hist_close(struct series *series, struct boot *boot)
{
    struct hist *hists = array_grow(boot->hists, boot->hist_count, 1, sizeof *hists);
    struct hist *hist;

    if (!hists)
        return series_no_memory;
    boot->hists = hists;
    hist = &hists[boot->hist_count];
    name_copy(hist->cell, series->head.cell, sizeof series->head.cell);
    name_copy(hist->metric, series->head.metric, sizeof series->head.metric);
    if (boot_hist(boot, hist->cell, hist->metric))
        return "second histogram of a metric";
    hist->samples = series->head.samples;
    hist->calls = series->head.calls;
    hist->flags = series->head.flags;
    hist->count = series->count;
    hist->entries = series->items;
    series->items = NULL;
    boot->hist_count++;
    return NULL;
}

static const char *raw_close(struct series *series, struct boot *boot)
{
    struct raw *raws = array_grow(boot->raws, boot->raw_count, 1, sizeof *raws);
    struct raw *raw;

    if (!raws)
        return series_no_memory;
    boot->raws = raws;
    raw = &raws[boot->raw_count++];
    name_copy(raw->cell, series->head.cell, sizeof series->head.cell);
    name_copy(raw->metric, series->head.metric, sizeof series->head.metric);
    raw->calls = series->head.calls;
    raw->flags = series->head.flags;
    raw->count = series->count;
    raw->samples = series->items;
    series->items = NULL;
    return NULL;
}

/* All parts are here, or those that came: hands the series over. */
static const char *series_close(struct series *series, struct boot *boot)
{
    const char *why = NULL;

    if (series->broken) {
        series_drop(series, boot);
        return NULL;
    }
    if (series->counted != series->head.samples)
        why = "counts fall short of the samples";
    else if (boot->hist_count >= SERIES_MAX || boot->raw_count >= SERIES_MAX)
        why = "more series than a boot has";
    else
        why = series->type == WIRE_RAW ? raw_close(series, boot) : hist_close(series, boot);
    series_clear(series);
    return why;
}

static bool part_follows(const struct series *series, const struct wire_hist *head, uint8_t type)
{
    const struct wire_hist *first = &series->head;

    return series->type == type && first->parts == head->parts && series->next_part <= head->part &&
           first->samples == head->samples && first->calls == head->calls &&
           first->flags == head->flags && memcmp(first->cell, head->cell, sizeof head->cell) == 0 &&
           memcmp(first->metric, head->metric, sizeof head->metric) == 0;
}

static uint64_t part_samples(const struct frame *frame, const struct wire_hist *head)
{
    uint64_t sum = 0;

    if (frame->header.type == WIRE_RAW)
        return head->entries;
    for (uint32_t i = 0; i < head->entries; i++)
        sum += body_entry(frame, i).count;
    return sum;
}

static const char *part_join(struct series *series, const struct frame *frame,
                             const struct wire_hist *head)
{
    bool raw = frame->header.type == WIRE_RAW;
    size_t unit = raw ? sizeof(uint64_t) : sizeof(struct wire_hist_entry);
    uint64_t samples = part_samples(frame, head);
    const struct wire_hist_entry *have = series->items;
    char *items;

    if (samples > head->samples - series->counted)
        return "counts exceed the samples";
    if (!raw && series->count > 0 && body_entry(frame, 0).value <= have[series->count - 1].value)
        return "values do not rise";
    items = array_grow(series->items, series->count, head->entries, unit);
    if (!items)
        return series_no_memory;
    memcpy(items + series->count * unit, frame->body + sizeof *head, head->entries * unit);
    series->items = items;
    series->count += head->entries;
    series->counted += samples;
    return NULL;
}

const char *series_take(struct series *series, struct boot *boot, const struct frame *frame)
{
    const char *why = NULL, *close_why = NULL;
    struct wire_hist head;

    memcpy(&head, frame->body, sizeof head);
    if (series_pending(series) && !part_follows(series, &head, frame->header.type))
        series_drop(series, boot);
    if (!series_pending(series)) {
        series->head = head;
        series->type = frame->header.type;
    }
    if (head.part != series->next_part)
        series->broken = true;
    if (!series->broken)
        why = part_join(series, frame, &head);
    if (why)
        series->broken = true;
    series->next_part = (uint16_t)(head.part + 1u);
    if (series->next_part == head.parts)
        close_why = series_close(series, boot);
    return why ? why : close_why;
}

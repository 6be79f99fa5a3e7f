/* SPDX-License-Identifier: MIT
 * CSV and JSON of a capture (see table.h). */
#include "traces/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "traces/body.h"
#include "traces/legs.h"

static void boot_columns(FILE *out, size_t number, const struct boot *boot)
{
    fprintf(out, "%zu,%08" PRIx32 ",%u,%u,%u,%u,", number, boot->boot_id, boot->hello.pti,
            boot->hello.pcid, boot->hello.trace, boot->hello.fastpath);
}

/* Cells and metrics are printable ASCII, but may hold a comma or a quote. */
static void cell_column(FILE *out, const char *text, size_t size)
{
    fputc('"', out);
    for (size_t i = 0; i < size && text[i]; i++)
        fprintf(out, text[i] == '"' ? "\"%c" : "%c", text[i]);
    fputs("\",", out);
}

static int hist_rows(FILE *out, size_t number, const struct boot *boot)
{
    for (size_t i = 0; i < boot->hist_count; i++) {
        const struct hist *hist = &boot->hists[i];

        for (size_t at = 0; at < hist->count; at++) {
            boot_columns(out, number, boot);
            cell_column(out, hist->cell, sizeof hist->cell);
            cell_column(out, hist->metric, sizeof hist->metric);
            fprintf(out, "%" PRIu32 ",%" PRIu64 ",%" PRIu64 "\n", hist->calls,
                    hist->entries[at].value, hist->entries[at].count);
        }
    }
    return 0;
}

static int counts_rows(FILE *out, size_t number, const struct boot *boot)
{
    for (size_t i = 0; i < boot->count_count; i++) {
        const struct wire_count *count = &boot->counts[i];

        boot_columns(out, number, boot);
        cell_column(out, count->cell, sizeof count->cell);
        fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", count->calls,
                count->traps, count->cr3_writes, count->copied_bytes);
    }
    return 0;
}

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

/* The name of a kind, or its number where nobody knows it. */
static void kind_column(FILE *out, uint32_t kind)
{
    const char *name = body_counter_name(kind);

    if (name)
        fprintf(out, "\"%s\",", name);
    else
        fprintf(out, "%" PRIu32 ",", kind);
}

static int counters_rows(FILE *out, size_t number, const struct boot *boot)
{
    for (size_t i = 0; i < boot->counters_count; i++) {
        const struct counters *counters = &boot->counters[i];

        for (uint32_t at = 0; at < counters->head.entries; at++) {
            const struct wire_counter *counter = &counters->list[at];

            boot_columns(out, number, boot);
            cell_column(out, counters->head.cell, sizeof counters->head.cell);
            fprintf(out, "%" PRIu64 ",", counters->head.calls);
            kind_column(out, counter->kind);
            fprintf(out, "\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
                    body_counter_state(counter->state), counter->event, counter->count,
                    counter->empty);
        }
    }
    return 0;
}

static int events_rows(FILE *out, size_t number, const struct boot *boot)
{
    for (size_t i = 0; i < boot->event_count; i++) {
        const struct trace_record *record = &boot->events[i];

        boot_columns(out, number, boot);
        fprintf(out, "%" PRIu64 ",%u,%" PRIu32 ",%" PRIu32 ",%s,%" PRIu64 ",%" PRIu64 ",%u,%s\n",
                record->tsc, record->cpu, record->thread & 0xFFF, record->thread >> 12,
                body_event_name(record->event), record->arg, record->aux, record->flags,
                text_or_none(body_record_call(record)));
    }
    return 0;
}

static void call_rows(FILE *out, size_t number, const struct boot *boot,
                      const struct span_call *call)
{
    struct leg_walk walk = {0};
    char name[64];
    struct leg leg;

    boot_cell_name(boot, call->cell, name, sizeof name);
    while (leg_next(boot, call, &walk, &leg)) {
        boot_columns(out, number, boot);
        cell_column(out, name, sizeof name);
        fprintf(out, "%zu,%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%s,%" PRIu64 ",%" PRIu64 ",%s\n",
                call->first, call->iteration, leg.thread & 0xFFF, leg.thread >> 12, leg.name,
                leg.begin, leg.ticks, text_or_none(leg.call));
    }
}

static int calls_rows(FILE *out, size_t number, const struct boot *boot)
{
    struct span_table table;

    if (spans_of_boot(boot, &table))
        return -1;
    for (size_t i = 0; i < table.call_count; i++)
        call_rows(out, number, boot, &table.calls[i]);
    spans_free(&table);
    return 0;
}

int table_csv(FILE *out, const struct capture *capture, enum table table)
{
    static const struct {
        const char *columns;
        int (*rows)(FILE *out, size_t number, const struct boot *boot);
    } tables[] = {
#define X(name, columns) [TABLE_##name] = {columns, name##_rows},
        TABLES(X)
#undef X
    };

    fprintf(out, "boot,boot_id,pti,pcid,trace,fastpath,%s\n", tables[table].columns);
    for (size_t i = 0; i < capture->boot_count; i++)
        if (tables[table].rows(out, i + 1, &capture->boots[i]))
            return -1;
    return 0;
}

static json_t *json_u64(uint64_t number)
{
    char text[24];

    if (number <= INT64_MAX)
        return json_integer((json_int_t)number);
    snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string(text);
}

/* Console bytes need not be UTF-8: each byte becomes the character of its number. */
static json_t *json_bytes(const char *bytes, size_t size)
{
    char *text = malloc(2 * size + 1);
    json_t *string;
    size_t length = 0;

    if (!text)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte >= 0x80)
            text[length++] = (char)(0xC0 | byte >> 6);
        text[length++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3F) : byte);
    }
    string = json_stringn(text, length);
    free(text);
    return string;
}

static json_t *json_field(const char *field, size_t size)
{
    return json_bytes(field, strnlen(field, size));
}

static json_t *hello_json(const struct boot *boot)
{
    const struct wire_hello *hello = &boot->hello;
    char build[2 * sizeof hello->build_id + 1] = "";

    for (size_t i = 0; i < sizeof hello->build_id; i++)
        snprintf(build + 2 * i, 3, "%02x", hello->build_id[i]);
    return json_pack(
        "{s:I, s:I, s:o, s:i, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:o, s:o, s:s, s:I, s:o, s:b}",
        "abi_version", (json_int_t)hello->abi_version, "abi_hash", (json_int_t)hello->abi_hash,
        "tsc_hz", json_u64(hello->tsc_hz), "tsc_source", hello->tsc_source, "pti", hello->pti,
        "pcid", hello->pcid, "trace", hello->trace, "fastpath", hello->fastpath, "cpus",
        hello->cpus, "cpu_signature", (json_int_t)hello->cpu_signature, "microcode",
        (json_int_t)hello->microcode, "vendor", json_field(hello->vendor, sizeof hello->vendor),
        "brand", json_field(hello->brand, sizeof hello->brand), "build_id", build, "free_pages",
        (json_int_t)hello->free_pages, "command_line",
        json_bytes(boot->cmdline, strlen(boot->cmdline)), "command_line_cut",
        hello->cmdline_truncated);
}

static json_t *calib_json(const struct wire_calib *calib)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "empty",
                     json_u64(calib->empty), "empty_max", json_u64(calib->empty_max), "loop_ring0",
                     json_u64(calib->loop_ring0), "quantum", json_u64(calib->quantum), "gap_max",
                     json_u64(calib->gap_max), "gap_watch", json_u64(calib->gap_watch),
                     "rdtsc_cost", json_u64(calib->rdtsc_cost), "out_cost",
                     json_u64(calib->out_cost), "cr3_cost", json_u64(calib->cr3_cost), "stamp_cost",
                     json_u64(calib->stamp_cost), "loop_ring3", json_u64(calib->loop_ring3),
                     "empty_ring3", json_u64(calib->empty_ring3));
}

static json_t *hists_json(const struct boot *boot)
{
    json_t *list = json_array();

    for (size_t i = 0; i < boot->hist_count; i++) {
        const struct hist *hist = &boot->hists[i];
        json_t *entries = json_array();

        for (size_t at = 0; at < hist->count; at++)
            json_array_append_new(entries, json_pack("[o, o]", json_u64(hist->entries[at].value),
                                                     json_u64(hist->entries[at].count)));
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:o, s:I, s:b, s:o}", "cell", hist->cell,
                                        "metric", hist->metric, "samples", json_u64(hist->samples),
                                        "calls", (json_int_t)hist->calls, "folded",
                                        (int)(hist->flags & HIST_FOLDED), "entries", entries));
    }
    return list;
}

static json_t *raws_json(const struct boot *boot)
{
    json_t *list = json_array();

    for (size_t i = 0; i < boot->raw_count; i++) {
        const struct raw *raw = &boot->raws[i];
        json_t *samples = json_array();

        for (size_t at = 0; at < raw->count; at++)
            json_array_append_new(samples, json_u64(raw->samples[at]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:o}", "cell", raw->cell, "metric",
                                              raw->metric, "calls", (json_int_t)raw->calls,
                                              "samples", samples));
    }
    return list;
}

static json_t *counts_json(const struct boot *boot)
{
    json_t *list = json_array();

    for (size_t i = 0; i < boot->count_count; i++) {
        const struct wire_count *count = &boot->counts[i];

        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:o}", "cell",
                                        json_field(count->cell, sizeof count->cell), "calls",
                                        json_u64(count->calls), "traps", json_u64(count->traps),
                                        "cr3_writes", json_u64(count->cr3_writes), "copied_bytes",
                                        json_u64(count->copied_bytes)));
    }
    return list;
}

static json_t *counters_json(const struct boot *boot)
{
    json_t *list = json_array();

    for (size_t i = 0; i < boot->counters_count; i++) {
        const struct wire_counters *head = &boot->counters[i].head;
        json_t *entries = json_array();

        for (uint32_t at = 0; at < head->entries; at++) {
            const struct wire_counter *counter = &boot->counters[i].list[at];

            json_array_append_new(
                entries,
                json_pack("{s:I, s:s?, s:I, s:s, s:o, s:o, s:o}", "kind", (json_int_t)counter->kind,
                          "name", body_counter_name(counter->kind), "state",
                          (json_int_t)counter->state, "state_name",
                          body_counter_state(counter->state), "event", json_u64(counter->event),
                          "count", json_u64(counter->count), "empty", json_u64(counter->empty)));
        }
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:o}", "cell",
                                        json_field(head->cell, sizeof head->cell), "calls",
                                        json_u64(head->calls), "ticks", json_u64(head->ticks),
                                        "ticks_empty", json_u64(head->ticks_empty), "version",
                                        head->version, "bits", head->bits, "entries", entries));
    }
    return list;
}

static json_t *events_json(const struct boot *boot)
{
    json_t *list = json_array();

    for (size_t i = 0; i < boot->event_count; i++) {
        const struct trace_record *record = &boot->events[i];

        json_array_append_new(
            list, json_pack("{s:o, s:i, s:i, s:i, s:s, s:o, s:o, s:i, s:s?}", "tsc",
                            json_u64(record->tsc), "cpu", record->cpu, "thread",
                            (int)(record->thread & 0xFFF), "task", (int)(record->thread >> 12),
                            "event", body_event_name(record->event), "arg", json_u64(record->arg),
                            "aux", json_u64(record->aux), "flags", record->flags, "syscall",
                            body_record_call(record)));
    }
    return list;
}

static json_t *end_json(const struct wire_end *end)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "frames", (json_int_t)end->frames,
                     "events_lost", (json_int_t)end->events_lost, "cells", (json_int_t)end->cells,
                     "failed", (json_int_t)end->failed, "exit_code", (json_int_t)end->exit_code,
                     "exit_name", body_exit_name(end->exit_code));
}

static json_t *losses_json(const struct boot_losses *lost)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:s?}", "missing", json_u64(lost->missing), "malformed",
                     json_u64(lost->malformed), "incomplete", json_u64(lost->incomplete),
                     "events_lost", json_u64(lost->events_lost), "why", lost->why);
}

static json_t *boot_json(const struct boot *boot)
{
    return json_pack(
        "{s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "boot_id",
        (json_int_t)boot->boot_id, "whole", (int)boot_whole(boot), "hello",
        boot->has_hello ? hello_json(boot) : json_null(), "calibration",
        boot->has_calib ? calib_json(&boot->calib) : json_null(), "histograms", hists_json(boot),
        "raw", raws_json(boot), "counts", counts_json(boot), "counters", counters_json(boot),
        "events", events_json(boot), "text", json_bytes(boot->text, boot->text_size), "end",
        boot->has_end ? end_json(&boot->end) : json_null(), "lost", losses_json(&boot->lost));
}

int table_json(FILE *out, const struct capture *capture)
{
    const struct frame_counts *counts = &capture->counts;
    json_t *boots = json_array(), *document;
    int status = -1;

    for (size_t i = 0; i < capture->boot_count; i++)
        json_array_append_new(boots, boot_json(&capture->boots[i]));
    document = json_pack(
        "{s:s, s:i, s:o, s:{s:o, s:o, s:o, s:o, s:o}, s:o}", "format", "tach capture",
        "format_version", 1, "boots", boots, "line", "frames", json_u64(counts->good), "refused",
        json_u64(frame_refused(counts)), "missing", json_u64(counts->missing), "duplicates",
        json_u64(counts->duplicates), "foreign_bytes", json_u64(counts->foreign_bytes), "foreign",
        json_bytes(capture->foreign, capture->foreign_size));
    if (document && json_array_size(boots) == capture->boot_count)
        status = json_dumpf(document, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF ? 0 : -1;
    json_decref(document);
    return status;
}

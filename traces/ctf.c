/* SPDX-License-Identifier: MIT
 * CTF 1.8 writer (see ctf.h). The metadata is made from EVENTS(X), so an event that is added to the
 * table is in the export. Events for the views of others come before the record they follow from. A
 * packet holds records between two losses: events_discarded is then true for the place where it
 * stands, and so is a gap in the packets' numbers where frames were lost. */
#include "traces/ctf.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "kernel/abi/syscalls.h"
#include "traces/ctf_views.h"
#include "traces/say.h"

#define PACKET_MAGIC  0xC1FC1FC1u
#define PACKET_EVENTS 4096u
#define EVENT_BYTES   36u /* at most: id 2, stamp 8, arg 8, aux 8, thread 4, task 4, flags 1 */
#define CPUS_MAX      256u
#define FIELD_CALL    "call" /* a field of that meaning has the name of a system call beside it */

struct event_shape {
    const char *name, *arg, *aux; /* "" where the number means nothing */
};

static const struct event_shape shapes[EV_COUNT] = {
#define X(name, value, arg, aux) [value] = {#name, arg, aux},
    EVENTS(X)
#undef X
};

/* Header and context of a packet, written as they stand up to `cpu`, the last field. */
struct packet_head {
    uint32_t magic, stream_id;
    uint64_t begin, end, content_bits, packet_bits, discarded, number;
    uint32_t cpu;
};
#define HEAD_BYTES (offsetof(struct packet_head, cpu) + sizeof(uint32_t))
_Static_assert(HEAD_BYTES == 60, "packet header and context without padding");

struct stream {
    FILE *file;
    struct packet_head head;
    uint8_t bytes[PACKET_EVENTS * (EVENT_BYTES + VIEW_BYTES)];
    size_t size, events;
    uint32_t thread; /* who has the CPU */
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A meaning becomes a TSDL identifier: its words, joined by underscores. None starts with a digit.
 */
static void field_print(FILE *out, const char *name)
{
    bool first = true;

    if (!*name)
        return;
    fputs(strcmp(name, FIELD_CALL) == 0 ? " call_t " : " uint64_t ", out);
    while (*name) {
        if (!is_word(*name)) {
            name++;
            continue;
        }
        if (!first || (*name >= '0' && *name <= '9'))
            fputc('_', out);
        first = false;
        for (; is_word(*name); name++)
            fputc(*name, out);
    }
    fputc(';', out);
}

static void quoted_print(FILE *out, const char *key, const char *text, size_t size)
{
    fprintf(out, "\t%s = \"", key);
    for (size_t i = 0; i < size && text[i]; i++) {
        if (text[i] == '"' || text[i] == '\\')
            fputc('\\', out);
        fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', out);
    }
    fputs("\";\n", out);
}

static void environment_print(FILE *out, const struct boot *boot)
{
    const struct wire_hello *hello = &boot->hello;

    fprintf(out,
            "env {\n\tdomain = \"kernel\";\n\ttracer_name = \"tach\";\n\tboot_id = %" PRIu32
            ";\n\tpti = %u;\n\tpcid = %u;\n\tfastpath = %u;\n\ttsc_source = %u;\n",
            boot->boot_id, hello->pti, hello->pcid, hello->fastpath, hello->tsc_source);
    quoted_print(out, "cpu_vendor", hello->vendor, sizeof hello->vendor);
    quoted_print(out, "cpu_brand", hello->brand, sizeof hello->brand);
    quoted_print(out, "command_line", boot->cmdline, strlen(boot->cmdline));
    fputs("};\n\n", out);
}

static void metadata_print(FILE *out, const struct boot *boot)
{
    /* A clock needs a rate; without a known one a tick is shown as a nanosecond. */
    uint64_t hz = boot->hello.tsc_hz ? boot->hello.tsc_hz : 1000000000u;

    fputs("/* CTF 1.8 */\n\n", out);
    for (unsigned bits = 8; bits <= 64; bits *= 2)
        fprintf(out, "typealias integer { size = %u; align = 8; signed = false; } := uint%u_t;\n",
                bits, bits);
    fputs("\ntrace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n\tpacket.header := struct {"
          " uint32_t magic; uint32_t stream_id; };\n};\n\n",
          out);
    environment_print(out, boot);
    fprintf(out,
            "clock {\n\tname = tsc;\n\tdescription = \"time stamp counter\";\n\tfreq = %" PRIu64
            ";\n\toffset = 0;\n};\n\n"
            "typealias integer { size = 64; align = 8; signed = false; map = clock.tsc.value; } "
            ":= tsc_t;\n\n"
            "stream {\n\tid = 0;\n\tpacket.context := struct { tsc_t timestamp_begin; "
            "tsc_t timestamp_end; uint64_t content_size; uint64_t packet_size; "
            "uint64_t events_discarded; uint64_t packet_seq_num; uint32_t cpu_id; };\n"
            "\tevent.header := struct { uint16_t id; tsc_t timestamp; };\n};\n",
            hz);
    fputs("\ntypealias enum : uint64_t {", out);
#define X(name, cls, kind, ret, index) fprintf(out, " \"" #name "\" = %u,", SYS_##name);
    SYSCALLS(X)
#undef X
    fputs(" } := call_t;\n", out);
    for (unsigned i = 0; i < EV_COUNT; i++) {
        if (!shapes[i].name || i == EV_none)
            continue;
        fprintf(out,
                "\nevent {\n\tid = %u;\n\tstream_id = 0;\n\tname = \"%s\";\n\tfields := struct {",
                i, shapes[i].name);
        field_print(out, shapes[i].arg);
        field_print(out, shapes[i].aux);
        fputs(" uint32_t thread; uint32_t task; uint8_t flags; };\n};\n", out);
    }
    view_describe(out);
}

static void bytes_put(struct stream *stream, const void *bytes, size_t size)
{
    memcpy(stream->bytes + stream->size, bytes, size);
    stream->size += size;
}

static void packet_flush(struct stream *stream)
{
    struct packet_head *head = &stream->head;

    head->content_bits = head->packet_bits = (HEAD_BYTES + stream->size) * 8;
    fwrite(head, HEAD_BYTES, 1, stream->file);
    fwrite(stream->bytes, 1, stream->size, stream->file);
    head->number++;
    head->begin = head->end;
    stream->size = stream->events = 0;
}

/* A frame is missing here: a number that no packet has is how a reader sees that. */
static void packet_skip(struct stream *stream)
{
    if (stream->events > 0)
        packet_flush(stream);
    stream->head.number += stream->head.number > 0;
}

static void event_put(struct stream *stream, const struct trace_record *record)
{
    const struct event_shape *shape = &shapes[record->event];
    uint32_t thread = record->thread & 0xFFF, task = record->thread >> 12;

    if (stream->events == 0)
        stream->head.begin = record->tsc;
    stream->head.end = record->tsc;
    stream->size += view_make(record, &stream->thread, stream->bytes + stream->size);
    bytes_put(stream, &record->event, sizeof record->event);
    bytes_put(stream, &record->tsc, sizeof record->tsc);
    if (*shape->arg)
        bytes_put(stream, &record->arg, sizeof record->arg);
    if (*shape->aux)
        bytes_put(stream, &record->aux, sizeof record->aux);
    bytes_put(stream, &thread, sizeof thread);
    bytes_put(stream, &task, sizeof task);
    bytes_put(stream, &record->flags, sizeof record->flags);
    stream->events++;
}

/* Writes one CPU's records. `lost` is what the boot lost in all: what no record tells of is put
 * behind the last one. */
static void stream_fill(struct stream *stream, const struct boot *boot, unsigned cpu, uint64_t lost)
{
    struct packet_head *head = &stream->head;
    size_t gap = 0;
    bool hole = false; /* since this CPU's last record */

    for (size_t i = 0; i < boot->event_count; i++) {
        const struct trace_record *record = &boot->events[i];

        for (; gap < boot->gap_count && boot->gaps[gap] <= i; gap++)
            hole = true;
        if (record->cpu != cpu)
            continue;
        if (hole)
            packet_skip(stream);
        hole = false;
        /* A reader sees losses as the growth of the count, so there is a packet before any. */
        if (record->event == EV_lost && head->number == 0 && stream->events == 0)
            head->begin = head->end = record->tsc;
        if (stream->events == PACKET_EVENTS || record->event == EV_lost)
            packet_flush(stream);
        if (record->event == EV_lost)
            head->discarded += record->arg;
        event_put(stream, record);
    }
    packet_flush(stream);
    if (head->discarded >= lost)
        return;
    head->discarded = lost;
    packet_flush(stream);
}

static int stream_write(const char *verb, const char *directory, const struct boot *boot,
                        unsigned cpu, uint64_t lost)
{
    struct stream *stream = calloc(1, sizeof *stream);
    char path[4096];
    int status;

    snprintf(path, sizeof path, "%s/cpu-%u", directory, cpu);
    if (!stream)
        return say_error(TACH_INTERNAL, verb, path, "out of memory");
    stream->head = (struct packet_head){.magic = PACKET_MAGIC, .cpu = cpu};
    stream->thread = UINT32_MAX;
    stream->file = file_create(verb, path);
    if (stream->file)
        stream_fill(stream, boot, cpu, lost);
    status = stream->file ? file_finish(verb, path, stream->file) : TACH_CANTCREATE;
    free(stream);
    return status;
}

static int metadata_write(const char *verb, const char *directory, const struct boot *boot)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/metadata", directory);
    file = file_create(verb, path);
    if (!file)
        return TACH_CANTCREATE;
    metadata_print(file, boot);
    return file_finish(verb, path, file);
}

static int boot_write(const char *verb, const char *directory, const struct boot *boot)
{
    bool seen[CPUS_MAX] = {false};
    uint64_t lost = boot->lost.events_lost;
    int status;

    if (mkdir(directory, 0755) != 0)
        return say_error(TACH_CANTCREATE, verb, directory, "%s", strerror(errno));
    for (size_t i = 0; i < boot->event_count; i++)
        seen[boot->events[i].cpu] = true;
    status = metadata_write(verb, directory, boot);
    for (unsigned cpu = 0; cpu < CPUS_MAX && status == TACH_OK; cpu++) {
        if (!seen[cpu])
            continue;
        status = stream_write(verb, directory, boot, cpu, lost);
        lost = 0; /* END does not say on which CPU: told once */
    }
    return status;
}

int ctf_write(const char *verb, const char *directory, const struct capture *capture)
{
    int status = file_directory(verb, directory);
    size_t written = 0;
    char path[4000];

    if (strlen(directory) > sizeof path - 32)
        return say_error(TACH_CANTCREATE, verb, directory, "%s", strerror(ENAMETOOLONG));
    for (size_t i = 0; i < capture->boot_count && status == TACH_OK; i++) {
        if (capture->boots[i].event_count == 0)
            continue;
        snprintf(path, sizeof path, "%s/boot-%zu", directory, i + 1);
        status = boot_write(verb, path, &capture->boots[i]);
        written++;
    }
    if (status == TACH_OK && written == 0)
        return say_error(TACH_BADDATA, verb, directory, "no trace record to write");
    return status;
}

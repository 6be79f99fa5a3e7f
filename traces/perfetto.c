/* SPDX-License-Identifier: MIT
 * Perfetto's track events (see perfetto.h), field numbers after its trace_packet.proto. Events of a
 * CPU are a sequence of their own, in the order of their stamps: a slice that ends where the next
 * begins is closed first. */
#include "traces/perfetto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/body.h"
#include "traces/legs.h"
#include "traces/protobuf.h"

#define TRACE_PACKET      1u
#define PACKET_TIMESTAMP  8u
#define PACKET_SEQUENCE   10u
#define PACKET_EVENT      11u
#define PACKET_TRACK      60u
#define TRACK_UUID        1u
#define TRACK_PROCESS     3u
#define TRACK_THREAD      4u
#define TRACK_PARENT      5u
#define PROCESS_PID       1u
#define PROCESS_COMMAND   2u
#define PROCESS_NAME      6u
#define THREAD_PID        1u
#define THREAD_TID        2u
#define THREAD_NAME       5u
#define EVENT_ANNOTATION  4u
#define EVENT_TYPE        9u
#define EVENT_TRACK       11u
#define EVENT_CATEGORY    22u
#define EVENT_NAME        23u
#define EVENT_FLOW        47u
#define EVENT_FLOW_END    48u
#define ANNOTATION_NUMBER 3u
#define ANNOTATION_TEXT   6u
#define ANNOTATION_NAME   10u
#define TYPE_BEGIN        1u
#define TYPE_END          2u
#define TYPE_INSTANT      3u
#define THREAD_WORDS      (1u << 12) /* thread slots: the low bits of a record's thread */
#define COMMAND_MAX       500u

struct writer {
    FILE *out;
    const struct boot *boot;
    uint64_t process; /* number of the boot in the file, from 1 */
    uint64_t flow;    /* last id given */
    uint64_t cpu;
};

/* One event of a track. */
struct mark {
    uint64_t stamp, type;
    uint32_t thread;
    const char *name; /* NULL: an end */
    uint64_t flow_out, flow_in;
    const char *label; /* of the number beside it; NULL: none */
    uint64_t number;
    const char *call; /* the system call; NULL: none */
};

static uint64_t track_uuid(const struct writer *writer, uint32_t thread)
{
    return writer->process << 33 | (thread == LEG_THREAD_NONE ? 0 : (uint64_t)thread + 1);
}

static void packet_write(const struct writer *writer, const struct protobuf *packet)
{
    struct protobuf trace = {0};

    protobuf_message(&trace, TRACE_PACKET, packet);
    fwrite(trace.bytes, 1, trace.size, writer->out);
}

static void track_write(const struct writer *writer, const struct protobuf *track)
{
    struct protobuf packet = {0};

    protobuf_number(&packet, PACKET_SEQUENCE, 1);
    protobuf_message(&packet, PACKET_TRACK, track);
    packet_write(writer, &packet);
}

static void process_write(const struct writer *writer)
{
    const struct boot *boot = writer->boot;
    struct protobuf process = {0}, track = {0};
    char name[96], command[COMMAND_MAX];

    snprintf(name, sizeof name, "boot %" PRIu64 " (pti=%s, pcid=%s; 1 ns is 1 tick)",
             writer->process, boot->hello.pti ? "on" : "off", boot->hello.pcid ? "on" : "off");
    snprintf(command, sizeof command, "%s", boot->cmdline);
    protobuf_number(&process, PROCESS_PID, writer->process);
    protobuf_text(&process, PROCESS_COMMAND, command);
    protobuf_text(&process, PROCESS_NAME, name);
    protobuf_number(&track, TRACK_UUID, track_uuid(writer, LEG_THREAD_NONE));
    protobuf_message(&track, TRACK_PROCESS, &process);
    track_write(writer, &track);
}

static void thread_write(const struct writer *writer, uint32_t word)
{
    struct protobuf thread = {0}, track = {0};
    char name[48];

    snprintf(name, sizeof name, "thread %u of task %u", word % THREAD_WORDS, word / THREAD_WORDS);
    protobuf_number(&thread, THREAD_PID, writer->process);
    protobuf_number(&thread, THREAD_TID, word & INT32_MAX); /* of another type it is refused */
    protobuf_text(&thread, THREAD_NAME, name);
    protobuf_number(&track, TRACK_UUID, track_uuid(writer, word));
    protobuf_number(&track, TRACK_PARENT, track_uuid(writer, LEG_THREAD_NONE));
    protobuf_message(&track, TRACK_THREAD, &thread);
    track_write(writer, &track);
}

static int word_order(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* A track for each thread that a record names. Returns -1 when memory is out. */
static int threads_write(const struct writer *writer)
{
    const size_t count = writer->boot->event_count;
    uint32_t *words = calloc(count, sizeof *words);

    if (!words)
        return -1;
    for (size_t i = 0; i < count; i++)
        words[i] = writer->boot->events[i].thread;
    qsort(words, count, sizeof *words, word_order);
    for (size_t i = 0; i < count; i++)
        if (words[i] != LEG_THREAD_NONE && (i == 0 || words[i] != words[i - 1]))
            thread_write(writer, words[i]);
    free(words);
    return 0;
}

static void annotation_put(struct protobuf *event, const char *name, uint64_t number)
{
    struct protobuf annotation = {0};

    protobuf_text(&annotation, ANNOTATION_NAME, name);
    protobuf_number(&annotation, ANNOTATION_NUMBER, number);
    protobuf_message(event, EVENT_ANNOTATION, &annotation);
}

static void syscall_put(struct protobuf *event, const char *call)
{
    struct protobuf annotation = {0};

    protobuf_text(&annotation, ANNOTATION_NAME, "syscall");
    protobuf_text(&annotation, ANNOTATION_TEXT, call);
    protobuf_message(event, EVENT_ANNOTATION, &annotation);
}

static void mark_write(const struct writer *writer, const struct mark *mark)
{
    struct protobuf event = {0}, packet = {0};

    if (mark->label && *mark->label)
        annotation_put(&event, mark->label, mark->number);
    if (mark->call)
        syscall_put(&event, mark->call);
    protobuf_number(&event, EVENT_TYPE, mark->type);
    protobuf_number(&event, EVENT_TRACK, track_uuid(writer, mark->thread));
    if (mark->name) {
        protobuf_text(&event, EVENT_CATEGORY, "ipc");
        protobuf_text(&event, EVENT_NAME, mark->name);
    }
    if (mark->flow_out)
        protobuf_fixed(&event, EVENT_FLOW, mark->flow_out);
    if (mark->flow_in)
        protobuf_fixed(&event, EVENT_FLOW_END, mark->flow_in);
    protobuf_number(&packet, PACKET_TIMESTAMP, mark->stamp);
    protobuf_number(&packet, PACKET_SEQUENCE, writer->cpu + 1);
    protobuf_message(&packet, PACKET_EVENT, &event);
    packet_write(writer, &packet);
}

/* The call's slice on its client's track, and each leg inside it or on the track of the service;
 * the leg that hands over and the one that takes over share a flow. */
static void call_write(struct writer *writer, const struct span_call *call)
{
    const struct boot *boot = writer->boot;
    const uint32_t client = boot->events[call->first].thread;
    struct leg_walk walk = {0};
    char name[64];
    struct leg leg;

    writer->cpu = boot->events[call->first].cpu;
    boot_cell_name(boot, call->cell, name, sizeof name);
    mark_write(writer, &(struct mark){.stamp = call->start,
                                      .type = TYPE_BEGIN,
                                      .thread = client,
                                      .name = name,
                                      .label = "iteration",
                                      .number = call->iteration});
    while (leg_next(boot, call, &walk, &leg)) {
        const uint64_t taken = leg.arrives ? writer->flow : 0;

        writer->flow += leg.leaves;
        mark_write(writer, &(struct mark){.stamp = leg.begin,
                                          .type = TYPE_BEGIN,
                                          .thread = leg.thread,
                                          .name = leg.name,
                                          .flow_out = leg.leaves ? writer->flow : 0,
                                          .flow_in = taken,
                                          .label = "ticks",
                                          .number = leg.ticks,
                                          .call = leg.call});
        mark_write(writer, &(struct mark){
                               .stamp = leg.begin + leg.ticks,
                               .type = TYPE_END,
                               .thread = leg.thread,
                           });
    }
    mark_write(writer, &(struct mark){
                           .stamp = call->start + call->whole, .type = TYPE_END, .thread = client});
}

/* What is no stamp of a call: the steps of the boot, interrupts, faults, losses. */
static void instants_write(struct writer *writer)
{
    static const char *const labels[EV_COUNT] = {
#define X(name, value, arg, aux) [value] = arg,
        EVENTS(X)
#undef X
    };

    for (size_t i = 0; i < writer->boot->event_count; i++) {
        const struct trace_record *record = &writer->boot->events[i];

        if (record->event >= EV_ph_entry && record->event <= EV_server_end)
            continue;
        writer->cpu = record->cpu;
        mark_write(writer, &(struct mark){.stamp = record->tsc,
                                          .type = TYPE_INSTANT,
                                          .thread = record->thread,
                                          .name = body_event_name(record->event),
                                          .label = labels[record->event],
                                          .number = record->arg});
    }
}

static int boot_write(struct writer *writer)
{
    struct span_table table;

    if (spans_of_boot(writer->boot, &table))
        return -1;
    process_write(writer);
    const int status = threads_write(writer);
    instants_write(writer);
    for (size_t i = 0; i < table.call_count; i++)
        call_write(writer, &table.calls[i]);
    spans_free(&table);
    return status;
}

int perfetto_write(FILE *out, const struct capture *capture)
{
    struct writer writer = {.out = out};
    int written = 0;

    for (size_t i = 0; i < capture->boot_count; i++) {
        writer.boot = &capture->boots[i];
        writer.process = i + 1;
        if (writer.boot->event_count == 0)
            continue;
        if (boot_write(&writer))
            return -1;
        written++;
    }
    return written;
}

/* SPDX-License-Identifier: MIT
 * The verb dump: every frame of a capture as text, a line a frame and indented lines for what is in
 * it; names come from the X-tables. Invariant: a frame is printed as it came, also one that breaks
 * a rule, with the rule beside it; text from outside is escaped. The losses stand at the end. */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/verbs.h"
#include "kernel/abi/boot.h"
#include "kernel/abi/events.h"
#include "traces/body.h"
#include "traces/capture.h"
#include "traces/say.h"

#define VERB        "dump"
#define CAPTURE_MAX (1u << 30)

struct dump {
    const char *path;
    uint8_t type; /* only frames of this type; 0: all */
    bool brief;   /* a line a frame, nothing of its inside */
    uint64_t number;
};

static void hello_print(const struct frame *frame)
{
    static const char *const sources[] = {"unknown", "CPUID 15h",  "CPUID 16h",
                                          "PIT",     "ACPI timer", "hint"};
    struct wire_hello hello;

    memcpy(&hello, frame->body, sizeof hello);
    printf("  abi %" PRIu32 " (tables %08" PRIx32 "), %u cpus, signature %" PRIx32
           ", microcode %" PRIx32 ", ",
           hello.abi_version, hello.abi_hash, hello.cpus, hello.cpu_signature, hello.microcode);
    say_field(stdout, hello.vendor, sizeof hello.vendor);
    fputs(", ", stdout);
    say_field(stdout, hello.brand, sizeof hello.brand);
    printf("\n  tsc %" PRIu64 " Hz by %s; pti %u, pcid %u, trace %u, fastpath %u; %" PRIu32
           " free pages; build ",
           hello.tsc_hz, sources[hello.tsc_source], hello.pti, hello.pcid, hello.trace,
           hello.fastpath, hello.free_pages);
    for (size_t i = 0; i < sizeof hello.build_id; i++)
        printf("%02x", hello.build_id[i]);
    fputs("\n  words: ", stdout);
    say_text(stdout, (const char *)frame->body + sizeof hello, frame->length - sizeof hello);
    puts(hello.cmdline_truncated ? " (cut)" : "");
}

static void calib_print(const struct frame *frame)
{
    static const char *const names[] = {"empty",    "empty_max",  "loop_ring0", "quantum",
                                        "gap_max",  "gap_watch",  "rdtsc_cost", "out_cost",
                                        "cr3_cost", "stamp_cost", "loop_ring3", "empty_ring3"};
    uint64_t values[sizeof names / sizeof names[0]];

    _Static_assert(sizeof values == sizeof(struct wire_calib), "a name for each number");
    memcpy(values, frame->body, sizeof values);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        printf("%s%s %" PRIu64 "%s", i % 6 == 0 ? "  " : ", ", names[i], values[i],
               i % 6 == 5 ? "\n" : "");
}

static void hist_print(const struct frame *frame)
{
    struct wire_hist hist;
    bool raw = frame->header.type == WIRE_RAW;

    memcpy(&hist, frame->body, sizeof hist);
    fputs("  ", stdout);
    say_field(stdout, hist.cell, sizeof hist.cell);
    fputc(' ', stdout);
    say_field(stdout, hist.metric, sizeof hist.metric);
    printf(": %" PRIu64 " samples of %" PRIu32 " calls, part %u of %u%s\n   ", hist.samples,
           hist.calls, hist.part + 1u, hist.parts, hist.flags & HIST_FOLDED ? ", folded" : "");
    for (uint32_t i = 0; i < hist.entries; i++) {
        struct wire_hist_entry entry = {raw ? body_sample(frame, i) : 0, 1};

        if (!raw)
            entry = body_entry(frame, i);
        printf(" %" PRIu64, entry.value);
        if (!raw)
            printf("x%" PRIu64, entry.count);
    }
    puts("");
}

/* A record's number with what the table calls it; numbers without a name are padding. */
static void argument_print(const char *name, uint64_t value)
{
    if (*name)
        printf("  %s %" PRIu64 " (0x%" PRIx64 ")", name, value, value);
}

static void record_print(const struct trace_record *record)
{
    static const struct {
        const char *name, *arg, *aux;
    } events[EV_COUNT] = {
#define X(name, value, arg, aux) [value] = {#name, arg, aux},
        EVENTS(X)
#undef X
    };

    printf("  %20" PRIu64 " cpu %u ", record->tsc, record->cpu);
    if (record->thread == UINT32_MAX)
        fputs("thread -", stdout);
    else
        printf("thread %" PRIu32 " task %" PRIu32, record->thread & 0xFFF, record->thread >> 12);
    printf(" %s", events[record->event].name);
    argument_print(events[record->event].arg, record->arg);
    argument_print(events[record->event].aux, record->aux);
    if (record->flags)
        printf("  flags 0x%x", record->flags);
    puts("");
}

static void events_print(const struct frame *frame)
{
    struct trace_record record;

    for (size_t at = 0; at < frame->length; at += sizeof record) {
        memcpy(&record, frame->body + at, sizeof record);
        record_print(&record);
    }
}

static void text_print(const struct frame *frame)
{
    fputs("  \"", stdout);
    say_text(stdout, (const char *)frame->body, frame->length);
    puts("\"");
}

static void end_print(const struct frame *frame)
{
    struct wire_end end;

    memcpy(&end, frame->body, sizeof end);
    printf("  %" PRIu32 " frames before, %" PRIu32 " events lost, %" PRIu32 " cells, %" PRIu32
           " failed, exit %" PRIu32 " %s\n",
           end.frames, end.events_lost, end.cells, end.failed, end.exit_code,
           body_exit_name(end.exit_code));
}

static void count_print(const struct frame *frame)
{
    struct wire_count count;

    memcpy(&count, frame->body, sizeof count);
    fputs("  ", stdout);
    say_field(stdout, count.cell, sizeof count.cell);
    printf(": %" PRIu64 " calls, %" PRIu64 " traps, %" PRIu64 " CR3 writes, %" PRIu64
           " bytes copied\n",
           count.calls, count.traps, count.cr3_writes, count.copied_bytes);
}

static void machine_print(const struct frame *frame)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } words[] = {{MACHINE_X2APIC, "x2apic"},
                 {MACHINE_DEADLINE, "tsc-deadline"},
                 {MACHINE_INVARIANT, "invariant-tsc"},
                 {MACHINE_GUEST, "guest"}};
    struct wire_machine m;

    memcpy(&m, frame->body, sizeof m);
    printf("  %s:", m.when ? "end" : "beginning");
    if (m.have & MACHINE_SMIS)
        printf(" SMIs %" PRIu64, m.smis);
    if (m.have & MACHINE_APERF)
        printf(" APERF %" PRIu64 " MPERF %" PRIu64, m.aperf, m.mperf);
    if (m.have & MACHINE_CAPABILITIES)
        printf(" capabilities 0x%" PRIx64, m.capabilities);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (m.have & words[i].bit)
            printf(" %s", words[i].name);
    printf(" pmu %u: %u counters of %u bits, events 0x%" PRIx32 "\n", m.pmu_version, m.pmu_counters,
           m.pmu_bits, m.pmu_events);
}

static void samples_print(const struct frame *frame)
{
    struct wire_samples head;
    struct wire_sample sample;

    memcpy(&head, frame->body, sizeof head);
    printf("  %" PRIu32 " Hz by %s; so far %" PRIu64 " taken, %" PRIu64 " lost, %" PRIu64
           " held, %" PRIu64 " ticks spent\n",
           head.hz, body_sample_source(head.source), head.taken, head.lost, head.held, head.spent);
    for (size_t at = sizeof head; at < frame->length; at += sizeof sample) {
        memcpy(&sample, frame->body + at, sizeof sample);
        printf("  %20" PRIu64 " ring %u tid %" PRIu32 " ", sample.tsc, sample.ring, sample.tid);
        say_field(stdout, sample.task, sizeof sample.task);
        printf(" rip 0x%" PRIx64 "%s", sample.rip, sample.depth ? " called from, perhaps," : "");
        for (unsigned i = 0; i < sample.depth; i++)
            printf(" 0x%" PRIx64, sample.stack[i]);
        puts("");
    }
}

static void counter_print(const struct wire_counter *counter)
{
    const char *name = body_counter_name(counter->kind);

    if (name)
        printf("  %s: ", name);
    else
        printf("  kind %" PRIu32 ": ", counter->kind);
    if (counter->state != COUNTER_COUNTED)
        fputs(body_counter_state(counter->state), stdout);
    else
        printf("%" PRIu64 ", empty %" PRIu64, counter->count, counter->empty);
    if (counter->event & COUNTER_FIXED)
        printf(", fixed counter %u", (unsigned)(counter->event & 0xFF));
    else if (counter->event)
        printf(", event 0x%" PRIx64, counter->event);
    puts("");
}

static void counters_print(const struct frame *frame)
{
    struct wire_counters head;

    memcpy(&head, frame->body, sizeof head);
    fputs("  ", stdout);
    say_field(stdout, head.cell, sizeof head.cell);
    printf(": %" PRIu64 " calls, %" PRIu64 " ticks, empty %" PRIu64
           "; counters of version %u, %u bits\n",
           head.calls, head.ticks, head.ticks_empty, head.version, head.bits);
    for (uint32_t i = 0; i < head.entries; i++) {
        const struct wire_counter counter = body_counter(frame, i);

        counter_print(&counter);
    }
}

static void frame_print(void *context, const struct frame *frame)
{
    static void (*const prints[])(const struct frame *) = {
        [WIRE_HELLO] = hello_print,       [WIRE_CALIB] = calib_print,
        [WIRE_HIST] = hist_print,         [WIRE_RAW] = hist_print,
        [WIRE_EVENTS] = events_print,     [WIRE_TEXT] = text_print,
        [WIRE_END] = end_print,           [WIRE_COUNT] = count_print,
        [WIRE_SAMPLES] = samples_print,   [WIRE_MACHINE] = machine_print,
        [WIRE_COUNTERS] = counters_print,
    };
    struct dump *dump = context;
    const char *why = body_check(frame), *name = body_type_name(frame->header.type);

    dump->number++;
    if (dump->type != 0 && dump->type != frame->header.type)
        return;
    if (frame->missing > 0)
        printf("-- %" PRIu32 " frames missing\n", frame->missing);
    printf("%" PRIu64 " boot %08" PRIx32 " #%u %s %zu bytes%s%s\n", dump->number,
           frame->header.boot_id, frame->header.sequence, name ? name : "?", frame->length,
           why ? ", MALFORMED: " : "", why ? why : "");
    if (!why && !dump->brief)
        prints[frame->header.type](frame);
}

static void foreign_print(void *context, const uint8_t *bytes, size_t length)
{
    const struct dump *dump = context;

    if (dump->type != 0 || dump->brief)
        return;
    fputs("-- foreign \"", stdout);
    say_text(stdout, (const char *)bytes, length);
    puts("\"");
}

static void counts_print(const struct frame_counts *counts)
{
    printf("frames %" PRIu64 ", boots %" PRIu64 "; lost: %" PRIu64 " missing, %" PRIu64
           " bad CRC, %" PRIu64 " bad COBS, %" PRIu64 " bad header, %" PRIu64
           " oversize; duplicates %" PRIu64 "; foreign bytes %" PRIu64 "\n",
           counts->good, counts->boots, counts->missing, counts->bad_crc, counts->bad_cobs,
           counts->bad_header, counts->oversize, counts->duplicates, counts->foreign_bytes);
}

static int dump_print(struct dump *dump)
{
    struct frame_sink sink = {frame_print, foreign_print, dump};
    const char *path = strcmp(dump->path, "-") ? dump->path : "/dev/stdin";
    static struct frame_decoder decoder;
    struct capture capture;
    char *bytes;
    size_t size;
    int status = file_read(VERB, path, CAPTURE_MAX, &bytes, &size);

    if (status != TACH_OK)
        return status;
    frame_decoder_init(&decoder, &sink);
    frame_push(&decoder, (const uint8_t *)bytes, size);
    frame_finish(&decoder);
    counts_print(&decoder.counts);
    status = capture_parse((const uint8_t *)bytes, size, &capture);
    if (status == TACH_OK)
        status = say_losses(VERB, dump->path, &capture);
    else
        say_error(status, VERB, dump->path, "%s", capture.error);
    capture_free(&capture);
    free(bytes);
    return status;
}

static uint8_t type_parse(const char *text)
{
#define X(name, value)                                                                             \
    if (strcasecmp(text, #name) == 0)                                                              \
        return value;
    WIRE_TYPES(X)
#undef X
    return 0;
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct dump *dump = state->input;

    switch (key) {
    case 't':
        dump->type = type_parse(argument);
        if (dump->type == 0)
            argp_error(state, "no frame type of that name");
        return 0;
    case 'b':
        dump->brief = true;
        return 0;
    default:
        return args_one(key, argument, state, &dump->path, "CAPTURE");
    }
}

static const struct argp_option dump_options[] = {
    {"type", 't', "TYPE", 0,
     "Only HELLO, CALIB, HIST, RAW, EVENTS, TEXT, END, COUNT, SAMPLES, MACHINE or COUNTERS frames",
     0},
    {"brief", 'b', NULL, 0, "One line a frame", 0},
    {0}};

static const struct argp dump_argp = {
    dump_options,
    option_parse,
    "CAPTURE",
    "Print every frame of a capture.\v"
    "  tach dump run.tach | less\n"
    "  tach dump --type events run.tach\n\n"
    "Exits with 0 when the capture is whole, 65 when it is damaged, truncated or foreign (what can "
    "be read is printed), 66 when it is missing or unreadable.",
    NULL,
    NULL,
    NULL};

int verb_dump(int argc, char **argv)
{
    static char name[] = "tach " VERB;
    struct dump dump = {0};

    argv[0] = name;
    argp_parse(&dump_argp, argc, argv, 0, NULL, &dump);
    return dump_print(&dump);
}

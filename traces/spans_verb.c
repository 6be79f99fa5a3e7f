/* SPDX-License-Identifier: MIT
 * The verb spans: traced calls as a table of phases a cell, or one call as a waterfall. Invariant:
 * every figure is from spans.c, and what the same cell takes untraced in this capture from the code
 * that makes the figures of a run. */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/measure.h"
#include "bench/verbs.h"
#include "traces/body.h"
#include "traces/say.h"
#include "traces/spans.h"

#define VERB       "spans"
#define BAR_WIDTH  48
#define NAME_WIDTH 23u

struct options {
    const char *path, *cell;
    unsigned long call, boot; /* from 1; 0: all */
    bool json;
};

/* One traced boot with what it is held against. */
struct view {
    const struct options *options;
    const struct capture *capture;
    const struct boot *boot;
    size_t number; /* from 1 */
    struct span_table table;
};

static bool cell_wanted(const struct options *options, const struct span_cell *cell)
{
    return !options->cell || strcmp(options->cell, cell->name) == 0;
}

/* What a cell's calls are held against: a boot that differs in tracing only. */
static bool basis_find(const struct view *view, const char *cell, struct span_basis *basis)
{
    const struct wire_hello *traced = &view->boot->hello;

    basis->stamp_cost = (double)view->boot->calib.stamp_cost;
    for (size_t i = 0; view->boot->has_calib && i < view->capture->boot_count; i++) {
        const struct boot *boot = &view->capture->boots[i];
        const struct wire_hello *hello = &boot->hello;

        if (boot->has_hello && !hello->trace && hello->pti == traced->pti &&
            hello->pcid == traced->pcid && hello->fastpath == traced->fastpath &&
            measure_cell(boot, cell, &basis->empty, &basis->untraced))
            return true;
    }
    return false;
}

/* The residue of a cell's typical call in ticks; false where there is nothing to hold it against.
 */
static bool residue_find(const struct view *view, const struct span_cell *cell, double *residue)
{
    struct span_basis basis;

    if (!basis_find(view, cell->name, &basis))
        return false;
    *residue = span_residue(&view->table.calls[cell->typical], &basis);
    return true;
}

static void row_print(const struct view *view, const struct span_cell *cell)
{
    const struct span_call *typical = &view->table.calls[cell->typical];
    double residue;

    say_name(stdout, cell->name);
    printf("%*s %5zu %5" PRIu64,
           (int)(NAME_WIDTH - strlen(cell->name)) * (strlen(cell->name) < NAME_WIDTH), "",
           cell->calls, cell->whole_median);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        printf(" %6" PRIu64, cell->phase_median[i]);
    printf(" %6u", typical->stamps);
    if (residue_find(view, cell, &residue))
        printf(" %7.1f\n", residue);
    else
        puts("       -");
}

static void table_print(const struct view *view)
{
    const struct wire_hello *hello = &view->boot->hello;

    printf("boot %zu (%08" PRIx32 "): pti %s, fastpath %s, %zu calls, %" PRIu64 " unpaired; "
           "medians in ticks\n%-*s %5s %5s",
           view->number, view->boot->boot_id, hello->pti ? "on" : "off",
           hello->fastpath ? "on" : "off", view->table.call_count, view->table.unpaired,
           (int)NAME_WIDTH, "cell", "calls", "whole");
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        printf(" %6s", span_phase_name((enum phase)i));
    printf(" %6s %7s\n", "stamps", "residue");
    for (size_t i = 0; i < view->table.cell_count; i++)
        if (cell_wanted(view->options, &view->table.cells[i]))
            row_print(view, &view->table.cells[i]);
}

/* One record as a row whose bar covers the ticks that it ends. */
static void bar_print(const struct span_call *call, const struct trace_record *record,
                      uint64_t before)
{
    double scale = call->whole ? (double)BAR_WIDTH / (double)call->whole : 0;
    int from = (int)((double)(before - call->start) * scale);
    int to = (int)((double)(record->tsc - call->start) * scale);
    const char *of = body_record_call(record);
    char name[48];

    snprintf(name, sizeof name, "%s%s%s", body_event_name(record->event), of ? " " : "",
             of ? of : "");
    printf("%10" PRIu64 " %10" PRIu64 "  %-22s|%*s", record->tsc - call->start,
           record->tsc - before, name, from, "");
    for (int i = from; i < to; i++)
        fputc('#', stdout);
    printf("%*s|\n", BAR_WIDTH - to, "");
}

static void waterfall_print(const struct view *view, const struct span_call *call, const char *name)
{
    const struct trace_record *events = view->boot->events;
    uint64_t before = call->start;

    printf("boot %zu (%08" PRIx32 "): ", view->number, view->boot->boot_id);
    say_name(stdout, name);
    printf(", iteration %" PRIu64 ": %" PRIu64 " ticks, %u crossings\n%10s %10s  event\n",
           call->iteration, call->whole, call->crossings, "at", "ticks");
    for (size_t i = call->first; i <= call->last; i++) {
        if (events[i].cpu != events[call->first].cpu)
            continue;
        bar_print(call, &events[i], before);
        before = events[i].tsc;
    }
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        if (call->phase[i])
            printf("  %s %" PRIu64, span_phase_name((enum phase)i), call->phase[i]);
    puts("");
}

static const struct span_cell *cell_of(const struct span_table *table, uint64_t cell)
{
    size_t i = 0;

    while (table->cells[i].cell != cell)
        i++;
    return &table->cells[i];
}

/* Prints call N of those wanted; `*left` counts down to it over the boots. */
static bool call_print(const struct view *view, unsigned long *left)
{
    for (size_t i = 0; i < view->table.call_count; i++) {
        const struct span_call *call = &view->table.calls[i];
        const struct span_cell *cell = cell_of(&view->table, call->cell);

        if (!cell_wanted(view->options, cell) || --*left > 0)
            continue;
        waterfall_print(view, call, cell->name);
        return true;
    }
    return false;
}

static json_t *cell_json(const struct view *view, const struct span_cell *cell)
{
    const struct span_call *typical = &view->table.calls[cell->typical];
    json_t *phases = json_object(), *typicals = json_object(), *row;
    double residue;

    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        const char *name = span_phase_name((enum phase)i);

        json_object_set_new(phases, name, json_integer((json_int_t)cell->phase_median[i]));
        json_object_set_new(typicals, name, json_integer((json_int_t)typical->phase[i]));
    }
    row = json_pack(
        "{s:i, s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:i, s:o, s:o}", "boot", (int)view->number, "pti",
        view->boot->hello.pti, "fastpath", view->boot->hello.fastpath, "cell", cell->name, "calls",
        (json_int_t)cell->calls, "whole_median", (json_int_t)cell->whole_median, "whole_min",
        (json_int_t)cell->whole_min, "whole_max", (json_int_t)cell->whole_max, "stamps",
        (int)typical->stamps, "phase_medians", phases, "typical_call", typicals);
    if (row && residue_find(view, cell, &residue))
        json_object_set_new(row, "residue", json_real(residue));
    return row;
}

static void view_json(const struct view *view, json_t *rows)
{
    for (size_t i = 0; i < view->table.cell_count; i++)
        if (cell_wanted(view->options, &view->table.cells[i]))
            json_array_append_new(rows, cell_json(view, &view->table.cells[i]));
}

/* Shows one boot. Returns false when memory is out. `rows` is NULL for text. */
static bool boot_show(struct view *view, unsigned long *left, json_t *rows, size_t *shown)
{
    if (spans_of_boot(view->boot, &view->table) != 0)
        return false;
    if (view->table.call_count > 0 && rows) {
        view_json(view, rows);
    } else if (view->table.call_count > 0 && view->options->call > 0) {
        *shown += *left > 0 && call_print(view, left);
    } else if (view->table.call_count > 0) {
        table_print(view);
    }
    for (size_t i = 0; i < view->table.cell_count && view->options->call == 0; i++)
        *shown += cell_wanted(view->options, &view->table.cells[i]);
    spans_free(&view->table);
    return true;
}

static int capture_show(const void *context, const struct capture *capture)
{
    const struct options *options = context;
    json_t *rows = options->json ? json_array() : NULL;
    unsigned long left = options->call;
    size_t shown = 0;
    bool good = true;

    for (size_t i = 0; good && i < capture->boot_count; i++) {
        struct view view = {options, capture, &capture->boots[i], i + 1, {0}};

        if (options->boot == 0 || options->boot == i + 1)
            good = boot_show(&view, &left, rows, &shown);
    }
    if (rows && good) {
        json_dumpf(rows, stdout, JSON_INDENT(2));
        puts("");
    }
    json_decref(rows);
    if (!good)
        return say_error(TACH_INTERNAL, VERB, options->path, "out of memory");
    if (shown > 0)
        return TACH_OK;
    return say_error(TACH_BADDATA, VERB, options->path,
                     options->call || options->cell || options->boot
                         ? "no such traced call in it"
                         : "no traced call in it; boot with trace=on");
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'c':
        options->cell = argument;
        return 0;
    case 'n':
    case 'b':
        *(key == 'n' ? &options->call : &options->boot) = args_whole(state, argument, 1, 999999999);
        return 0;
    case 'j':
        options->json = true;
        return 0;
    default:
        return args_one(key, argument, state, &options->path, "CAPTURE");
    }
}

static const struct argp_option spans_options[] = {
    {"cell", 'c', "NAME", 0, "Only this cell, as in D4/size:64/space:two", 0},
    {"boot", 'b', "N", 0, "Only boot N of the capture, from 1", 0},
    {"call", 'n', "N", 0, "The waterfall of call N, from 1, of those chosen", 0},
    {"json", 'j', NULL, 0, "The table as JSON", 0},
    {0}};

static const struct argp spans_argp = {
    spans_options,
    option_parse,
    "CAPTURE",
    "Print the phases of traced calls.\v"
    "A call is the time from user_begin to user_end. Each tick of it belongs to one phase; "
    "`residue` is what is left of the typical call after the stamps' calibrated cost and the time "
    "that the same cell takes untraced, where the capture holds such a boot.\n\n"
    "  tach spans run.tach\n"
    "  cat results/run/latest/boot-*.frames | tach spans -\n"
    "  tach spans --cell D4/size:0/space:two --call 1 run.tach\n\n"
    "Exits with 0 when the capture is whole, 65 when it is damaged, truncated, foreign or holds no "
    "such call (what can be read is printed), 66 when it is missing or unreadable.",
    NULL,
    NULL,
    NULL};

int verb_spans(int argc, char **argv)
{
    static char name[] = "tach " VERB;
    struct options options = {0};

    argv[0] = name;
    argp_parse(&spans_argp, argc, argv, 0, NULL, &options);
    return say_capture(VERB, options.path, capture_show, &options);
}

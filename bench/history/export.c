/* SPDX-License-Identifier: MIT
 * tach history export: runs with all that is known of them, as JSON lines (a run a line) or CSV (a
 * point a row). What is written reads back as the same history (tach history import). */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "traces/say.h"

#define VERB "history export"

struct export_args {
    struct history_args common;
    const char *out; /* NULL: standard output */
    bool csv;
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct export_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        return 0;
    case 'o':
        args->out = text;
        return 0;
    case 'f':
        if (strcmp(text, "csv") && strcmp(text, "lines"))
            argp_error(state, "%s: formats are lines and csv", text);
        args->csv = !strcmp(text, "csv");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool point_wanted(const struct history_filter *filter, const struct entry_point *point)
{
    return (!filter->name || !fnmatch(filter->name, point->name, 0)) &&
           (!filter->metric || !fnmatch(filter->metric, point->metric, 0));
}

static void line_print(FILE *out, const struct history_filter *filter, const struct entry *entry)
{
    json_t *points = json_array();

    for (size_t i = 0; i < entry->count; i++)
        if (point_wanted(filter, &entry->points[i]))
            json_array_append_new(points, entry_point_json(&entry->points[i]));
    json_t *root =
        json_pack("{si so so}", "tach_history", 1, "run", run_json(&entry->run), "points", points);
    json_dumpf(root, out, JSON_COMPACT | JSON_REAL_PRECISION(17));
    fputc('\n', out);
    json_decref(root);
}

/* A cell; what has a mark of the format in it is quoted. */
static void cell_print(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fprintf(out, "%s,", text);
        return;
    }
    fputc('"', out);
    for (; *text; text++)
        fputs(*text == '"' ? "\"\"" : (char[]){*text, 0}, out);
    fputs("\",", out);
}

static void number_print(FILE *out, double number)
{
    char text[EXACT_MAX] = "";

    if (figure_has(number))
        exact_text(number, text);
    fprintf(out, "%s,", text);
}

static void row_print(FILE *out, const struct history_run *run, const struct entry_point *point)
{
    char time[TIME_MAX], taken[TIME_MAX];
    struct arena arena = {0};

    time_text(run->time_us, time);
    time_text(run->taken_us, taken);
#define X(member) cell_print(out, run->member);
    RUN_TEXTS(X)
#undef X
    fprintf(out, "%s,%s,%" PRId64 ",%d,", time, taken, run->position, run->complete);
#define X(member) cell_print(out, point->member);
    SERIES_TEXTS(X)
#undef X
    fprintf(out, "%d,", point->larger_better);
    number_print(out, point->point.value);
    fprintf(out, "%u,", point->point.boots);
#define X(member) number_print(out, point->point.member);
    POINT_NUMBERS(X)
#undef X
    const char *samples = exact_list_text(&arena, point->samples, point->sample_count);
    fprintf(out, "%s\n", samples ? samples : "");
    arena_free(&arena);
}

static void head_print(FILE *out)
{
#define X(member) #member ","
    fputs(RUN_TEXTS(X) "time,taken,position,complete," SERIES_TEXTS(
              X) "larger_better,value,boots," POINT_NUMBERS(X) "samples\n",
          out);
#undef X
}

static int run_export(const struct export_args *args, struct db *db, FILE *out,
                      const struct history_run *run)
{
    struct entries entries = {0};

    const int status = store_entry(db, run, &entries);
    if (!status && !args->csv)
        line_print(out, &args->common.filter, &entries.list[0]);
    for (size_t i = 0; !status && args->csv && i < entries.list[0].count; i++)
        if (point_wanted(&args->common.filter, &entries.list[0].points[i]))
            row_print(out, run, &entries.list[0].points[i]);
    entries_free(&entries);
    return status;
}

static int runs_export(const struct export_args *args, struct db *db, FILE *out)
{
    const struct history_filter *filter = &args->common.filter;
    const struct run_choice choice = {
        .where = "time_us >= ?", .values = {DB_OF_INT(filter->since_us)}, .count = 1};
    struct arena arena = {0};
    struct history_run *runs;
    size_t count;

    int status = store_runs(db, &choice, &arena, &runs, &count);
    const size_t first = !status && filter->last && filter->last < count ? count - filter->last : 0;
    if (!status && args->csv)
        head_print(out);
    for (size_t i = first; !status && i < count; i++)
        if ((!filter->class || !fnmatch(filter->class, runs[i].class, 0)) &&
            (!filter->machine || !fnmatch(filter->machine, runs[i].machine, 0)))
            status = run_export(args, db, out, &runs[i]);
    free(runs);
    arena_free(&arena);
    return status;
}

int history_export(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "FILE", 0, "Write there (standard output)", 0},
        {"format", 'f', "FORMAT", 0, "lines (JSON, a run a line) or csv (a point a row); lines", 0},
        {0}};
    static const struct argp_child children[] = {{&history_filter_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "",
        "Write the runs of the history.\v"
        "All numbers are exact: `tach history import` makes the same history of it. --last K means "
        "the last K runs.\n\n"
        "Samples:\n"
        "  tach history export --out history.jsonl\n"
        "  tach history export --format csv --metric whole --since 90d\n\n"
        "Exit codes: 0 written, 65 malformed, 66 missing, 73 cannot be written.",
        children,
        NULL,
        NULL};
    struct export_args args = {0};
    struct db *db;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = db_open(VERB, args.common.where, DB_READ, &db);
    if (status)
        return status;
    FILE *out = args.out ? file_create(VERB, args.out) : stdout;
    status = out ? runs_export(&args, db, out) : TACH_CANTCREATE;
    if (out && args.out) {
        const int written = file_finish(VERB, args.out, out);
        status = status ? status : written;
    }
    db_close(db);
    return status;
}

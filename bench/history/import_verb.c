/* SPDX-License-Identifier: MIT
 * tach history import: files of others, and exports of other histories, into this one. A file is
 * one transaction: with an error in it, nothing of it is there. */
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/history/import.h"
#include "bench/history/print.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "traces/say.h"

#define VERB     "history import"
#define FILE_MAX (512u << 20)

enum import_key { KEY_NAME = 256, KEY_VALUE, KEY_TIME, KEY_COMMIT, KEY_LARGER };

struct import_args {
    struct history_args common;
    struct import_options options;
    enum import_format format;
    char **files;
    int count;
};

static enum import_format format_option(struct argp_state *state, const char *text)
{
    static const char *const names[] = {"auto", "csv", "lines", "benchmark"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(text, names[i]))
            return (enum import_format)i;
    argp_error(state, "%s: formats are csv, lines, benchmark", text);
    return IMPORT_AUTO;
}

/* Where a text option goes; NULL for another key. */
static const char **text_slot(struct import_args *args, int key)
{
    struct import_options *options = &args->options;

    switch (key) {
    case 'c':
        return &options->class;
    case 'M':
        return &options->machine;
    case 'S':
        return &options->suite;
    case 'm':
        return &options->metric;
    case 'u':
        return &options->unit;
    case 'C':
        return &options->commit;
    case KEY_NAME:
        return &options->names.name;
    case KEY_VALUE:
        return &options->names.value;
    case KEY_TIME:
        return &options->names.time;
    case KEY_COMMIT:
        return &options->names.commit;
    default:
        return NULL;
    }
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct import_args *args = state->input;
    const char **slot = text_slot(args, key);

    if (slot) {
        if (!*text || strlen(text) > ENTRY_TEXT_MAX)
            argp_error(state, "an empty text, or one of more than %u bytes", ENTRY_TEXT_MAX);
        *slot = text;
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        return 0;
    case 'f':
        args->format = format_option(state, text);
        return 0;
    case KEY_LARGER:
        args->options.larger_better = true;
        return 0;
    case ARGP_KEY_ARGS:
        args->files = state->argv + state->next;
        args->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which FILE?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "odroid" of "archive/odroid.jsonl": what a file's machine is called where nobody says it. */
static char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

static int parse_failed(const char *file, const struct import_error *error)
{
    char text[2 * sizeof(error->text)], *where = NULL;

    if (asprintf(&where, "%s:%zu", file, error->line) < 0)
        return TACH_INTERNAL;
    say_copy(error->text, text, sizeof(text));
    const int status = say_error(TACH_BADDATA, VERB, where, "%s", text);
    free(where);
    return status;
}

static int text_import(const struct import_args *args, const char *file,
                       const struct import_text *text, struct db *db)
{
    char *machine = base_name(file);
    struct import_options options = args->options;
    struct import_error error;
    struct entries entries;
    struct tally tally;
    int status = TACH_INTERNAL;

    options.source = file;
    if (!options.machine)
        options.machine = machine;
    if (machine) {
        status = import_parse(text, &options, &entries, &error)
                     ? parse_failed(file, &error)
                     : store_append(db, &entries, &tally);
        entries_free(&entries);
    }
    if (!status) {
        say_name(stdout, file);
        printf(": %zu runs added, %zu there already, %zu points\n", tally.added, tally.known,
               tally.points);
    }
    free(machine);
    return status;
}

static int file_import(const struct import_args *args, const char *file, struct db *db)
{
    const bool standard = !strcmp(file, "-");
    char *bytes;
    size_t size;

    int status = file_read(VERB, standard ? "/dev/stdin" : file, FILE_MAX, &bytes, &size);
    if (status)
        return status;
    const struct import_text text = {args->format, bytes, size};
    status = text_import(args, standard ? "stdin" : file, &text, db);
    free(bytes);
    return status;
}

int history_import(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"format", 'f', "FORMAT", 0, "csv, lines or benchmark (what the text looks like)", 0},
        {"class", 'c', "NAME", 0, "Class of the numbers (foreign)", 1},
        {"machine", 'M', "NAME", 0, "Machine of the numbers (the file's name)", 1},
        {"suite", 'S', "NAME", 0, "Suite of the series (import)", 1},
        {"metric", 'm', "NAME", 0, "What the numbers are (value)", 1},
        {"unit", 'u', "NAME", 0, "Their unit", 1},
        {"commit", 'C', "HASH", 0, "What was measured, where the file does not say it", 1},
        {"larger-is-better", KEY_LARGER, NULL, 0, "A fall is a regression", 1},
        {"time-column", KEY_TIME, "NAME", 0, "time, timestamp, date, datetime", 2},
        {"commit-column", KEY_COMMIT, "NAME", 0, "commit, sha, hash, revision, rev", 2},
        {"name-column", KEY_NAME, "NAME", 0, "name, benchmark, series, test, case", 2},
        {"value-column", KEY_VALUE, "NAME", 0, "value, median, mean, result, cycles", 2},
        {0}};
    static const struct argp_child children[] = {{&history_db_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "FILE...",
        "Append what others measured, and exports of other histories.\v"
        "Formats: CSV with a head (a row a point, or a row a repetition); JSON lines, either of "
        "tach history export or {\"timestamp\": T, \"sha\": S, \"METRIC\": [min, q1, median, mean, "
        "q3, max, stddev, n], ...}; Google Benchmark's JSON, counters too. FILE - is standard "
        "input. A run that "
        "is there already stays as it is; a file with an error leaves nothing.\n\n"
        "Samples:\n"
        "  tach history import odroid.jsonl --unit cycles\n"
        "  tach history import ci.csv --machine runner-3 --value-column ns --unit ns\n"
        "  tach history import benchmark.json --commit 1f2e3d\n\n"
        "Exit codes: 0 appended or there, 65 malformed, 66 missing, 73 cannot be written, 74 in "
        "use.",
        children,
        NULL,
        NULL};
    struct import_args args = {
        .options = {
            .class = "foreign", .suite = "import", .metric = "value", .unit = "", .commit = ""}};
    struct db *db;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = db_open(VERB, args.common.where, DB_CREATE, &db);
    for (int i = 0; !status && i < args.count; i++)
        status = file_import(&args, args.files[i], db);
    db_close(db);
    return status;
}

/* SPDX-License-Identifier: MIT
 * The verb export: a capture in the formats of others. Invariant: what can be read is written, and
 * the exit code says when that was not all. */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/verbs.h"
#include "traces/ctf.h"
#include "traces/say.h"
#include "traces/table.h"

#define VERB "export"

enum format { FORMAT_NONE, FORMAT_CSV, FORMAT_JSON, FORMAT_CTF };

struct options {
    const char *path, *output;
    enum format format;
    enum table table;
};

/* Writes to the file asked for, or to standard output, whose last buffer main looks at. A failed
 * write is said here, while errno still tells why. */
static int text_write(const struct options *options, const struct capture *capture)
{
    const char *name = options->output ? options->output : "standard output";
    FILE *out = options->output ? file_create(VERB, options->output) : stdout;
    int status = TACH_OK;

    if (!out)
        return TACH_CANTCREATE;
    errno = 0;
    if (options->format == FORMAT_CSV)
        table_csv(out, capture, options->table);
    else if (table_json(out, capture) != 0 && !ferror(out))
        status = say_error(TACH_INTERNAL, VERB, options->path, "out of memory");
    if (ferror(out))
        status = say_error(TACH_CANTCREATE, VERB, name, "%s", strerror(errno ? errno : EIO));
    if (!options->output)
        return status;
    if (status == TACH_OK)
        return file_finish(VERB, options->output, out);
    fclose(out);
    return status;
}

static int capture_write(const void *context, const struct capture *capture)
{
    const struct options *options = context;

    return options->format == FORMAT_CTF ? ctf_write(VERB, options->output, capture)
                                         : text_write(options, capture);
}

static void choice_parse(struct options *options, int key, const char *text,
                         struct argp_state *state)
{
    static const char *const formats[] = {
        [FORMAT_CSV] = "csv", [FORMAT_JSON] = "json", [FORMAT_CTF] = "ctf"};
    static const char *const tables[] = {
#define X(name, columns) #name,
        TABLES(X)
#undef X
    };

    for (unsigned i = FORMAT_CSV; key == 't' && i <= FORMAT_CTF; i++)
        if (strcmp(text, formats[i]) == 0)
            options->format = (enum format)i;
    if (key == 't' && options->format == FORMAT_NONE)
        argp_error(state, "--to is csv, json or ctf");
    for (unsigned i = 0; key == 'r' && i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(text, tables[i]) == 0) {
            options->table = (enum table)i;
            return;
        }
    }
    if (key == 'r')
        argp_error(state, "--rows is hist, counts or events");
}

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 't':
    case 'r':
        choice_parse(options, key, argument, state);
        return 0;
    case 'o':
        options->output = argument;
        return 0;
    case ARGP_KEY_SUCCESS:
        if (options->format == FORMAT_NONE)
            argp_error(state, "--to is needed: csv, json or ctf");
        if (options->format == FORMAT_CTF && !options->output)
            argp_error(state, "ctf is a directory: name it with --output");
        return 0;
    default:
        return args_one(key, argument, state, &options->path, "CAPTURE");
    }
}

static const struct argp_option export_options[] = {
    {"to", 't', "FORMAT", 0, "csv, json or ctf", 0},
    {"output", 'o', "PATH", 0, "Where to: a file (standard output), for ctf a directory", 0},
    {"rows", 'r', "ROWS", 0, "Of csv: hist (the default), counts or events", 0},
    {0}};

static const struct argp export_argp = {
    export_options,
    option_parse,
    "CAPTURE",
    "Write a capture in a format of others.\v"
    "  tach export --to csv run.tach > histograms.csv\n"
    "  tach export --to csv --rows events run.tach -o events.csv\n"
    "  tach export --to json run.tach | jq '.boots[0].hello'\n"
    "  tach export --to ctf -o trace run.tach && babeltrace2 --clock-cycles trace/boot-3\n\n"
    "CTF gets a directory boot-N for each boot with trace records, for each has its own clock.\n\n"
    "Exits with 0 when the capture was whole, 65 when it is damaged, truncated or foreign (what "
    "can "
    "be read is written), 66 when it is missing or unreadable, 73 when the output cannot be "
    "written.",
    NULL,
    NULL,
    NULL};

int verb_export(int argc, char **argv)
{
    static char name[] = "tach " VERB;
    struct options options = {0};

    argv[0] = name;
    argp_parse(&export_argp, argc, argv, 0, NULL, &options);
    return say_capture(VERB, options.path, capture_write, &options);
}

/* SPDX-License-Identifier: MIT
 * The verb export: a capture in the formats of others. Invariant: what can be read is written, and
 * the exit code says when that was not all. */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/verbs.h"
#include "traces/ctf.h"
#include "traces/hgrm.h"
#include "traces/perfetto.h"
#include "traces/say.h"
#include "traces/table.h"

#define VERB "export"

/* X(name, NAME) */
#define FORMATS(X)                                                                                 \
    X(csv, CSV)                                                                                    \
    X(json, JSON)                                                                                  \
    X(perfetto, PERFETTO)                                                                          \
    X(ctf, CTF)                                                                                    \
    X(hgrm, HGRM)
#define FORMAT_LIST "csv, json, perfetto, ctf or hgrm"

enum format {
    FORMAT_NONE,
#define X(name, NAME) FORMAT_##NAME,
    FORMATS(X)
#undef X
};

struct options {
    const char *path, *output;
    enum format format;
    enum table table;
};

/* One stream of bytes in the format asked for. Returns an enum tach_exit; errors of `out` show in
 * ferror(out). */
static int stream_write(FILE *out, const struct options *options, const struct capture *capture)
{
    int written = 1;

    if (options->format == FORMAT_CSV)
        written = table_csv(out, capture, options->table) == 0 ? 1 : -1;
    else if (options->format == FORMAT_PERFETTO)
        written = perfetto_write(out, capture);
    else if (table_json(out, capture) != 0 && !ferror(out))
        written = -1;
    if (written < 0)
        return say_error(TACH_INTERNAL, VERB, options->path, "out of memory");
    return written ? TACH_OK
                   : say_error(TACH_BADDATA, VERB, options->path, "no trace record to write");
}

/* Writes to the file asked for, or to standard output, whose last buffer main looks at. A failed
 * write is said here, while errno still tells why. */
static int text_write(const struct options *options, const struct capture *capture)
{
    const char *name = options->output ? options->output : "standard output";
    FILE *out = options->output ? file_create(VERB, options->output) : stdout;

    if (!out)
        return TACH_CANTCREATE;
    errno = 0;
    int status = stream_write(out, options, capture);
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

    if (options->format == FORMAT_CTF)
        return ctf_write(VERB, options->output, capture);
    if (options->format == FORMAT_HGRM)
        return hgrm_write(VERB, options->output, capture);
    return text_write(options, capture);
}

static void choice_parse(struct options *options, int key, const char *text,
                         struct argp_state *state)
{
    static const char *const formats[] = {"",
#define X(name, NAME) #name,
                                          FORMATS(X)
#undef X
    };
    static const char *const tables[] = {
#define X(name, columns) #name,
        TABLES(X)
#undef X
    };

    for (unsigned i = FORMAT_CSV; key == 't' && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(text, formats[i]) == 0)
            options->format = (enum format)i;
    if (key == 't' && options->format == FORMAT_NONE)
        argp_error(state, "--to is " FORMAT_LIST);
    for (unsigned i = 0; key == 'r' && i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(text, tables[i]) == 0) {
            options->table = (enum table)i;
            return;
        }
    }
    if (key == 'r')
        argp_error(state, "--rows is hist, counts, counters, events or calls");
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
            argp_error(state, "--to is needed: " FORMAT_LIST);
        if (options->format >= FORMAT_CTF && !options->output)
            argp_error(state, "ctf and hgrm are directories: name one with --output");
        if (options->format == FORMAT_PERFETTO && !options->output && isatty(STDOUT_FILENO))
            argp_error(state, "perfetto is no text: name a file with --output");
        return 0;
    default:
        return args_one(key, argument, state, &options->path, "CAPTURE");
    }
}

static const struct argp_option export_options[] = {
    {"to", 't', "FORMAT", 0, FORMAT_LIST, 0},
    {"output", 'o', "PATH", 0, "Where to: a file (standard output), for ctf and hgrm a directory",
     0},
    {"rows", 'r', "ROWS", 0, "Of csv: hist (the default), counts, counters, events or calls", 0},
    {0}};

static const struct argp export_argp = {
    export_options,
    option_parse,
    "CAPTURE",
    "Write a capture in a format of others.\v"
    "  tach export --to csv run.tach > histograms.csv\n"
    "  tach export --to csv --rows events run.tach -o events.csv\n"
    "  tach export --to json run.tach | jq '.boots[0].hello'\n"
    "  tach export --to ctf -o trace run.tach && babeltrace2 trace/boot-3\n"
    "  tach export --to csv --rows calls run.tach | grep D4\n"
    "  tach export --to perfetto -o run.perfetto-trace run.tach   (for ui.perfetto.dev)\n"
    "  tach export --to hgrm -o percentiles run.tach\n\n"
    "CTF gets a directory boot-N for each boot with trace records, for each has its own clock; "
    "beside the records it has what Trace Compass's kernel views read (sched_switch, sys_NAME, "
    "exit_syscall). In a Perfetto trace each traced call is a slice of its client, its phases are "
    "on the tracks of the threads that ran them, flows lead to the service and back, and 1 ns "
    "is 1 tick. hgrm gets a file of percentiles, in ticks a call, for each boot, cell and "
    "metric.\n\n"
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

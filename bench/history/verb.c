/* SPDX-License-Identifier: MIT
 * tach history: hands over to the verb below it, and holds the options that they share; see
 * bench/history/verb.h. */
#include "bench/history/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/verbs.h"

static const struct history_verb {
    const char *name, *arguments, *help;
    int (*run)(int argc, char **argv);
} verbs[] = {
#define X(name, arguments, help) {#name, arguments, help, history_##name},
    HISTORY_VERBS(X)
#undef X
};

static int help_print(FILE *out)
{
    fputs("Usage: tach history VERB [ARGUMENTS] [--db PATH|URL]\n\n"
          "Keep what runs measured, commit by commit, and find what changed.\n\nVerbs:\n",
          out);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        fprintf(out, "  %-8s %-8s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
    fputs("\nThe history is a file of SQLite, or PostgreSQL where many machines share it:\n"
          "--db PATH or --db postgresql://HOST/DATABASE, else $" HISTORY_ENV
          ", else " HISTORY_DEFAULT ".\n\nSamples:\n"
          "  tach history add results/run/latest\n"
          "  tach history list --name 'D4/*'\n"
          "  tach history changes --last 5 || echo something got slower\n"
          "  tach history export | tach history import - --db postgresql:///tach\n\n"
          "`tach history VERB --help` says more about each. Exit codes: 0 done, 1 a regression, "
          "64 wrong\narguments, 65 malformed, 66 missing, 69 in use by others, 73 cannot be "
          "written, 74 failed.\n",
          out);
    return TACH_OK;
}

static int verb_unknown(const char *name)
{
    fprintf(stderr, "tach history: %s; `tach history --help` lists them\n",
            name[0] == '-' ? "options stand behind a verb" : "no verb of that name");
    return TACH_USAGE;
}

int verb_history(int argc, char **argv)
{
    char title[64];

    if (argc < 2) {
        help_print(stderr);
        return TACH_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") || !strcmp(argv[1], "-h"))
        return help_print(stdout);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, argv[1]))
            continue;
        snprintf(title, sizeof(title), "tach history %s", verbs[i].name);
        argv[1] = title;
        return verbs[i].run(argc - 1, argv + 1);
    }
    return verb_unknown(argv[1]);
}

int history_series_each(const char *verb, struct history_args *args,
                        int (*each)(void *context, const struct history_series *series),
                        void *context)
{
    struct history *history;

    int status = history_open(verb, args->where, &history);
    if (status)
        return status;
    args->list = args->json ? json_array() : NULL;
    status = history_read(history, &args->filter, each, context);
    if (!status && args->list)
        print_json(args->list);
    json_decref(args->list);
    history_close(history);
    return status;
}

int64_t history_time_option(struct argp_state *state, const char *text)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'h', 3600}, {'d', 86400}, {'w', 7 * 86400}, {'y', 365 * 86400}};
    const size_t length = strlen(text);
    uint64_t count;
    int64_t time_us = 0;

    for (size_t i = 0; length && i < sizeof(units) / sizeof(units[0]); i++)
        if (text[length - 1] == units[i].unit && !count_parse(text, length - 1, 100000, &count)) {
            time_us = ((int64_t)time(NULL) - (int64_t)count * units[i].s) * 1000000;
            return time_us < 0 ? 0 : time_us;
        }
    const char *wrong = time_parse(text, length, &time_us);
    if (wrong)
        argp_error(state, "%s: %s (or 12h, 90d, 2w, 1y)", text, wrong);
    return time_us;
}

static error_t db_parse(int key, char *text, struct argp_state *state)
{
    struct history_args *args = state->input;

    if (key == ARGP_KEY_END)
        args->where = history_where(args->where);
    if (key != 'D')
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    args->where = text;
    return 0;
}

/* Where a pattern of the filter goes; NULL for another key. */
static const char **pattern_slot(struct history_filter *filter, int key)
{
    switch (key) {
    case 'n':
        return &filter->name;
    case 'r':
        return &filter->regex;
    case 'm':
        return &filter->metric;
    case 'c':
        return &filter->class;
    case 'M':
        return &filter->machine;
    default:
        return NULL;
    }
}

static error_t filter_parse(int key, char *text, struct argp_state *state)
{
    struct history_args *args = state->input;
    const char **slot = pattern_slot(&args->filter, key);

    if (slot) {
        *slot = text;
        return 0;
    }
    switch (key) {
    case 's':
        args->filter.since_us = history_time_option(state, text);
        return 0;
    case 'l':
        args->filter.last = args_whole(state, text, 0, 1u << 30);
        return 0;
    case 'j':
        args->json = true;
        return 0;
    default:
        return db_parse(key, text, state);
    }
}

#define DB_OPTION                                                                                  \
    {                                                                                              \
        "db", 'D', "PATH|URL", 0,                                                                  \
            "The history: a file of SQLite, or postgresql://... ($" HISTORY_ENV                    \
            ", " HISTORY_DEFAULT ")",                                                              \
            9                                                                                      \
    }

static const struct argp_option db_options[] = {DB_OPTION, {0}};
static const struct argp_option filter_options[] = {
    {"name", 'n', "GLOB", 0, "Series of these names, such as 'D4/*'", 8},
    {"regex", 'r', "REGEX", 0, "Series whose SUITE/NAME matches somewhere", 8},
    {"metric", 'm', "GLOB", 0, "Series of these metrics, such as 'phase_*'", 8},
    {"class", 'c', "GLOB", 0, "Runs of these classes", 8},
    {"machine", 'M', "GLOB", 0, "Runs of these machines", 8},
    {"since", 's', "TIME", 0, "Runs of this time and later: 2026-11-21, 90d", 8},
    {"last", 'l', "K", 0, "The last K points of each segment", 8},
    {"json", 'j', NULL, 0, "Print JSON", 8},
    DB_OPTION,
    {0}};

const struct argp history_db_argp = {db_options, db_parse, NULL, NULL, NULL, NULL, NULL};
const struct argp history_filter_argp = {filter_options, filter_parse, NULL, NULL,
                                         NULL,           NULL,         NULL};

/* SPDX-License-Identifier: MIT
 * tach history add: runs into the history, all of one call or none. The commit is that of the
 * working tree unless it is told; without git a run has none. */
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/facts.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "traces/say.h"

#define VERB "history add"

struct add_args {
    struct history_args common;
    char **runs;
    int count;
    const char *commit, *subject, *branch;
    int64_t time_us;
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct add_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        return 0;
    case 'C':
        args->commit = text;
        return 0;
    case 'S':
        args->subject = text;
        return 0;
    case 'B':
        args->branch = text;
        return 0;
    case 'T':
        args->time_us = history_time_option(state, text);
        return 0;
    case ARGP_KEY_ARGS:
        args->runs = state->argv + state->next;
        args->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which RUN?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What was told takes the place of what git says; a told commit leaves nothing of git's. */
static int facts_take(const struct add_args *args, struct commit_facts *out)
{
    static const struct commit_facts none;
    const char *const told[] = {args->commit, args->subject, args->branch};

    *out = none;
    if (!args->commit)
        commit_read(NULL, out);
    out->told = args->commit != NULL;
    char **const slots[] = {&out->hash, &out->subject, &out->branch};
    for (size_t i = 0; i < 3; i++) {
        if (!told[i])
            continue;
        free(*slots[i]);
        *slots[i] = strndup(told[i], ENTRY_TEXT_MAX);
        if (!*slots[i])
            return TACH_INTERNAL;
    }
    if (args->time_us)
        out->time_us = args->time_us;
    return TACH_OK;
}

static int runs_take(const struct add_args *args, struct entries *entries)
{
    struct commit_facts commit;
    size_t at;

    int status = facts_take(args, &commit);
    for (int i = 0; !status && i < args->count; i++)
        status = entry_of_run(VERB, args->runs[i], &commit, entries);
    const char *wrong = status ? NULL : entries_finish(entries, &at);
    if (wrong)
        status = say_error(TACH_BADDATA, VERB, args->runs[at], "%s", wrong);
    commit_free(&commit);
    return status;
}

static int entries_store(const struct add_args *args, const struct entries *entries)
{
    struct tally tally;
    struct db *db;

    int status = db_open(VERB, args->common.where, DB_CREATE, &db);
    if (!status)
        status = store_append(db, entries, &tally);
    if (!status) {
        printf("%zu added, %zu there already, %zu points, in ", tally.added, tally.known,
               tally.points);
        say_name(stdout, db_label(db));
        putchar('\n');
        for (size_t i = 0; i < entries->count; i++)
            if (!entries->list[i].run.complete)
                say_error(0, VERB, entries->list[i].run.source, "not every boot passed");
        db_close(db);
    }
    return status;
}

int history_add(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"commit", 'C', "HASH", 0, "What was measured (git's word on the working tree)", 0},
        {"subject", 'S', "TEXT", 0, "The commit's first line", 0},
        {"branch", 'B', "NAME", 0, "The commit's branch", 0},
        {"time", 'T', "TIME", 0, "The commit's time: its place in the history", 0},
        {0}};
    static const struct argp_child children[] = {{&history_db_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN...",
        "Append runs to the history.\v"
        "RUN is a directory of a run, or its ipc.json. A run that is there already stays as it is; "
        "either all of the runs are added or none.\n\n"
        "Samples:\n"
        "  tach history add results/run/latest\n"
        "  tach history add old-run --commit 1f2e3d --time 2026-03-01T12:00\n\n"
        "Exit codes: 0 added or there, 65 malformed, 66 missing, 73 cannot be written, 74 in use.",
        children,
        NULL,
        NULL};
    struct add_args args = {0};
    struct entries entries = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = runs_take(&args, &entries);
    if (!status)
        status = entries_store(&args, &entries);
    entries_free(&entries);
    return status;
}

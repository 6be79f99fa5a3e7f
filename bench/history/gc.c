/* SPDX-License-Identifier: MIT
 * tach history gc: drops runs by count, age, class or machine, and series that nothing is left of;
 * all in one transaction. Conditions narrow each other: what is dropped meets every one. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "traces/say.h"

#define VERB      "history gc"
#define KEEP_NONE SIZE_MAX

struct gc_args {
    struct history_args common;
    size_t keep; /* the newest of each class and machine; SIZE_MAX: not asked */
    int64_t before_us;
    const char *class, *machine;
    bool dry, orphans, no_vacuum;
};

struct gc {
    const struct history_run **drop;
    size_t count;
    int64_t orphans;
    bool dry;
};

static error_t end_check(const struct gc_args *args, struct argp_state *state)
{
    if (args->keep == KEEP_NONE && !args->before_us && !args->class && !args->machine &&
        !args->orphans)
        argp_error(state, "what is to go? --keep, --older-than, --class, --machine, --orphans");
    return 0;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct gc_args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        return 0;
    case 'k':
        args->keep = args_whole(state, text, 0, 1u << 30);
        return 0;
    case 'o':
        args->before_us = history_time_option(state, text);
        return 0;
    case 'c':
        args->class = text;
        return 0;
    case 'M':
        args->machine = text;
        return 0;
    case 'O':
        args->orphans = true;
        return 0;
    case 'n':
        args->dry = true;
        return 0;
    case 'V':
        args->no_vacuum = true;
        return 0;
    case ARGP_KEY_END:
        return end_check(args, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Whether a run has `keep` newer ones of its class and machine, or more. */
static bool run_surplus(const struct history_run *runs, size_t count, size_t at, size_t keep)
{
    size_t newer = 0;

    for (size_t i = at + 1; i < count && newer < keep; i++)
        newer +=
            !strcmp(runs[i].machine, runs[at].machine) && !strcmp(runs[i].class, runs[at].class);
    return newer >= keep;
}

static bool run_dropped(const struct gc_args *args, const struct history_run *runs, size_t count,
                        size_t at)
{
    const struct history_run *run = &runs[at];

    if ((args->class && fnmatch(args->class, run->class, 0)) ||
        (args->machine && fnmatch(args->machine, run->machine, 0)) ||
        (args->before_us && run->time_us >= args->before_us))
        return false;
    if (args->keep != KEEP_NONE)
        return run_surplus(runs, count, at, args->keep);
    return args->before_us || args->class || args->machine;
}

static int run_delete(struct db *db, int64_t id)
{
    static const char *const statements[] = {"DELETE FROM points WHERE run_id = ?",
                                             "DELETE FROM runs WHERE id = ?"};
    const struct db_value value = DB_OF_INT(id);
    int status = TACH_OK;

    for (size_t i = 0; !status && i < 2; i++) {
        const struct db_query query = {.sql = statements[i], .values = &value, .count = 1};
        status = db_run(db, &query);
    }
    return status;
}

static int gc_body(struct db *db, void *context)
{
#define ORPHANED                                                                                   \
    " FROM series WHERE NOT EXISTS (SELECT 1 FROM points WHERE points.series_id = series.id)"
    struct gc *gc = context;
    int status = TACH_OK;

    for (size_t i = 0; !status && !gc->dry && i < gc->count; i++)
        status = run_delete(db, gc->drop[i]->id);
    if (!status)
        status = db_number(db, "SELECT CAST(count(*) AS BIGINT)" ORPHANED, &gc->orphans);
    if (!status && !gc->dry)
        status = db_do(db, "DELETE" ORPHANED);
    return status;
}

static void drop_print(const struct history_run *run)
{
    char time[TIME_MAX], commit[40];

    time_text(run->time_us, time);
    commit_text(run, commit);
    printf("%.*s  %.10s  ", RUN_NAME, run->digest, time);
    print_padded(commit, 20);
    say_name(stdout, run->class);
    fputs(" on ", stdout);
    say_name(stdout, run->machine);
    putchar('\n');
}

static int gc_run(const struct gc_args *args, struct db *db, const struct history_run *runs,
                  size_t count)
{
    struct gc gc = {.dry = args->dry, .drop = calloc(count + 1, sizeof(*gc.drop))};
    int status = gc.drop ? TACH_OK : TACH_INTERNAL;

    for (size_t i = 0; !status && i < count; i++)
        if (run_dropped(args, runs, count, i))
            gc.drop[gc.count++] = &runs[i];
    if (!status)
        status = db_transaction(db, gc_body, &gc);
    for (size_t i = 0; !status && i < gc.count; i++)
        drop_print(gc.drop[i]);
    if (!status)
        printf("%zu of %zu runs %s, %lld series without points%s\n", gc.count, count,
               args->dry ? "would be dropped" : "dropped", (long long)gc.orphans,
               args->dry ? " now" : " as well");
    if (!status && !args->dry && !args->no_vacuum)
        status = db_vacuum(db);
    free(gc.drop);
    return status;
}

int history_gc(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"keep", 'k', "N", 0, "Keep the newest N runs of each class and machine", 0},
        {"older-than", 'o', "TIME", 0, "Drop runs before TIME: 2026-01-31, 90d", 0},
        {"class", 'c', "GLOB", 0, "Drop runs of these classes only", 0},
        {"machine", 'M', "GLOB", 0, "Drop runs of these machines only", 0},
        {"orphans", 'O', NULL, 0, "Drop series without points (always done with runs)", 0},
        {"dry-run", 'n', NULL, 0, "Say what would be dropped, and change nothing", 0},
        {"no-vacuum", 'V', NULL, 0, "Leave the free room in the file", 0},
        {0}};
    static const struct argp_child children[] = {{&history_db_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "",
        "Drop runs of the history.\v"
        "What is dropped meets every condition that is given.\n\n"
        "Samples:\n"
        "  tach history gc --keep 500 --older-than 1y --dry-run\n"
        "  tach history gc --machine '*EPYC*'\n\n"
        "Exit codes: 0 done, 65 malformed, 66 missing, 73 cannot be written, 74 in use.",
        children,
        NULL,
        NULL};
    struct gc_args args = {.keep = KEEP_NONE};
    struct arena arena = {0};
    struct history_run *runs;
    struct db *db;
    size_t count;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = db_open(VERB, args.common.where, DB_WRITE, &db);
    if (status)
        return status;
    status = store_runs(db, &(struct run_choice){.where = ""}, &arena, &runs, &count);
    if (!status)
        status = gc_run(&args, db, runs, count);
    free(runs);
    arena_free(&arena);
    db_close(db);
    return status;
}

/* SPDX-License-Identifier: MIT
 * tach history show: one run, by the beginning of its name or of its commit, or "latest". */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "bench/table.h"
#include "traces/say.h"

#define VERB "history show"

struct show_args {
    struct history_args common;
    const char *run;
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct show_args *args = state->input;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &args->common;
        return 0;
    }
    return args_one(key, text, state, &args->run, "RUN");
}

/* The run that a word names: the newest of its commit, or the only one of its digest. */
static int run_find(const struct show_args *args, struct db *db, struct arena *arena,
                    struct history_run *out)
{
    struct history_run *runs;
    size_t count, found = 0;
    const size_t length = strlen(args->run);

    int status = store_runs(db, &(struct run_choice){.where = ""}, arena, &runs, &count);
    for (size_t i = 0; !status && i < count; i++) {
        const bool digest = !strncmp(runs[i].digest, args->run, length);
        if (!digest && strncmp(runs[i].commit, args->run, length) && strcmp(args->run, "latest"))
            continue;
        *out = runs[i];
        found++;
        if (digest && length >= RUN_NAME)
            break;
    }
    free(runs);
    if (!status && !found)
        status = say_error(TACH_NOINPUT, VERB, args->run, "no run of that name or commit");
    return status;
}

static bool point_wanted(const struct history_filter *filter, const struct entry_point *point)
{
    if (filter->name && fnmatch(filter->name, point->name, 0))
        return false;
    if (filter->metric)
        return !fnmatch(filter->metric, point->metric, 0);
    return strcmp(point->suite, FIGURE_SUITE) || !strcmp(point->metric, "whole");
}

static void fact_print(const char *name, const char *text)
{
    if (!*text)
        return;
    printf("%-12s ", name);
    say_name(stdout, text);
    putchar('\n');
}

static void run_print(const struct history_run *run)
{
    char time[TIME_MAX];

#define X(member) fact_print(#member, run->member);
    RUN_TEXTS(X)
#undef X
    time_text(run->time_us, time);
    fact_print("time", time);
    time_text(run->taken_us, time);
    fact_print("taken", time);
    fact_print("complete", run->complete ? "yes" : "no");
}

static void point_print(const struct entry_point *point)
{
    char value[32], low[32] = "-", high[32] = "-", name[128];

    snprintf(name, sizeof(name), "%.100s %.20s", point->name, point->metric);
    number_text(point->point.value, value, sizeof(value));
    if (figure_has(point->point.low))
        number_text(point->point.low, low, sizeof(low));
    if (figure_has(point->point.high))
        number_text(point->point.high, high, sizeof(high));
    print_padded(name, 44);
    printf("%12s ", value);
    say_name(stdout, point->unit);
    printf("  %u boots, %s to %s\n", point->point.boots, low, high);
}

static int entry_show(const struct show_args *args, const struct entry *entry)
{
    json_t *points = json_array();

    if (!args->common.json) {
        run_print(&entry->run);
        putchar('\n');
    }
    for (size_t i = 0; i < entry->count; i++) {
        if (!point_wanted(&args->common.filter, &entry->points[i]))
            continue;
        if (args->common.json)
            json_array_append_new(points, entry_point_json(&entry->points[i]));
        else
            point_print(&entry->points[i]);
    }
    json_t *root = json_pack("{so so}", "run", run_json(&entry->run), "points", points);
    if (args->common.json)
        print_json(root);
    json_decref(root);
    return TACH_OK;
}

int history_show(int argc, char **argv)
{
    static const struct argp_child children[] = {{&history_filter_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        option_parse,
        "RUN",
        "Show one run of the history.\v"
        "RUN is the beginning of its name or of its commit (the newest run of it), or latest. Of "
        "tach's own runs the wholes are shown; --metric asks for others.\n\n"
        "Samples:\n"
        "  tach history show latest\n"
        "  tach history show 1f2e3d --metric 'phase_*' --name 'D4/*' --json\n\n"
        "Exit codes: 0 shown, 65 malformed, 66 missing.",
        children,
        NULL,
        NULL};
    struct show_args args = {0};
    struct entries entries = {0};
    struct history_run run;
    struct db *db;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = db_open(VERB, args.common.where, DB_READ, &db);
    if (status)
        return status;
    status = run_find(&args, db, &entries.arena, &run);
    if (!status)
        status = store_entry(db, &run, &entries);
    if (!status)
        status = entry_show(&args, &entries.list[0]);
    entries_free(&entries);
    db_close(db);
    return status;
}

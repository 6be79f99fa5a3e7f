/* SPDX-License-Identifier: MIT
 * tach history check: asks the store whether its pages are sound, then whether the rows mean what
 * they must: every run whole, every number finite, every boot counted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/store.h"
#include "bench/history/verb.h"
#include "traces/say.h"

#define VERB       "history check"
#define FAULTS_MAX 20u /* printed; the rest is counted */

struct check {
    size_t faults;
    int64_t points;
    double *samples;
};

static int fault_take(void *context, const char *text)
{
    struct check *check = context;

    if (check->faults++ < FAULTS_MAX) {
        say_name(stdout, text);
        putchar('\n');
    }
    return TACH_OK;
}

static int row_fault(void *context, const struct db_row *row)
{
    return fault_take(context, db_text(row, 0));
}

/* Rows that contradict each other; each statement gives a text a fault. */
static const char *const contradictions[] = {
    "SELECT 'run ' || digest || ' has no points' FROM runs WHERE NOT EXISTS "
    "(SELECT 1 FROM points WHERE run_id = runs.id)",
    "SELECT 'a point of series ' || series_id || ' belongs to no run' FROM points "
    "WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = run_id)",
    "SELECT 'a point of run ' || run_id || ' belongs to no series' FROM points "
    "WHERE NOT EXISTS (SELECT 1 FROM series WHERE series.id = series_id)",
    "SELECT 'a point of run ' || digest || ' is of a series of class ' || series.class FROM points "
    "JOIN runs ON runs.id = run_id JOIN series ON series.id = series_id "
    "WHERE runs.class <> series.class",
    "SELECT 'run ' || digest || ' has a name that is no digest' FROM runs WHERE length(digest) <> "
    "64",
};

static int point_check(void *context, const struct db_row *row)
{
    struct check *check = context;
    const long count = exact_list_parse(db_text(row, 2), check->samples, ENTRY_SAMPLES_MAX);
    char text[160];
    const char *wrong = NULL;

    check->points++;
    if (!isfinite(db_real(row, 0)))
        wrong = "a value that is not finite";
    else if (count < 0)
        wrong = "boots that are no numbers";
    else if (count && count != db_int(row, 1))
        wrong = "another number of boots than it says";
    if (!wrong)
        return TACH_OK;
    snprintf(text, sizeof(text), "run %.64s has %s", db_text(row, 3), wrong);
    return fault_take(check, text);
}

static int check_run(struct db *db, struct check *check)
{
    const struct db_query points = {.sql = "SELECT value, boots, samples, digest FROM points JOIN "
                                           "runs ON runs.id = run_id",
                                    .each = point_check,
                                    .context = check};
    int status = db_examine(db, fault_take, check);

    for (size_t i = 0; !status && i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
        const struct db_query query = {
            .sql = contradictions[i], .each = row_fault, .context = check};
        status = db_run(db, &query);
    }
    return status ? status : db_run(db, &points);
}

static int sum_print(struct db *db, const struct check *check)
{
    int64_t runs, series;

    int status = db_number(db, "SELECT CAST(count(*) AS BIGINT) FROM runs", &runs);
    if (!status)
        status = db_number(db, "SELECT CAST(count(*) AS BIGINT) FROM series", &series);
    if (status)
        return status;
    printf("%lld runs, %lld series, %lld points, %zu faults\n", (long long)runs, (long long)series,
           (long long)check->points, check->faults);
    return check->faults ? TACH_BADDATA : TACH_OK;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    (void)text;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

int history_check(int argc, char **argv)
{
    static const struct argp_child children[] = {{&history_db_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        option_parse,
        "",
        "Verify the database of the history.\v"
        "A line a fault, then how much there is. SQLite's pages are looked at too; PostgreSQL "
        "guards its own.\n\n"
        "Exit codes: 0 sound, 65 faults or no history, 66 missing.",
        children,
        NULL,
        NULL};
    struct history_args args = {0};
    struct check check = {.samples = malloc(ENTRY_SAMPLES_MAX * sizeof(*check.samples))};
    struct db *db;

    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = check.samples ? db_open(VERB, args.where, DB_READ, &db) : TACH_INTERNAL;
    if (!status) {
        status = check_run(db, &check);
        if (!status)
            status = sum_print(db, &check);
        db_close(db);
    }
    free(check.samples);
    return status;
}

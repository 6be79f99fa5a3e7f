/* SPDX-License-Identifier: MIT
 * Runs and their points out of the store; see bench/history/store.h. The order is that of the
 * commits, and where they are of one time, of the measurements; never that of the rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/store.h"
#include "traces/say.h"

struct runs_read {
    struct db *db;
    struct arena *arena;
    struct history_run *runs;
    size_t count, room;
};

static const char *text_keep(struct arena *arena, const struct db_row *row, int column)
{
    const char *text = db_text(row, column);

    return arena_text(arena, text, strlen(text));
}

static int run_take(void *context, const struct db_row *row)
{
    struct runs_read *read = context;
    struct history_run *run =
        list_grow((void **)(void *)&read->runs, read->count, &read->room, sizeof(*read->runs));
    int column = 0;

    if (!run)
        return TACH_INTERNAL;
    run->id = db_int(row, column++);
    run->time_us = db_int(row, column++);
    run->taken_us = db_int(row, column++);
    run->position = db_int(row, column++);
    run->complete = db_int(row, column++) != 0;
#define X(member)                                                                                  \
    run->member = text_keep(read->arena, row, column++);                                           \
    if (!run->member)                                                                              \
        return TACH_INTERNAL;
    RUN_TEXTS(X)
#undef X
    run->image = run_image(run);
    read->count++;
    return TACH_OK;
}

int store_runs(struct db *db, const struct run_choice *choice, struct arena *arena,
               struct history_run **runs, size_t *count)
{
    struct runs_read read = {.db = db, .arena = arena};
    char *sql = NULL;

#define X(member) ", \"" #member "\""
    if (asprintf(&sql,
                 "SELECT id, time_us, taken_us, position, complete" RUN_TEXTS(
                     X) " FROM runs%s%s ORDER BY time_us, taken_us, position, digest",
                 *choice->where ? " WHERE " : "", choice->where) < 0)
        return TACH_INTERNAL;
#undef X
    const struct db_query query = {.sql = sql,
                                   .values = choice->values,
                                   .count = choice->count,
                                   .each = run_take,
                                   .context = &read};
    const int status = db_run(db, &query);
    if (status == TACH_INTERNAL)
        say_error(status, db_verb(db), db_label(db), "out of memory");
    free(sql);
    if (status) {
        free(read.runs);
        read = (struct runs_read){0};
    }
    *runs = read.runs;
    *count = read.count;
    return status;
}

struct entry_read {
    struct db *db;
    struct entries *entries;
    struct entry *entry;
    double *samples;
};

static int point_take(void *context, const struct db_row *row)
{
    struct entry_read *read = context;
    struct entry_point point = {.point = point_empty(), .samples = read->samples};
    int column = 0;

    point.suite = db_text(row, column++);
    point.name = db_text(row, column++);
    point.metric = db_text(row, column++);
    point.unit = db_text(row, column++);
    point.larger_better = db_int(row, column++) != 0;
    point.point.value = db_real(row, column++);
    point.point.boots = (unsigned)db_int(row, column++);
#define X(member)                                                                                  \
    if (!db_is_null(row, column))                                                                  \
        point.point.member = db_real(row, column);                                                 \
    column++;
    POINT_NUMBERS(X)
#undef X
    const long count = exact_list_parse(db_text(row, column), read->samples, ENTRY_SAMPLES_MAX);
    if (count < 0 || !isfinite(point.point.value))
        return say_error(TACH_BADDATA, db_verb(read->db), db_label(read->db),
                         "a point of run %.12s is no number", read->entry->run.digest);
    point.sample_count = (size_t)count;
    return entry_add(read->entries, read->entry, &point) ? TACH_INTERNAL : TACH_OK;
}

int store_entry(struct db *db, const struct history_run *run, struct entries *entries)
{
    struct entry_read read = {.db = db, .entries = entries};
    const struct db_value id = DB_OF_INT(run->id);
    size_t at;

    read.entry = entries_add(entries, run);
    read.samples = malloc(ENTRY_SAMPLES_MAX * sizeof(*read.samples));
#define X(member) ", \"" #member "\""
    const struct db_query query = {
        .sql = "SELECT suite, name, metric, unit, larger_better, value, boots" POINT_NUMBERS(
            X) ", samples FROM points JOIN series ON series.id = series_id WHERE run_id = ?",
        .values = &id,
        .count = 1,
        .each = point_take,
        .context = &read};
#undef X
    int status = read.entry && read.samples ? db_run(db, &query) : TACH_INTERNAL;
    free(read.samples);
    if (!status && entries_finish(entries, &at))
        status = TACH_INTERNAL;
    if (status == TACH_INTERNAL)
        say_error(status, db_verb(db), db_label(db), "out of memory");
    return status;
}

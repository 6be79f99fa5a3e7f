/* SPDX-License-Identifier: MIT
 * The history for its readers; see bench/history/history.h. Runs and series are read first, points
 * then for a few hundred series at a time, so that memory holds a part of a large history only. */
#include "bench/history/history.h"

#include <fnmatch.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/segment.h"
#include "bench/history/store.h"
#include "traces/say.h"

#define CHUNK 250u /* series whose points are read at once */

struct history {
    struct db *db;
};

/* A series as the store has it. */
struct stored {
    struct history_series series;
    int64_t id;
};

struct reading {
    struct history *history;
    const struct history_filter *filter;
    int (*each)(void *context, const struct history_series *series);
    void *context;
    regex_t regex;
    struct arena arena; /* texts of runs and series */
    struct history_run *runs;
    const struct history_run **by_id;
    size_t run_count;
    struct stored *stored;
    size_t count, room;
};

/* A point that belongs to stored[series]. */
struct placed {
    size_t series;
    struct history_point point;
};

struct chunk {
    struct reading *reading;
    size_t first, count; /* of reading->stored */
    const struct stored **by_id;
    struct placed *raws;
    size_t used, room;
};

const char *history_where(const char *option)
{
    const char *given = getenv(HISTORY_ENV);

    return option ? option : given && *given ? given : HISTORY_DEFAULT;
}

int history_open(const char *verb, const char *where, struct history **out)
{
    struct history *history = calloc(1, sizeof(*history));

    *out = NULL;
    if (!history)
        return TACH_INTERNAL;
    const int status = db_open(verb, where, DB_READ, &history->db);
    if (status) {
        free(history);
        return status;
    }
    *out = history;
    return TACH_OK;
}

void history_close(struct history *history)
{
    if (history)
        db_close(history->db);
    free(history);
}

static bool glob_fits(const char *glob, const char *text)
{
    return !glob || !fnmatch(glob, text, 0);
}

static bool series_wanted(struct reading *reading, const struct history_series *series)
{
    const struct history_filter *filter = reading->filter;
    char *full = NULL;

    if (!glob_fits(filter->name, series->name) || !glob_fits(filter->metric, series->metric) ||
        !glob_fits(filter->class, series->class))
        return false;
    if (filter->wholes && !strcmp(series->suite, FIGURE_SUITE) && strcmp(series->metric, "whole"))
        return false;
    if (!filter->regex)
        return true;
    if (asprintf(&full, "%s/%s", series->suite, series->name) < 0)
        return false;
    const bool fits = !regexec(&reading->regex, full, 0, NULL, 0);
    free(full);
    return fits;
}

static int series_take(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    struct stored one = {.id = db_int(row, 0)};
    const char **const texts[] = {&one.series.class, &one.series.suite, &one.series.name,
                                  &one.series.metric, &one.series.unit};

    for (int i = 0; i < 5; i++) {
        const char *text = db_text(row, i + 1);
        *texts[i] = arena_text(&reading->arena, text, strlen(text));
        if (!*texts[i])
            return TACH_INTERNAL;
    }
    one.series.larger_better = db_int(row, 6) != 0;
    one.series.exact = !strcmp(figure_unit(one.series.class), "instructions");
    if (!series_wanted(reading, &one.series))
        return TACH_OK;
    struct stored *slot = list_grow((void **)(void *)&reading->stored, reading->count,
                                    &reading->room, sizeof(*reading->stored));
    if (!slot)
        return TACH_INTERNAL;
    *slot = one;
    reading->count++;
    return TACH_OK;
}

/* By class, suite, name, metric, unit. A whole goes before its parts. */
static int series_order(const void *left, const void *right)
{
    const struct history_series *a = &((const struct stored *)left)->series;
    const struct history_series *b = &((const struct stored *)right)->series;
    int order = strcmp(a->class, b->class);

    order = order ? order : strcmp(a->suite, b->suite);
    order = order ? order : strcmp(a->name, b->name);
    order = order ? order : !strcmp(b->metric, "whole") - !strcmp(a->metric, "whole");
    order = order ? order : strcmp(a->metric, b->metric);
    return order ? order : strcmp(a->unit, b->unit);
}

static int id_order(const void *left, const void *right)
{
    const int64_t a = (*(const struct stored *const *)left)->id;
    const int64_t b = (*(const struct stored *const *)right)->id;

    return (a > b) - (a < b);
}

static int run_order(const void *left, const void *right)
{
    const int64_t a = (*(const struct history_run *const *)left)->id;
    const int64_t b = (*(const struct history_run *const *)right)->id;

    return (a > b) - (a < b);
}

/* The run of an id, or NULL where the filter leaves it out. */
static const struct history_run *run_find(const struct reading *reading, int64_t id)
{
    const struct history_run key = {.id = id}, *const pointer = &key;
    const struct history_run **found = reading->run_count
                                           ? bsearch(&pointer, reading->by_id, reading->run_count,
                                                     sizeof(*reading->by_id), run_order)
                                           : NULL;

    return found ? *found : NULL;
}

static int runs_take(struct reading *reading)
{
    const struct history_filter *filter = reading->filter;
    const struct run_choice choice = {
        .where = "time_us >= ?", .values = {DB_OF_INT(filter->since_us)}, .count = 1};
    size_t count;

    const int status =
        store_runs(reading->history->db, &choice, &reading->arena, &reading->runs, &count);
    if (status)
        return status;
    reading->by_id = malloc((count + 1) * sizeof(*reading->by_id));
    if (!reading->by_id)
        return TACH_INTERNAL;
    for (size_t i = 0; i < count; i++)
        if (glob_fits(filter->machine, reading->runs[i].machine))
            reading->by_id[reading->run_count++] = &reading->runs[i];
    qsort(reading->by_id, reading->run_count, sizeof(*reading->by_id), run_order);
    return TACH_OK;
}

static int point_take(void *context, const struct db_row *row)
{
    struct chunk *chunk = context;
    struct reading *reading = chunk->reading;
    const struct history_run *run = run_find(reading, db_int(row, 1));
    const struct stored key = {.id = db_int(row, 0)}, *const pointer = &key;
    const struct stored **stored =
        bsearch(&pointer, chunk->by_id, chunk->count, sizeof(*chunk->by_id), id_order);
    int column = 2;

    if (!run || !stored)
        return TACH_OK;
    struct placed *raw =
        list_grow((void **)(void *)&chunk->raws, chunk->used, &chunk->room, sizeof(*chunk->raws));
    if (!raw)
        return TACH_INTERNAL;
    raw->series = (size_t)(*stored - reading->stored);
    raw->point = (struct history_point){.run = run, .value = db_real(row, column++)};
    raw->point.boots = (unsigned)db_int(row, column++);
#define X(member)                                                                                  \
    raw->point.member = db_is_null(row, column) ? FIGURE_ABSENT : db_real(row, column);            \
    column++;
    POINT_NUMBERS(X)
#undef X
    chunk->used++;
    return TACH_OK;
}

/* Runs lie in the order of their commits, so their addresses tell it. */
static int raw_order(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    return (a->point.run > b->point.run) - (a->point.run < b->point.run);
}

static int chunk_read(struct chunk *chunk)
{
    struct db_value ids[CHUNK];
    char sql[2048] = "SELECT series_id, run_id, value, boots";
    size_t used = strlen(sql);

#define X(member) used += (size_t)snprintf(sql + used, sizeof(sql) - used, ", \"" #member "\"");
    POINT_NUMBERS(X)
#undef X
    used += (size_t)snprintf(sql + used, sizeof(sql) - used, " FROM points WHERE series_id IN (?");
    for (size_t i = 1; i < CHUNK; i++)
        used += (size_t)snprintf(sql + used, sizeof(sql) - used, ",?");
    snprintf(sql + used, sizeof(sql) - used, ")");
    for (size_t i = 0; i < CHUNK; i++) /* short ones repeat the last: one statement for all */
        ids[i] = DB_OF_INT(chunk->by_id[i < chunk->count ? i : chunk->count - 1]->id);
    const struct db_query query = {
        .sql = sql, .values = ids, .count = CHUNK, .each = point_take, .context = chunk};
    const int status = db_run(chunk->reading->history->db, &query);
    if (!status && chunk->used)
        qsort(chunk->raws, chunk->used, sizeof(*chunk->raws), raw_order);
    return status;
}

/* Makes one series of raws[first] and those of the same that follow; *next is behind them. */
static int series_hand(const struct chunk *chunk, size_t first, size_t *next)
{
    const struct reading *reading = chunk->reading;
    struct history_series series = reading->stored[chunk->raws[first].series].series;
    struct arena arena = {0};

    for (*next = first; *next < chunk->used; (*next)++)
        if (chunk->raws[*next].series != chunk->raws[first].series)
            break;
    series.count = *next - first;
    struct history_point *points = arena_take(&arena, series.count * sizeof(*points));
    for (size_t i = 0; points && i < series.count; i++)
        points[i] = chunk->raws[first + i].point;
    int status =
        points ? segments_make(&arena, points, reading->filter->last, &series) : TACH_INTERNAL;
    if (status == TACH_BADDATA)
        say_error(status, db_verb(reading->history->db), db_label(reading->history->db),
                  "a point of series %.100s is not finite", series.name);
    series.count = 0;
    for (size_t i = 0; !status && i < series.segment_count; i++)
        series.count += series.segments[i].count;
    if (!status)
        status = reading->each(reading->context, &series);
    arena_free(&arena);
    return status;
}

static int chunk_hand(struct reading *reading, size_t first)
{
    const struct stored *by_id[CHUNK];
    struct chunk chunk = {.reading = reading, .first = first, .by_id = by_id};

    while (chunk.count < CHUNK && first + chunk.count < reading->count) {
        by_id[chunk.count] = &reading->stored[first + chunk.count];
        chunk.count++;
    }
    qsort(by_id, chunk.count, sizeof(*by_id), id_order);
    int status = chunk_read(&chunk);
    for (size_t at = 0, next; !status && at < chunk.used; at = next)
        status = series_hand(&chunk, at, &next);
    free(chunk.raws);
    return status;
}

static int reading_run(struct reading *reading)
{
    const struct db_query query = {
        .sql = "SELECT id, class, suite, name, metric, unit, larger_better FROM series",
        .each = series_take,
        .context = reading};

    int status = runs_take(reading);
    if (!status)
        status = db_run(reading->history->db, &query);
    if (!status && reading->count)
        qsort(reading->stored, reading->count, sizeof(*reading->stored), series_order);
    for (size_t first = 0; !status && first < reading->count; first += CHUNK)
        status = chunk_hand(reading, first);
    if (status == TACH_INTERNAL)
        say_error(status, db_verb(reading->history->db), db_label(reading->history->db),
                  "out of memory");
    return status;
}

int history_read(struct history *history, const struct history_filter *filter,
                 int (*each)(void *context, const struct history_series *series), void *context)
{
    struct reading reading = {
        .history = history, .filter = filter, .each = each, .context = context};

    if (filter->regex && regcomp(&reading.regex, filter->regex, REG_EXTENDED | REG_NOSUB))
        return say_error(TACH_USAGE, db_verb(history->db), filter->regex,
                         "no extended regular expression");
    const int status = reading_run(&reading);
    if (filter->regex)
        regfree(&reading.regex);
    free(reading.by_id);
    free(reading.runs);
    free(reading.stored);
    arena_free(&reading.arena);
    return status;
}

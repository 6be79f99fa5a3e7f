/* SPDX-License-Identifier: MIT
 * Entries into the store; see bench/history/store.h. Rows go in by many a statement: a server may
 * be far away. Series are looked up in a sorted list that is read once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/store.h"
#include "traces/say.h"

#define ROWS_MAX     100u /* of one INSERT */
#define POINT_COLUMN 12u

/* A series: of the store, or to be made. */
struct known {
    const char *class, *suite, *name, *metric, *unit;
    int64_t id; /* to be made: whether larger is better */
};

struct append {
    const struct entries *entries;
    struct tally *tally;
    struct arena arena;
    struct known *known;
    size_t count, room;
    int64_t run_id;
};

static int known_order(const void *left, const void *right)
{
    const struct known *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    order = order ? order : strcmp(a->metric, b->metric);
    order = order ? order : strcmp(a->suite, b->suite);
    order = order ? order : strcmp(a->unit, b->unit);
    return order ? order : strcmp(a->class, b->class);
}

static const char *text_keep(struct append *append, const struct db_row *row, int column)
{
    const char *text = db_text(row, column);

    return arena_text(&append->arena, text, strlen(text));
}

static int known_take(void *context, const struct db_row *row)
{
    struct append *append = context;
    struct known *known = list_grow((void **)(void *)&append->known, append->count, &append->room,
                                    sizeof(*append->known));

    if (!known)
        return TACH_INTERNAL;
    known->id = db_int(row, 0);
    const char **const texts[] = {&known->class, &known->suite, &known->name, &known->metric,
                                  &known->unit};
    for (int i = 0; i < 5; i++) {
        *texts[i] = text_keep(append, row, i + 1);
        if (!*texts[i])
            return TACH_INTERNAL;
    }
    append->count++;
    return TACH_OK;
}

static int known_read(struct db *db, struct append *append)
{
    const struct db_query query = {.sql = "SELECT id, class, suite, name, metric, unit FROM series",
                                   .each = known_take,
                                   .context = append};

    arena_free(&append->arena);
    append->count = 0;
    const int status = db_run(db, &query);
    if (!status && append->count)
        qsort(append->known, append->count, sizeof(*append->known), known_order);
    return status;
}

static const struct known *known_find(const struct append *append, const struct entry *entry,
                                      const struct entry_point *point)
{
    const struct known key = {.class = entry->run.class,
                              .suite = point->suite,
                              .name = point->name,
                              .metric = point->metric,
                              .unit = point->unit};

    return append->count ? bsearch(&key, append->known, append->count, sizeof(key), known_order)
                         : NULL;
}

/* INSERT INTO ... VALUES (?,?), (?,?) for so many rows; the caller frees. */
static char *insert_text(const char *head, unsigned columns, size_t rows, const char *tail)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs(head, out);
    for (size_t row = 0; row < rows; row++)
        for (unsigned column = 0; column < columns; column++)
            fputs(column ? ",?" : row ? "),(?" : "(?", out);
    fprintf(out, ")%s", tail);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

static int insert(struct db *db, char *sql, const struct db_value *values, size_t count)
{
    const struct db_query query = {.sql = sql, .values = values, .count = count};
    const int status = sql ? db_run(db, &query) : TACH_INTERNAL;

    free(sql);
    return status;
}

/* The series that the entries have and the store has not, sorted, each once. NULL: out of memory.
 */
static struct known *series_missing(const struct append *append, size_t *count)
{
    struct known *missing = NULL;
    size_t used = 0, room = 0;

    for (size_t i = 0; i < append->entries->count; i++) {
        const struct entry *entry = &append->entries->list[i];
        for (size_t k = 0; k < entry->count; k++) {
            const struct entry_point *point = &entry->points[k];
            if (known_find(append, entry, point))
                continue;
            struct known *one = list_grow((void **)(void *)&missing, used, &room, sizeof(*missing));
            if (!one) {
                free(missing);
                return NULL;
            }
            *one = (struct known){entry->run.class, point->suite, point->name,
                                  point->metric,    point->unit,  point->larger_better};
            used++;
        }
    }
    if (used)
        qsort(missing, used, sizeof(*missing), known_order);
    *count = used;
    return missing ? missing : calloc(1, sizeof(*missing));
}

/* Others may have made the same meanwhile, where writers are not kept out. */
static int series_make(struct db *db, struct append *append)
{
    size_t count;
    struct known *missing = series_missing(append, &count);
    int status = missing ? TACH_OK : TACH_INTERNAL;

    for (size_t i = 0; !status && i < count; i++) {
        const struct known *one = &missing[i];
        if (i && !known_order(one - 1, one))
            continue;
        const struct db_value values[] = {DB_OF_TEXT(one->class), DB_OF_TEXT(one->suite),
                                          DB_OF_TEXT(one->name),  DB_OF_TEXT(one->metric),
                                          DB_OF_TEXT(one->unit),  DB_OF_INT(one->id)};
        const struct db_query query = {
            .sql = "INSERT INTO series (class, suite, name, metric, unit, larger_better) "
                   "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            .values = values,
            .count = 6};
        status = db_run(db, &query);
    }
    free(missing);
    return status || !count ? status : known_read(db, append);
}

static int id_take(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_int(row, 0);
    return TACH_OK;
}

/* *id is 0 where the run was there already. */
static int run_insert(struct db *db, const struct history_run *run, int64_t *id)
{
    const struct db_value values[] = {DB_OF_INT(run->time_us), DB_OF_INT(run->taken_us),
                                      DB_OF_INT(run->position), DB_OF_INT(run->complete),
#define X(member) DB_OF_TEXT(run->member),
                                      RUN_TEXTS(X)
#undef X
    };
    const size_t count = sizeof(values) / sizeof(values[0]);
#define X(member) ", \"" #member "\""
    char *sql = insert_text(
        "INSERT INTO runs (time_us, taken_us, position, complete" RUN_TEXTS(X) ") VALUES ",
        (unsigned)count, 1, " ON CONFLICT (digest) DO NOTHING RETURNING id");
#undef X
    const struct db_query query = {
        .sql = sql, .values = values, .count = count, .each = id_take, .context = id};
    *id = 0;
    const int status = sql ? db_run(db, &query) : TACH_INTERNAL;
    free(sql);
    return status;
}

static struct db_value absent_or(double number)
{
    return figure_has(number) ? DB_OF_REAL(number) : (struct db_value){.kind = DB_NULL};
}

static int point_values(const struct append *append, const struct entry *entry,
                        const struct entry_point *point, struct db_value *out)
{
    const struct known *known = known_find(append, entry, point);
    struct arena *arena = (struct arena *)(const void *)&append->arena;
    const char *samples = exact_list_text(arena, point->samples, point->sample_count);

    if (!known || !samples)
        return TACH_INTERNAL;
    *out++ = DB_OF_INT(known->id);
    *out++ = DB_OF_INT(append->run_id);
    *out++ = DB_OF_REAL(point->point.value);
    *out++ = DB_OF_INT(point->point.boots);
#define X(member) *out++ = absent_or(point->point.member);
    POINT_NUMBERS(X)
#undef X
    *out = DB_OF_TEXT(samples);
    return TACH_OK;
}

static int points_insert(struct db *db, const struct append *append, const struct entry *entry)
{
    static struct db_value values[ROWS_MAX * POINT_COLUMN];
    int status = TACH_OK;

    for (size_t first = 0; !status && first < entry->count; first += ROWS_MAX) {
        const size_t rows = entry->count - first < ROWS_MAX ? entry->count - first : ROWS_MAX;
        for (size_t i = 0; !status && i < rows; i++)
            status =
                point_values(append, entry, &entry->points[first + i], &values[i * POINT_COLUMN]);
#define X(member) ", \"" #member "\""
        if (!status)
            status = insert(
                db,
                insert_text("INSERT INTO points (series_id, run_id, value, boots" POINT_NUMBERS(
                                X) ", samples) VALUES ",
                            POINT_COLUMN, rows, ""),
                values, rows * POINT_COLUMN);
#undef X
    }
    return status;
}

static int append_body(struct db *db, void *context)
{
    struct append *append = context;

    *append->tally = (struct tally){0};
    int status = known_read(db, append);
    if (!status)
        status = series_make(db, append);
    for (size_t i = 0; !status && i < append->entries->count; i++) {
        const struct entry *entry = &append->entries->list[i];
        status = run_insert(db, &entry->run, &append->run_id);
        if (!status && append->run_id)
            status = points_insert(db, append, entry);
        append->tally->added += append->run_id != 0;
        append->tally->known += append->run_id == 0;
        append->tally->points += append->run_id ? entry->count : 0;
    }
    return status;
}

int store_append(struct db *db, const struct entries *entries, struct tally *tally)
{
    struct append append = {.entries = entries, .tally = tally};

    const int status = db_transaction(db, append_body, &append);
    if (status == TACH_INTERNAL)
        say_error(status, db_verb(db), db_label(db), "out of memory");
    arena_free(&append.arena);
    free(append.known);
    return status;
}

/* SPDX-License-Identifier: MIT
 * CSV (RFC 4180) with a line of names at its head: a row a point. Columns are known by their names
 * or by the options; what is not known is ignored. Rows of one series and run without `samples` or
 * `boots` are its boots. See bench/history/import.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/history/import.h"
#include "bench/history/number.h"

#define COLUMNS_MAX 256u

/* Every field that a row may have. */
#define FIELDS(X)                                                                                  \
    X(time)                                                                                        \
    X(taken)                                                                                       \
    X(position)                                                                                    \
    X(complete)                                                                                    \
    X(larger_better) X(value) X(boots) X(samples) RUN_TEXTS(X) SERIES_TEXTS(X) POINT_NUMBERS(X)

enum field {
#define X(name) FIELD_##name,
    FIELDS(X)
#undef X
        FIELD_COUNT
};

struct cell {
    const char *text; /* zero-terminated */
    size_t length;
};

struct csv {
    struct import *import;
    char *at;     /* what is left, taken apart in place */
    size_t lines; /* ended within the row */
    struct cell cells[COLUMNS_MAX];
    size_t count, columns;
    int column[FIELD_COUNT]; /* -1: absent */
};

/* Takes "quoted, ""text""" apart in place; NULL for one that does not end. */
static char *quoted_take(struct csv *csv, struct cell *cell)
{
    char *from = csv->at + 1, *to = csv->at;

    cell->text = to;
    for (; *from; from++) {
        if (*from == '"' && *++from != '"') {
            cell->length = (size_t)(to - cell->text);
            return from;
        }
        csv->lines += *from == '\n';
        *to++ = *from;
    }
    return NULL;
}

/* Reads one row, its line end included. 0, or -1 with an error. */
static int row_take(struct csv *csv)
{
    csv->count = csv->lines = 0;
    for (;;) {
        struct cell *cell = &csv->cells[csv->count];
        char *end = csv->at + strcspn(csv->at, ",\r\n");
        if (csv->count++ == COLUMNS_MAX)
            return import_fail(csv->import, "more than %u columns", COLUMNS_MAX);
        *cell = (struct cell){csv->at, (size_t)(end - csv->at)};
        if (*csv->at == '"')
            end = quoted_take(csv, cell);
        if (!end)
            return import_fail(csv->import, "a quotation that does not end");
        const char mark = *end;
        if (mark && !strchr(",\r\n", mark))
            return import_fail(csv->import, "text behind a quotation");
        csv->at = end + (mark != 0);
        if (mark == '\r' && *csv->at == '\n')
            csv->at++;
        /* The mark is taken already, so its place may end the cell. */
        ((char *)(void *)(size_t)cell->text)[cell->length] = 0;
        if (mark != ',') {
            csv->lines += mark != 0;
            return 0;
        }
    }
}

static const char *const field_names[] = {
#define X(name) #name,
    FIELDS(X)
#undef X
};

/* Which field a column of that name is; FIELD_COUNT for none. */
static unsigned field_of(const struct import_names *names, const char *name)
{
    if (import_named(name, names->time, import_times))
        return FIELD_time;
    if (import_named(name, names->commit, import_commits))
        return FIELD_commit;
    if (import_named(name, names->name, import_series))
        return FIELD_name;
    if (import_named(name, names->value, import_values))
        return FIELD_value;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (i != FIELD_time && i != FIELD_commit && i != FIELD_name && i != FIELD_value &&
            !strcmp(name, field_names[i]))
            return i;
    return FIELD_COUNT;
}

static int head_take(struct csv *csv)
{
    if (row_take(csv))
        return -1;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        csv->column[i] = -1;
    csv->columns = csv->count;
    for (size_t i = 0; i < csv->count; i++) {
        const unsigned field = field_of(&csv->import->options->names, csv->cells[i].text);
        if (field == FIELD_COUNT)
            continue;
        if (csv->column[field] >= 0)
            return import_fail(csv->import, "columns %d and %zu are both the %s",
                               csv->column[field] + 1, i + 1, field_names[field]);
        csv->column[field] = (int)i;
    }
    if (csv->column[FIELD_name] < 0)
        return import_fail(csv->import, "no column is the name; --name-column says which");
    if (csv->column[FIELD_value] < 0)
        return import_fail(csv->import, "no column is the value; --value-column says which");
    return 0;
}

/* The cell of a field; NULL where it is absent or empty. */
static const struct cell *cell_of(const struct csv *csv, enum field field)
{
    const int column = csv->column[field];

    return column < 0 || !csv->cells[column].length ? NULL : &csv->cells[column];
}

static int field_fail(struct csv *csv, enum field field, const char *why)
{
    return import_fail(csv->import, "column %d (%s): %s", csv->column[field] + 1,
                       field_names[field], why);
}

/* A number that may be absent. */
static int number_take(struct csv *csv, enum field field, double *out)
{
    const struct cell *cell = cell_of(csv, field);
    const char *wrong = cell ? exact_parse(cell->text, cell->length, out) : NULL;

    return wrong ? field_fail(csv, field, wrong) : 0;
}

static int count_take(struct csv *csv, enum field field, uint64_t limit, uint64_t *out)
{
    const struct cell *cell = cell_of(csv, field);
    const char *wrong = cell ? count_parse(cell->text, cell->length, limit, out) : NULL;

    return wrong ? field_fail(csv, field, wrong) : 0;
}

static int time_take(struct csv *csv, enum field field, int64_t *out)
{
    const struct cell *cell = cell_of(csv, field);
    const char *wrong = cell ? time_parse(cell->text, cell->length, out) : NULL;

    return wrong ? field_fail(csv, field, wrong) : 0;
}

static int run_take(struct csv *csv, struct history_run *run)
{
    uint64_t position = 0, complete = 1;
    const struct cell *cell;

    *run = import_run_facts(csv->import);
#define X(member)                                                                                  \
    cell = cell_of(csv, FIELD_##member);                                                           \
    if (cell && cell->length > ENTRY_TEXT_MAX)                                                     \
        return field_fail(csv, FIELD_##member, "longer than can be kept");                         \
    if (cell)                                                                                      \
        run->member = cell->text;
    RUN_TEXTS(X)
#undef X
    if (*run->digest &&
        (strlen(run->digest) != 64 || strspn(run->digest, "0123456789abcdef") != 64))
        return field_fail(csv, FIELD_digest, "no SHA-256");
    if (csv->column[FIELD_time] < 0) /* without times the order of the rows is that of time */
        run->time_us = (int64_t)csv->import->line;
    if (time_take(csv, FIELD_time, &run->time_us))
        return -1;
    run->taken_us = run->time_us;
    if (time_take(csv, FIELD_taken, &run->taken_us) ||
        count_take(csv, FIELD_position, INT64_MAX / 2, &position) ||
        count_take(csv, FIELD_complete, 1, &complete))
        return -1;
    run->position = (int64_t)position;
    run->complete = complete;
    return 0;
}

/* The value, and the boots that it is made of. */
static int value_take(struct csv *csv, struct entry_point *point)
{
    const struct cell *samples = cell_of(csv, FIELD_samples);
    uint64_t boots = 1;

    if (!cell_of(csv, FIELD_value))
        return field_fail(csv, FIELD_value, "missing");
    if (number_take(csv, FIELD_value, &point->point.value) ||
        count_take(csv, FIELD_boots, 1u << 30, &boots))
        return -1;
    point->point.boots = (unsigned)boots;
    /* A sample takes two bytes of text at least. */
    const size_t room = samples ? samples->length / 2 + 1 : 1;
    double *list = arena_take(&csv->import->entries->arena, room * sizeof(*list));
    if (!list)
        return import_fail(csv->import, "out of memory");
    point->samples = list;
    if (samples) {
        const long count = exact_list_parse(samples->text, list, room);
        if (count < 0 || count > (long)ENTRY_SAMPLES_MAX)
            return field_fail(csv, FIELD_samples, "no list of numbers that can be kept");
        point->sample_count = (size_t)count;
        if (cell_of(csv, FIELD_boots) && boots != (uint64_t)count)
            return field_fail(csv, FIELD_samples, "not as many as the boots");
        point->point.boots = (unsigned)count;
    } else if (csv->column[FIELD_samples] < 0 && csv->column[FIELD_boots] < 0) {
        list[0] = point->point.value;
        point->sample_count = 1;
    }
    return 0;
}

static int point_take(struct csv *csv, struct entry *entry)
{
    struct entry_point point = import_point_facts(csv->import);
    uint64_t larger = point.larger_better;
    const struct cell *cell;

#define X(member)                                                                                  \
    cell = cell_of(csv, FIELD_##member);                                                           \
    if (cell)                                                                                      \
        point.member = cell->text;
    SERIES_TEXTS(X)
#undef X
#define X(member)                                                                                  \
    if (number_take(csv, FIELD_##member, &point.point.member))                                     \
        return -1;
    POINT_NUMBERS(X)
#undef X
    if (count_take(csv, FIELD_larger_better, 1, &larger) || value_take(csv, &point))
        return -1;
    point.larger_better = larger;
    return import_point(csv->import, entry, &point);
}

static int rows_take(struct csv *csv)
{
    struct history_run run;

    int wrong = head_take(csv);
    for (csv->import->line += csv->lines; !wrong && *csv->at; csv->import->line += csv->lines) {
        wrong = row_take(csv);
        if (wrong || (csv->count == 1 && !csv->cells[0].length))
            continue; /* an empty line */
        if (csv->count != csv->columns)
            return import_fail(csv->import, "%zu columns, the head has %zu", csv->count,
                               csv->columns);
        wrong = run_take(csv, &run);
        struct entry *entry = wrong ? NULL : import_run(csv->import, &run);
        wrong = entry ? point_take(csv, entry) : -1;
    }
    return wrong;
}

int import_csv(struct import *import)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    char *copy = strdup(import->text);
    int wrong = -1;

    if (csv && copy) {
        csv->import = import;
        csv->at = copy;
        wrong = rows_take(csv);
    } else {
        import_fail(import, "out of memory");
    }
    free(copy);
    free(csv);
    return wrong;
}

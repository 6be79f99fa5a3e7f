/* SPDX-License-Identifier: MIT
 * JSON lines, an object a line: the history's own export (member "tach_history"), or others'
 * archives: {"timestamp": ..., "sha": ..., "METRIC": [min, q1, median, mean, q3, max, stddev, n]},
 * where a metric may be a plain number too. See bench/history/import.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/import.h"
#include "bench/history/number.h"

/* What a double holds exactly; false for anything else. */
static bool number_get(const json_t *value, double *out)
{
    if (json_is_integer(value) && !exact_integer(json_integer_value(value)))
        return false;
    *out = json_number_value(value);
    return json_is_number(value) && isfinite(*out);
}

static const char *time_get(const json_t *value, int64_t *out)
{
    if (json_is_string(value))
        return time_parse(json_string_value(value), json_string_length(value), out);
    if (json_is_number(value))
        return time_of_number(json_number_value(value), out);
    return "no time";
}

/* ---- other people's archives ---- */

/* [min, q1, median, mean, q3, max, stddev, n] */
static int summary_take(struct import *import, const char *name, const json_t *list,
                        struct entry_point *point)
{
    double numbers[8];

    if (json_array_size(list) != 8)
        return import_fail(import,
                           "\"%.60s\" has %zu numbers instead of min, q1, median, mean, "
                           "q3, max, stddev, n",
                           name, json_array_size(list));
    for (size_t i = 0; i < 8; i++)
        if (!number_get(json_array_get(list, i), &numbers[i]))
            return import_fail(import, "number %zu of \"%.60s\" is none that is exact", i + 1,
                               name);
    if (numbers[7] < 0 || numbers[7] > 1e9 || numbers[7] != floor(numbers[7]))
        return import_fail(import, "the count of \"%.60s\" is none", name);
    point->point.min = numbers[0];
    point->point.low = numbers[1];
    point->point.value = point->point.p50 = numbers[2];
    point->point.high = numbers[4];
    point->point.max = numbers[5];
    point->point.boots = (unsigned)numbers[7];
    return 0;
}

static int member_take(struct import *import, struct entry *entry, const char *name,
                       const json_t *value)
{
    struct entry_point point = import_point_facts(import);
    double number;

    point.name = name;
    if (json_is_array(value)) {
        if (summary_take(import, name, value, &point))
            return -1;
    } else if (json_is_number(value)) {
        if (!number_get(value, &number))
            return import_fail(import, "\"%.60s\" is no exact number", name);
        point.point.value = number;
        point.samples = &number;
        point.sample_count = 1;
    } else {
        return 0; /* texts and the like say nothing about cost */
    }
    return import_point(import, entry, &point);
}

static int archive_take(struct import *import, json_t *object)
{
    const struct import_names *names = &import->options->names;
    struct history_run run = import_run_facts(import);
    const char *name, *time_name = NULL, *commit_name = NULL, *wrong;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!time_name && import_named(name, names->time, import_times))
            time_name = name;
        else if (!commit_name && import_named(name, names->commit, import_commits))
            commit_name = name;
    }
    if (!time_name)
        return import_fail(import, "no member is the time; --time-column says which");
    wrong = time_get(json_object_get(object, time_name), &run.time_us);
    if (wrong)
        return import_fail(import, "\"%.60s\": %s", time_name, wrong);
    run.taken_us = run.time_us;
    if (commit_name && json_is_string(json_object_get(object, commit_name)))
        run.commit = json_string_value(json_object_get(object, commit_name));
    if (strlen(run.commit) > ENTRY_TEXT_MAX)
        return import_fail(import, "a commit longer than can be kept");
    struct entry *entry = import_run(import, &run);
    if (!entry)
        return -1;
    json_object_foreach(object, name, value)
    {
        if (name != time_name && name != commit_name && member_take(import, entry, name, value))
            return -1;
    }
    return 0;
}

/* ---- our own ---- */

/* A text that may be absent; false for another type or one too long. */
static bool text_get(const json_t *object, const char *name, const char **out)
{
    const json_t *value = json_object_get(object, name);

    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) > ENTRY_TEXT_MAX)
        return false;
    *out = json_string_value(value);
    return true;
}

static int own_run(struct import *import, const json_t *object, struct history_run *run)
{
    const json_t *position = json_object_get(object, "position");

    *run = run_empty();
#define X(member)                                                                                  \
    if (!text_get(object, #member, &run->member))                                                  \
        return import_fail(import, "the run's " #member " is no text that can be kept");
    RUN_TEXTS(X)
#undef X
    if (strlen(run->digest) != 64 || strspn(run->digest, "0123456789abcdef") != 64)
        return import_fail(import, "the run's digest is no SHA-256");
    const char *wrong = time_get(json_object_get(object, "time"), &run->time_us);
    if (!wrong)
        wrong = time_get(json_object_get(object, "taken"), &run->taken_us);
    if (wrong)
        return import_fail(import, "the run's time: %s", wrong);
    if (position && (!json_is_integer(position) || json_integer_value(position) < 0))
        return import_fail(import, "the run's position is no count");
    run->position = json_integer_value(position);
    run->complete = !json_is_false(json_object_get(object, "complete"));
    return 0;
}

static int own_samples(struct import *import, const json_t *list, struct entry_point *point)
{
    const size_t count = json_array_size(list);
    double *samples = arena_take(&import->entries->arena, count * sizeof(*samples));

    if (count > ENTRY_SAMPLES_MAX || !samples)
        return import_fail(import, "more samples of one point than can be kept");
    for (size_t i = 0; i < count; i++)
        if (!number_get(json_array_get(list, i), &samples[i]))
            return import_fail(import, "sample %zu is no exact number", i + 1);
    point->samples = samples;
    point->sample_count = count;
    return 0;
}

static int own_point(struct import *import, struct entry *entry, const json_t *object)
{
    struct entry_point point = {
        .suite = "",
        .name = "",
        .metric = "",
        .unit = "",
        .point = point_empty(),
    };
    double boots = 1;

#define X(member)                                                                                  \
    if (!text_get(object, #member, &point.member))                                                 \
        return import_fail(import, "a point's " #member " is no text that can be kept");
    SERIES_TEXTS(X)
#undef X
#define X(member)                                                                                  \
    if (json_object_get(object, #member) &&                                                        \
        !number_get(json_object_get(object, #member), &point.point.member))                        \
        return import_fail(import, "a point's " #member " is no exact number");
    POINT_NUMBERS(X)
#undef X
    if (!number_get(json_object_get(object, "value"), &point.point.value))
        return import_fail(import, "a point's value is missing or no exact number");
    if (!number_get(json_object_get(object, "boots"), &boots) || boots < 0 || boots > 1e9 ||
        boots != floor(boots))
        return import_fail(import, "a point's boots are no count");
    point.point.boots = (unsigned)boots;
    point.larger_better = json_is_true(json_object_get(object, "larger_better"));
    if (own_samples(import, json_object_get(object, "samples"), &point))
        return -1;
    if (point.sample_count && point.sample_count != point.point.boots)
        return import_fail(import, "a point's samples are not as many as its boots");
    return import_point(import, entry, &point);
}

static int own_take(struct import *import, json_t *object)
{
    const json_t *points = json_object_get(object, "points");
    struct history_run run;
    int wrong = 0;

    if (!wrong && (json_integer_value(json_object_get(object, "tach_history")) != 1 ||
                   !json_is_array(points)))
        wrong = import_fail(import, "no export of a history that is known here");
    if (!wrong)
        wrong = own_run(import, json_object_get(object, "run"), &run);
    struct entry *entry = wrong ? NULL : import_run(import, &run);
    for (size_t i = 0; entry && !wrong && i < json_array_size(points); i++)
        wrong = own_point(import, entry, json_array_get(points, i));
    return entry ? wrong : -1;
}

static int line_take(struct import *import, const char *line, size_t length)
{
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(object)) {
        json_decref(object);
        return import_fail(import, "no JSON object: %s", object ? "another value" : error.text);
    }
    const int wrong = json_object_get(object, "tach_history") ? own_take(import, object)
                                                              : archive_take(import, object);
    json_decref(object);
    return wrong;
}

int import_lines(struct import *import)
{
    int wrong = 0;

    for (const char *at = import->text; !wrong && *at; import->line++) {
        const size_t length = strcspn(at, "\n");
        if (strspn(at, " \t\r") < length)
            wrong = line_take(import, at, length);
        at += length + (at[length] == '\n');
    }
    return wrong;
}

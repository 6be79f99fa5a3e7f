/* SPDX-License-Identifier: MIT
 * Google Benchmark's JSON, one file one run. Rows of run_type iteration are the boots of their
 * series; where a series has none, the median of its aggregate rows, else the mean. Times become
 * nanoseconds; counters, which are the numbers that the format has no name for, are metrics of
 * their own. See bench/history/import.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/import.h"
#include "bench/history/number.h"

static const struct {
    const char *name;
    double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

static const char *const metrics[] = {"real_time", "cpu_time"};

/* Numbers of a row that are no counters. */
static const char *const own_numbers[] = {"family_index", "per_family_instance_index",
                                          "repetitions",  "repetition_index",
                                          "threads",      "iterations",
                                          "real_time",    "cpu_time"};

/* Steps over a JSON text: strings as a whole, else a byte. */
static const char *text_step(const char *at)
{
    if (*at != '"')
        return at + 1;
    for (at++; *at && *at != '"'; at++)
        at += *at == '\\' && at[1];
    return at + (*at == '"');
}

/* The line of row `index` of "benchmarks": the value itself no longer knows it. */
static size_t row_line(const char *text, size_t index)
{
    size_t line = 1, depth = 0, rows = 0;
    bool within = false;

    for (const char *at = text, *next; *at; at = next) {
        next = text_step(at);
        for (const char *skip = at; skip < next; skip++)
            line += *skip == '\n';
        within |= depth == 1 && !strncmp(at, "\"benchmarks\"", 12);
        if (*at == '{' && within && depth == 2 && rows++ == index)
            return line;
        depth += *at == '{' || *at == '[';
        depth -= depth && (*at == '}' || *at == ']');
    }
    return line;
}

static const char *string_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static bool row_is_aggregate(const json_t *row)
{
    return !strcmp(string_of(row, "run_type"), "aggregate");
}

static const char *row_series(const json_t *row)
{
    const char *run_name = string_of(row, "run_name");

    return *run_name ? run_name : string_of(row, "name");
}

/* How much a row says about its series: 3 its boots, 2 a median, 1 a mean, 0 nothing. */
static unsigned row_rank(const json_t *row)
{
    if (json_is_true(json_object_get(row, "error_occurred")))
        return 0;
    if (!row_is_aggregate(row))
        return 3;
    const char *aggregate = string_of(row, "aggregate_name");
    return !strcmp(aggregate, "median") ? 2 : !strcmp(aggregate, "mean");
}

/* The best rank that any row of each series has: {name: rank}. NULL when memory ends. */
static json_t *ranks_make(const json_t *rows)
{
    json_t *ranks = json_object();

    for (size_t i = 0; ranks && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_int_t rank = row_rank(row);
        const char *name = row_series(row);
        if (rank > json_integer_value(json_object_get(ranks, name)))
            json_object_set_new(ranks, name, json_integer(rank));
    }
    return ranks;
}

/* A number of a row, as a sample or as what its aggregate says of so many. */
static int point_take(struct import *import, struct entry *entry, const json_t *row,
                      struct entry_point *point)
{
    const json_t *boots = json_object_get(row, "repetitions");
    double sample = point->point.value;

    point->name = row_series(row);
    if (!row_is_aggregate(row)) {
        point->samples = &sample;
        point->sample_count = 1;
    } else if (json_integer_value(boots) < 0 || json_integer_value(boots) > 1000000000) {
        return import_fail(import, "repetitions are no count");
    } else if (json_is_integer(boots)) {
        point->point.boots = (unsigned)json_integer_value(boots);
    }
    return import_point(import, entry, point);
}

static int time_take(struct import *import, struct entry *entry, const json_t *row,
                     const char *metric)
{
    const json_t *value = json_object_get(row, metric);
    struct entry_point point = import_point_facts(import);
    const char *unit = string_of(row, "time_unit");
    double scale = 0, sample = json_number_value(value);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        scale = !strcmp(unit, units[i].name) ? units[i].ns : scale;
    sample *= scale;
    if (scale == 0)
        return import_fail(import, "the time_unit is none of ns us ms s");
    if (!json_is_number(value) || !isfinite(sample) || sample < 0)
        return import_fail(import, "%s is no time", metric);
    point.metric = metric;
    point.unit = "ns";
    point.point.value = sample;
    return point_take(import, entry, row, &point);
}

static bool is_counter(const char *name, const json_t *value)
{
    for (size_t i = 0; i < sizeof(own_numbers) / sizeof(own_numbers[0]); i++)
        if (!strcmp(name, own_numbers[i]))
            return false;
    return json_is_number(value);
}

/* Of counters the library knows no unit, and of its own rates that more of them is better. */
static int counters_take(struct import *import, struct entry *entry, json_t *row)
{
    const char *name;
    json_t *value;

    json_object_foreach(row, name, value)
    {
        struct entry_point point = import_point_facts(import);
        if (!is_counter(name, value))
            continue;
        if (json_is_integer(value) && !exact_integer(json_integer_value(value)))
            return import_fail(import, "a counter beyond what a double holds exactly");
        point.metric = name;
        point.unit = "";
        point.larger_better |=
            !strcmp(name, "items_per_second") || !strcmp(name, "bytes_per_second");
        point.point.value = json_number_value(value);
        if (point_take(import, entry, row, &point))
            return -1;
    }
    return 0;
}

static int row_take(struct import *import, struct entry *entry, json_t *row, const json_t *ranks)
{
    const unsigned rank = row_rank(row);
    const char *name = row_series(row);

    if (!*name)
        return import_fail(import, "a row without a name");
    if (json_is_number(json_object_get(row, "iterations")) &&
        json_number_value(json_object_get(row, "iterations")) < 0)
        return import_fail(import, "iterations are no count");
    if (!rank || rank != json_integer_value(json_object_get(ranks, name)))
        return 0;
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        if (time_take(import, entry, row, metrics[i]))
            return -1;
    return counters_take(import, entry, row);
}

static int context_take(struct import *import, const json_t *context, struct history_run *run,
                        char machine[256])
{
    const char *date = string_of(context, "date"), *host = string_of(context, "host_name");

    if (json_object_get(context, "tach_class"))
        return import_fail(import, "a run of tach's own: history add takes it");
    *run = import_run_facts(import);
    const char *wrong = time_parse(date, strlen(date), &run->time_us);
    if (wrong)
        return import_fail(import, "the context's date: %s", wrong);
    run->taken_us = run->time_us;
    if (*host) {
        snprintf(machine, 256, "%.200s %lld cpus", host,
                 (long long)json_integer_value(json_object_get(context, "num_cpus")));
        run->machine = machine;
    }
    return 0;
}

static int document_take(struct import *import, const json_t *root)
{
    const json_t *rows = json_object_get(root, "benchmarks");
    struct history_run run;
    char machine[256];

    if (!json_is_array(rows) || !json_is_object(json_object_get(root, "context")))
        return import_fail(import, "no Google Benchmark document: context or benchmarks missing");
    if (context_take(import, json_object_get(root, "context"), &run, machine))
        return -1;
    struct entry *entry = import_run(import, &run);
    json_t *ranks = ranks_make(rows);
    int wrong = entry && ranks ? 0 : import_fail(import, "out of memory");
    for (size_t i = 0; !wrong && i < json_array_size(rows); i++) {
        wrong = row_take(import, entry, json_array_get(rows, i), ranks);
        if (wrong)
            import->error->line = row_line(import->text, i);
    }
    json_decref(ranks);
    return wrong;
}

int import_benchmark(struct import *import)
{
    json_error_t error;
    json_t *root = json_loadb(import->text, import->size, JSON_REJECT_DUPLICATES, &error);

    if (!root) {
        import->line = error.line > 0 ? (size_t)error.line : 1;
        return import_fail(import, "no JSON: %s", error.text);
    }
    const int wrong = document_take(import, root);
    json_decref(root);
    return wrong;
}

/* SPDX-License-Identifier: MIT
 * tach history list: a line a segment of each series; of tach's own runs the wholes, unless metrics
 * are asked for. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/verb.h"
#include "bench/table.h"
#include "traces/say.h"

#define VERB        "history list"
#define SPARK_WIDTH 24u

struct list_state {
    struct history_args common;
    size_t series, points;
    char machine[ENTRY_TEXT_MAX + 1], class[64]; /* of the line before */
};

static json_t *segment_json(const struct history_segment *segment)
{
    const struct history_point *last = &segment->points[segment->count - 1];
    json_t *changes = json_array(), *points = json_array();

    for (size_t i = 0; i < segment->count; i++) {
        json_t *point = place_json(segment->points[i].run);
        json_object_set_new(point, "value", json_number(segment->points[i].value));
        json_array_append_new(points, point);
    }
    for (size_t i = 0; i < segment->change_count; i++)
        json_array_append_new(changes, json_integer((json_int_t)segment->changes[i].at));
    return json_pack("{so so so so sI so so}", "machine", print_text(segment->machine), "last",
                     json_number(last->value), "changes", changes, "noise",
                     json_number(segment->noise), "noise_pairs", (json_int_t)segment->noise_pairs,
                     "points", points, "last_run", place_json(last->run));
}

static void series_json(struct list_state *state, const struct history_series *series)
{
    json_t *segments = json_array();

    for (size_t i = 0; i < series->segment_count; i++)
        json_array_append_new(segments, segment_json(&series->segments[i]));
    json_array_append_new(
        state->common.list,
        json_pack("{so so so so so sb sb so}", "suite", print_text(series->suite), "name",
                  print_text(series->name), "metric", print_text(series->metric), "unit",
                  print_text(series->unit), "class", print_text(series->class), "larger_better",
                  series->larger_better, "exact", series->exact, "segments", segments));
}

/* The machine stands above its lines. */
static void machine_print(struct list_state *state, const struct history_series *series,
                          const struct history_segment *segment)
{
    if (state->series && !strcmp(state->machine, segment->machine) &&
        !strcmp(state->class, series->class))
        return;
    snprintf(state->machine, sizeof(state->machine), "%s", segment->machine);
    snprintf(state->class, sizeof(state->class), "%s", series->class);
    printf("%s", state->series ? "\n" : "");
    say_name(stdout, series->class);
    fputs(" on ", stdout);
    say_name(stdout, segment->machine);
    printf("\n%-44s %6s %12s %8s  %s\n", "series", "points", "last", "noise", "last change");
}

static void change_print(const struct history_segment *segment)
{
    char commit[40];

    if (!segment->change_count) {
        fputs("none", stdout);
        return;
    }
    const struct change *change = &segment->changes[segment->change_count - 1];
    commit_text(segment->points[change->at].run, commit);
    printf("%+.2f %% at ", change->percent);
    say_name(stdout, commit);
}

static void segment_print(struct list_state *state, const struct history_series *series,
                          const struct history_segment *segment)
{
    char name[128], last[32], noise[32] = "-";

    machine_print(state, series, segment);
    snprintf(name, sizeof(name), "%.100s%s%.20s", series->name,
             strcmp(series->metric, "whole") ? " " : "",
             strcmp(series->metric, "whole") ? series->metric : "");
    number_text(segment->points[segment->count - 1].value, last, sizeof(last));
    if (segment->noise_pairs)
        snprintf(noise, sizeof(noise), "%.2f %%", 100 * segment->noise);
    print_padded(name, 44);
    printf("%6zu %12s %8s  ", segment->count, last, noise);
    print_spark(stdout, segment, SPARK_WIDTH);
    change_print(segment);
    putchar('\n');
}

static int series_take(void *context, const struct history_series *series)
{
    struct list_state *state = context;

    if (state->common.list)
        series_json(state, series);
    for (size_t i = 0; !state->common.list && i < series->segment_count; i++) {
        segment_print(state, series, &series->segments[i]);
        state->series += i + 1 < series->segment_count;
    }
    state->series++;
    state->points += series->count;
    return TACH_OK;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct list_state *args = state->input;

    (void)text;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = &args->common;
    return 0;
}

int history_list(int argc, char **argv)
{
    static const struct argp_child children[] = {{&history_filter_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        option_parse,
        "",
        "List the series of the history.\v"
        "A line a series and machine: how many points, the last value, how much equal images "
        "differed, the last change. Of tach's own runs the wholes are listed; --metric asks for "
        "others. Numbers of different machines or classes are never in one line.\n\n"
        "Samples:\n"
        "  tach history list\n"
        "  tach history list --name 'D4/*' --metric 'phase_*' --since 90d\n\n"
        "Exit codes: 0 done, 65 malformed, 66 missing.",
        children,
        NULL,
        NULL};
    struct list_state state = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &state);
    state.common.filter.wholes = !state.common.filter.metric;
    const int status = history_series_each(VERB, &state.common, series_take, &state);
    if (!status && !state.common.json)
        printf("%s%zu segments, %zu points\n", state.series ? "\n" : "", state.series,
               state.points);
    return status;
}

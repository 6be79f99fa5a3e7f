/* SPDX-License-Identifier: MIT
 * tach history changes: what changed, where, by how much. Status 1 says that something got slower
 * among the last points, so that a build can stop on it. */
#include <math.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/history/number.h"
#include "bench/history/print.h"
#include "bench/history/verb.h"
#include "bench/table.h"
#include "traces/say.h"

#define VERB        "history changes"
#define SPARK_WIDTH 16u

struct changes_state {
    struct history_args common;
    size_t last; /* among so many last points a regression counts */
    size_t series, changes, regressions, recent;
};

struct finding {
    const struct history_series *series;
    const struct history_segment *segment;
    const struct change *change;
    bool worse, recent;
};

static void finding_json(struct changes_state *state, const struct finding *finding)
{
    const struct history_series *series = finding->series;
    const struct change *change = finding->change;
    const struct history_point *points = finding->segment->points;
    json_t *object =
        json_pack("{so so so so so so so so so so sb sb}", "suite", print_text(series->suite),
                  "name", print_text(series->name), "metric", print_text(series->metric), "unit",
                  print_text(series->unit), "class", print_text(series->class), "machine",
                  print_text(finding->segment->machine), "before", json_number(change->before),
                  "after", json_number(change->after), "percent", json_number(change->percent), "p",
                  json_number(change->p), "regression", finding->worse, "recent", finding->recent);

    json_object_set_new(object, "points_since",
                        json_integer((json_int_t)(finding->segment->count - change->at)));
    json_object_set_new(object, "at", place_json(points[change->at].run));
    json_object_set_new(object, "previous", place_json(points[change->at - 1].run));
    json_array_append_new(state->common.list, object);
}

static void finding_print(const struct finding *finding)
{
    const struct history_run *run = finding->segment->points[finding->change->at].run;
    char before[32], after[32], commit[40], time[TIME_MAX], name[128];

    snprintf(name, sizeof(name), "%.100s %.20s", finding->series->name, finding->series->metric);
    number_text(finding->change->before, before, sizeof(before));
    number_text(finding->change->after, after, sizeof(after));
    commit_text(run, commit);
    time_text(run->time_us, time);
    print_padded(name, 44);
    printf("%12s -> %-12s %+7.2f %%  %-9s ", before, after, finding->change->percent,
           finding->worse ? "slower" : "faster");
    print_spark(stdout, finding->segment, SPARK_WIDTH);
    printf(" %.10s ", time);
    say_name(stdout, commit);
    fputs(*run->subject ? " " : "", stdout);
    say_text(stdout, run->subject, strnlen(run->subject, 60));
    putchar('\n');
}

static int series_take(void *context, const struct history_series *series)
{
    struct changes_state *state = context;

    state->series++;
    for (size_t s = 0; s < series->segment_count; s++) {
        const struct history_segment *segment = &series->segments[s];
        for (size_t i = 0; i < segment->change_count; i++) {
            struct finding finding = {series, segment, &segment->changes[i], false, false};
            finding.worse = change_is_worse(series, finding.change);
            finding.recent = segment->count - finding.change->at <= state->last;
            state->changes++;
            state->regressions += finding.worse;
            state->recent += finding.worse && finding.recent;
            if (state->common.list)
                finding_json(state, &finding);
            else
                finding_print(&finding);
        }
    }
    return TACH_OK;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct changes_state *args = state->input;

    (void)text;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        return 0;
    case ARGP_KEY_END:
        args->last = args->common.filter.last ? args->common.filter.last : HISTORY_RECENT;
        args->common.filter.last = 0; /* changes are found in all points, whichever count */
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int history_changes(int argc, char **argv)
{
    static const struct argp_child children[] = {{&history_filter_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        NULL,
        option_parse,
        "",
        "List what changed in the history.\v"
        "A line a change of a series on one machine. Counted instructions are exact, so each "
        "difference is one; cycles are judged by a change point detector and a filter. A run of "
        "the same images as the one before it is never a change. With --last K a regression that "
        "began among the last K points (10) makes the status 1; all changes are listed.\n\n"
        "Samples:\n"
        "  tach history changes --metric whole\n"
        "  tach history changes --last 5 --json\n\n"
        "Exit codes: 0 no regression among the last points, 1 one or more, 65 malformed, 66 "
        "missing.",
        children,
        NULL,
        NULL};
    struct changes_state state = {0};

    argp_parse(&argp, argc, argv, 0, NULL, &state);
    const int status = history_series_each(VERB, &state.common, series_take, &state);
    if (!status && !state.common.json)
        printf("%zu changes in %zu series, %zu of them slower, %zu of these among the last %zu "
               "points\n",
               state.changes, state.series, state.regressions, state.recent, state.last);
    return status ? status : state.recent ? TACH_DIFFERENT : TACH_OK;
}

/* SPDX-License-Identifier: MIT
 * The last runs of a history; see bench/history/past.h. Series are read one by one and dealt out to
 * the runs that they have points of; then the newest runs are kept and put in order. */
#include "bench/history/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/history/print.h"

struct dealing {
    struct past *past;
    size_t room;
};

static const char *copy(struct arena *arena, const char *text)
{
    const char *own = arena_text(arena, text, strlen(text));

    return own ? own : "";
}

/* The run of a point, made where it is new; NULL when memory ends. */
static struct past_run *run_of(struct dealing *dealing, const struct history_run *facts)
{
    struct past *past = dealing->past;

    for (size_t i = past->count; i-- > 0;)
        if (past->runs[i].facts.id == facts->id)
            return &past->runs[i];
    struct past_run *run =
        list_grow((void **)(void *)&past->runs, past->count, &dealing->room, sizeof(*past->runs));
    if (!run)
        return NULL;
    *run = (struct past_run){.facts = *facts};
#define X(member) run->facts.member = copy(&past->arena, facts->member);
    RUN_TEXTS(X)
#undef X
    commit_text(facts, run->commit);
    past->count++;
    return run;
}

/* Which cell and side a series is of; false for none that is wanted. */
static bool place_find(const struct past *past, const char *name, size_t *cell, size_t *on)
{
    char wanted[FIGURE_NAME_MAX + 16];

    for (size_t i = 0; i < PAST_CELLS * 2; i++) {
        *cell = i / 2;
        *on = i % 2;
        if (!past->wanted.cells[*cell])
            continue;
        snprintf(wanted, sizeof(wanted), "%s/pti:%s", past->wanted.cells[*cell],
                 *on ? "on" : "off");
        if (!strcmp(wanted, name))
            return true;
    }
    return false;
}

static int segment_deal(struct dealing *dealing, const struct history_series *series,
                        const struct history_segment *segment, const size_t place[2])
{
    for (size_t i = 0; i < segment->count; i++) {
        struct past_run *run = run_of(dealing, segment->points[i].run);
        if (!run)
            return TACH_INTERNAL;
        struct past_value *value = &run->values[place[0]][place[1]];
        *value = (struct past_value){.there = true, .value = segment->points[i].value};
        for (size_t k = 0; k < segment->change_count; k++) {
            if (segment->changes[k].at != i)
                continue;
            struct change *change = arena_take(&dealing->past->arena, sizeof(*change));
            if (!change)
                return TACH_INTERNAL;
            *change = segment->changes[k];
            value->change = change;
            value->worse = change_is_worse(series, change);
        }
    }
    return TACH_OK;
}

/* Whether anything got slower lately, of the machine that is judged. */
static void segment_count(struct past *past, const struct history_series *series,
                          const struct history_segment *segment)
{
    bool slower = false;

    past->series++;
    for (size_t i = 0; i < segment->change_count; i++) {
        const struct change *change = &segment->changes[i];
        if (segment->count - change->at > HISTORY_RECENT || !change_is_worse(series, change))
            continue;
        slower = true;
        if (past->worst && change->percent <= past->worst_percent)
            continue;
        past->worst = copy(&past->arena, series->name);
        past->worst_percent = change->percent;
        commit_text(segment->points[change->at].run, past->worst_commit);
    }
    past->slower += slower;
}

static int series_take(void *context, const struct history_series *series)
{
    struct dealing *dealing = context;
    struct past *past = dealing->past;
    size_t place[2];
    int status = TACH_OK;

    if (strcmp(series->class, past->wanted.class) || strcmp(series->suite, FIGURE_SUITE))
        return TACH_OK;
    const bool dealt = place_find(past, series->name, &place[0], &place[1]);
    for (size_t s = 0; !status && s < series->segment_count; s++) {
        if (!strcmp(series->segments[s].machine, past->wanted.machine))
            segment_count(past, series, &series->segments[s]);
        if (dealt)
            status = segment_deal(dealing, series, &series->segments[s], place);
    }
    return status;
}

/* The order in which the store hands runs over. */
static int commit_order(const struct history_run *a, const struct history_run *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    if (a->taken_us != b->taken_us)
        return a->taken_us < b->taken_us ? -1 : 1;
    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    return strcmp(a->digest, b->digest);
}

static int run_order(const void *left, const void *right)
{
    const struct past_run *a = left, *b = right;

    if (a->stretch != b->stretch)
        return a->stretch < b->stretch ? -1 : 1;
    return commit_order(&a->facts, &b->facts);
}

/* Stretches by the first run of each machine, the wanted one the last. */
static void stretches_make(struct past *past)
{
    size_t own = 0;

    for (size_t i = 0; i < past->count; i++) {
        struct past_run *run = &past->runs[i];
        size_t k = 0;
        while (k < i && strcmp(past->runs[k].facts.machine, run->facts.machine))
            k++;
        if (!strcmp(run->facts.machine, past->wanted.machine))
            run->stretch = SIZE_MAX;
        else
            run->stretch = k < i ? past->runs[k].stretch : past->stretches++;
        own += run->stretch == SIZE_MAX;
    }
    for (size_t i = 0; i < past->count; i++)
        if (past->runs[i].stretch == SIZE_MAX)
            past->runs[i].stretch = past->stretches;
    past->stretches += own > 0;
}

static void newest_keep(struct past *past)
{
    if (!past->count)
        return;
    qsort(past->runs, past->count, sizeof(*past->runs), run_order);
    if (past->count > PAST_RUNS) {
        memmove(past->runs, past->runs + past->count - PAST_RUNS, PAST_RUNS * sizeof(*past->runs));
        past->count = PAST_RUNS;
    }
    stretches_make(past);
    qsort(past->runs, past->count, sizeof(*past->runs), run_order);
}

static int past_read(const char *verb, const char *where, struct past *past)
{
    const struct history_filter filter = {
        .class = past->wanted.class, .last = PAST_RUNS, .wholes = true};
    struct dealing dealing = {.past = past};
    struct history *history;

    int status = history_open(verb, where, &history);
    if (!status)
        status = history_read(history, &filter, series_take, &dealing);
    history_close(history);
    newest_keep(past);
    return status;
}

/* Nobody has begun one yet: no file of that name. */
static bool is_absent(const char *where)
{
    return !strstr(where, "://") && access(where, F_OK);
}

int past_load(const char *verb, const char *option, const struct past_wanted *wanted,
              struct past *out)
{
    const char *where = history_where(option);

    *out = (struct past){.wanted = *wanted};
    if (!option && is_absent(where))
        return TACH_OK;
    const int status = past_read(verb, where, out);
    out->state = status ? PAST_UNREADABLE : PAST_READ;
    return option ? status : TACH_OK;
}

void past_free(struct past *past)
{
    free(past->runs);
    arena_free(&past->arena);
    *past = (struct past){0};
}

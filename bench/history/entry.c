/* SPDX-License-Identifier: MIT
 * Runs in memory; see bench/history/entry.h. */
#include "bench/history/entry.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/number.h"
#include "bench/sha256.h"

struct history_run run_empty(void)
{
    struct history_run run = {.complete = true};

#define X(member) run.member = "";
    RUN_TEXTS(X)
#undef X
    return run;
}

struct history_point point_empty(void)
{
    struct history_point point = {.boots = 1};

#define X(member) point.member = FIGURE_ABSENT;
    POINT_NUMBERS(X)
#undef X
    return point;
}

struct entry *entries_add(struct entries *entries, const struct history_run *run)
{
    struct entry *entry = list_grow((void **)(void *)&entries->list, entries->count, &entries->room,
                                    sizeof(*entries->list));

    if (!entry)
        return NULL;
    entry->run = *run;
#define X(member)                                                                                  \
    entry->run.member = arena_text(&entries->arena, run->member, strlen(run->member));             \
    if (!entry->run.member)                                                                        \
        return NULL;
    RUN_TEXTS(X)
#undef X
    entries->count++;
    return entry;
}

int entry_add(struct entries *entries, struct entry *entry, const struct entry_point *point)
{
    struct entry_point *copy = list_grow((void **)(void *)&entry->points, entry->count,
                                         &entry->room, sizeof(*entry->points));
    const size_t size = point->sample_count * sizeof(*point->samples);

    if (!copy)
        return -1;
    *copy = *point;
#define X(member)                                                                                  \
    copy->member = arena_text(&entries->arena, point->member, strlen(point->member));              \
    if (!copy->member)                                                                             \
        return -1;
    SERIES_TEXTS(X)
#undef X
    if (size) {
        double *samples = arena_take(&entries->arena, size);
        if (!samples)
            return -1;
        copy->samples = memcpy(samples, point->samples, size);
    }
    entry->count++;
    return 0;
}

void point_of_samples(struct entry_point *point)
{
    double sum = 0;

    point->point.low = point->point.high = point->samples[0];
    for (size_t i = 0; i < point->sample_count; i++) {
        sum += point->samples[i];
        point->point.low = fmin(point->point.low, point->samples[i]);
        point->point.high = fmax(point->point.high, point->samples[i]);
    }
    point->point.value = sum / (double)point->sample_count;
    point->point.boots = (unsigned)point->sample_count;
}

static int point_order(const void *left, const void *right)
{
    const struct entry_point *a = left, *b = right;
    int order = 0;

#define X(member)                                                                                  \
    if (!order)                                                                                    \
        order = strcmp(a->member, b->member);
    SERIES_TEXTS(X)
#undef X
    return order;
}

/* Stable: rows of one series keep the order in which they came, so the same file gives the same
 * samples. */
static void points_sort(struct entry_point *points, struct entry_point *spare, size_t count)
{
    const size_t half = count / 2;
    size_t a = 0, b = half;

    if (count < 2)
        return;
    points_sort(points, spare, half);
    points_sort(points + half, spare, count - half);
    memcpy(spare, points, count * sizeof(*points));
    for (size_t i = 0; i < count; i++) {
        const bool left = b == count || (a < half && point_order(&spare[a], &spare[b]) <= 0);
        points[i] = spare[left ? a++ : b++];
    }
}

/* The samples of `count` points of one series become those of the first. */
static const char *points_join(struct entries *entries, struct entry_point *points, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        if (!points[i].sample_count)
            return "one series twice in one run";
        total += points[i].sample_count;
    }
    if (total > ENTRY_SAMPLES_MAX)
        return "more samples of one point than can be kept";
    double *samples = arena_take(&entries->arena, total * sizeof(*samples));
    if (!samples)
        return "out of memory";
    total = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(samples + total, points[i].samples, points[i].sample_count * sizeof(*samples));
        total += points[i].sample_count;
    }
#define X(member) points[0].point.member = FIGURE_ABSENT; /* several boots have none in common */
    POINT_NUMBERS(X)
#undef X
    points[0].samples = samples;
    points[0].sample_count = total;
    point_of_samples(&points[0]);
    return isfinite(points[0].point.value) ? NULL : "samples whose sum is beyond a double";
}

static const char *entry_join(struct entries *entries, struct entry *entry)
{
    struct entry_point *spare = malloc((entry->count + 1) * sizeof(*spare));
    size_t kept = 0;

    if (!spare)
        return "out of memory";
    points_sort(entry->points, spare, entry->count);
    free(spare);
    for (size_t i = 0, next; i < entry->count; i = next) {
        for (next = i + 1; next < entry->count; next++)
            if (point_order(&entry->points[i], &entry->points[next]))
                break;
        if (next > i + 1) {
            const char *wrong = points_join(entries, &entry->points[i], next - i);
            if (wrong)
                return wrong;
        }
        entry->points[kept++] = entry->points[i];
    }
    entry->count = kept;
    return NULL;
}

static void field_print(FILE *out, const char *text)
{
    fprintf(out, "%zu:%s", strlen(text), text);
}

/* Contents make the name: the same rows are the same run, wherever they stand. */
static const char *entry_digest(struct entries *entries, struct entry *entry)
{
    char digest[SHA256_TEXT], number[EXACT_MAX], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return "out of memory";
#define X(member) field_print(out, entry->run.member);
    RUN_TEXTS(X)
#undef X
    fprintf(out, "%" PRId64 ",%" PRId64 ";", entry->run.time_us, entry->run.taken_us);
    for (size_t i = 0; i < entry->count; i++) {
        const struct entry_point *point = &entry->points[i];
#define X(member) field_print(out, point->member);
        SERIES_TEXTS(X)
#undef X
        exact_text(point->point.value, number);
        fprintf(out, "=%s*%u", number, point->point.boots);
        for (size_t k = 0; k < point->sample_count; k++) {
            exact_text(point->samples[k], number);
            fprintf(out, " %s", number);
        }
    }
    if (fclose(out)) {
        free(text);
        return "out of memory";
    }
    sha256_text(text, size, digest);
    free(text);
    entry->run.digest = arena_text(&entries->arena, digest, strlen(digest));
    return entry->run.digest ? NULL : "out of memory";
}

const char *entries_finish(struct entries *entries, size_t *at)
{
    for (*at = 0; *at < entries->count; (*at)++) {
        struct entry *entry = &entries->list[*at];
        const char *wrong = entry_join(entries, entry);
        if (!wrong && !*entry->run.digest)
            wrong = entry_digest(entries, entry);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* FNV-1a over the digests: equal images have equal names, and nobody chooses them to collide. */
uint64_t run_image(const struct history_run *run)
{
    const char *const digests[] = {run->kernel, run->loader, run->initfs};
    uint64_t hash = 0xcbf29ce484222325u;
    bool known = false;

    for (size_t i = 0; i < 3; i++) {
        for (const char *at = digests[i]; *at; at++) {
            hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
            known = true;
        }
        hash = (hash ^ '/') * 0x100000001b3u;
    }
    return !known ? 0 : hash ? hash : 1;
}

void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->list[i].points);
    free(entries->list);
    arena_free(&entries->arena);
    *entries = (struct entries){0};
}

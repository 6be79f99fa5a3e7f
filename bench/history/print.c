/* SPDX-License-Identifier: MIT
 * Pieces of output; see bench/history/print.h. */
#include "bench/history/print.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/history/number.h"
#include "traces/say.h"

void print_padded(const char *text, int width)
{
    int used = 0;

    for (const char *at = text; *at; at++) {
        const unsigned char byte = (unsigned char)*at;
        used += byte == '\\' || byte == '\n' || byte == '\t' ? 2 : byte < ' ' || byte > '~' ? 4 : 1;
    }
    say_name(stdout, text);
    printf("%*s", used < width ? width - used + 1 : 1, "");
}

void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    putchar('\n');
}

json_t *print_text(const char *text)
{
    json_t *as_is = json_string(text);

    return as_is ? as_is : json_text(text);
}

static void time_set(json_t *object, const char *name, int64_t time_us)
{
    char text[TIME_MAX];

    time_text(time_us, text);
    json_object_set_new(object, name, json_string(text));
}

json_t *run_json(const struct history_run *run)
{
    json_t *object = json_object();

#define X(member)                                                                                  \
    if (*run->member)                                                                              \
        json_object_set_new(object, #member, print_text(run->member));
    RUN_TEXTS(X)
#undef X
    time_set(object, "time", run->time_us);
    time_set(object, "taken", run->taken_us);
    json_object_set_new(object, "position", json_integer(run->position));
    json_object_set_new(object, "complete", json_boolean(run->complete));
    return object;
}

json_t *entry_point_json(const struct entry_point *point)
{
    json_t *object = json_object();

#define X(member) json_object_set_new(object, #member, print_text(point->member));
    SERIES_TEXTS(X)
#undef X
    if (point->larger_better)
        json_object_set_new(object, "larger_better", json_true());
    json_object_set_new(object, "value", json_number(point->point.value));
    json_object_set_new(object, "boots", json_integer(point->point.boots));
#define X(member)                                                                                  \
    if (figure_has(point->point.member))                                                           \
        json_object_set_new(object, #member, json_number(point->point.member));
    POINT_NUMBERS(X)
#undef X
    if (point->sample_count) {
        json_t *samples = json_array();
        for (size_t i = 0; i < point->sample_count; i++)
            json_array_append_new(samples, json_number(point->samples[i]));
        json_object_set_new(object, "samples", samples);
    }
    return object;
}

json_t *place_json(const struct history_run *run)
{
    json_t *object = json_object();

    json_object_set_new(object, "commit", print_text(run->commit));
    time_set(object, "time", run->time_us);
    json_object_set_new(object, "run", print_text(run->digest));
    return object;
}

void commit_text(const struct history_run *run, char out[40])
{
    const size_t length = strlen(run->commit);
    const bool dirty = length > 6 && !strcmp(run->commit + length - 6, "-dirty");

    if (!length)
        snprintf(out, 40, "run %.*s", RUN_NAME, run->digest);
    else if (strspn(run->commit, "0123456789abcdef") >= RUN_NAME)
        snprintf(out, 40, "%.*s%s", RUN_NAME, run->commit, dirty ? "-dirty" : "");
    else
        snprintf(out, 40, "%.39s", run->commit);
}

bool change_is_worse(const struct history_series *series, const struct change *change)
{
    return (change->after > change->before) != series->larger_better;
}

/* Whether the reader sees blocks where we print them. */
static bool blocks_shown(FILE *out)
{
    static int utf8 = -1;

    if (utf8 < 0) {
        setlocale(LC_CTYPE, "");
        utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
        setlocale(LC_CTYPE, "C");
    }
    return utf8 && isatty(fileno(out));
}

void print_spark(FILE *out, const struct history_segment *segment, size_t width)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const size_t shown = segment->count < width ? segment->count : width;
    const struct history_point *points = segment->points + segment->count - shown;
    double low = 0, high = 0;

    if (!blocks_shown(out))
        return;
    for (size_t i = 0; i < shown; i++) {
        low = i && low < points[i].value ? low : points[i].value;
        high = i && high > points[i].value ? high : points[i].value;
    }
    for (size_t i = 0; i < shown; i++) {
        const double part = high > low ? (points[i].value - low) / (high - low) : 0.5;
        fputs(blocks[(int)(part * 7.999)], out);
    }
}

/* SPDX-License-Identifier: MIT
 * What all import formats share: errors with their line, rows that find their run; see
 * bench/history/import.h. */
#include "bench/history/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SNIFF_MAX 65536u

const char import_times[] = "time timestamp date datetime";
const char import_commits[] = "commit sha hash revision rev";
const char import_series[] = "name benchmark series test case";
const char import_values[] = "value median mean result cycles";

int import_fail(struct import *import, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(import->error->text, sizeof(import->error->text), format, arguments);
    va_end(arguments);
    import->error->line = import->line;
    return -1;
}

bool import_named(const char *name, const char *asked, const char *usual)
{
    const size_t length = strlen(name);

    if (asked)
        return !strcmp(name, asked);
    for (const char *at = usual; length && *at; at += strspn(at, " ")) {
        const size_t word = strcspn(at, " ");
        if (word == length && !strncmp(at, name, length))
            return true;
        at += word;
    }
    return false;
}

struct history_run import_run_facts(const struct import *import)
{
    struct history_run run = run_empty();

    run.class = import->options->class;
    run.machine = import->options->machine;
    run.commit = import->options->commit;
    run.source = import->options->source;
    return run;
}

struct entry_point import_point_facts(const struct import *import)
{
    const struct import_options *options = import->options;

    return (struct entry_point){.suite = options->suite,
                                .name = "",
                                .metric = options->metric,
                                .unit = options->unit,
                                .larger_better = options->larger_better,
                                .point = point_empty()};
}

/* What tells runs apart; the caller frees. NULL: out of memory. */
static char *run_key(const struct history_run *run)
{
    char *key = NULL;

    if (*run->digest)
        return strdup(run->digest);
    const int length = asprintf(&key, "%" PRId64 "\x1f%s\x1f%s\x1f%s", run->time_us, run->commit,
                                run->class, run->machine);
    return length < 0 ? NULL : key;
}

struct entry *import_run(struct import *import, const struct history_run *run)
{
    char *key = run_key(run);
    const json_t *place = key ? json_object_get(import->groups, key) : NULL;
    struct entry *entry;

    if (place) {
        entry = &import->entries->list[json_integer_value(place)];
    } else {
        json_t *index = json_integer((json_int_t)import->entries->count);
        entry = key && !json_object_set_new_nocheck(import->groups, key, index)
                    ? entries_add(import->entries, run)
                    : NULL;
        if (!entry)
            import_fail(import, "out of memory");
        else if (!entry->run.position && !*run->digest)
            entry->run.position = (int64_t)import->line;
    }
    free(key);
    return entry;
}

static const char *texts_check(const struct entry_point *point)
{
#define X(member)                                                                                  \
    if (strlen(point->member) > ENTRY_TEXT_MAX)                                                    \
        return "a " #member " longer than can be kept";
    SERIES_TEXTS(X)
#undef X
    return *point->name ? NULL : "a name is missing";
}

int import_point(struct import *import, struct entry *entry, const struct entry_point *point)
{
    const char *wrong = texts_check(point);

    if (wrong)
        return import_fail(import, "%s", wrong);
    if (entry_add(import->entries, entry, point))
        return import_fail(import, "out of memory");
    return 0;
}

/* A text that begins with an object: one document, or one a line. */
static enum import_format format_sniff(const char *text, size_t size)
{
    const char *start = text + strspn(text, " \t\r\n");
    const size_t left = size - (size_t)(start - text), line = strcspn(start, "\n");

    if (*start != '{')
        return IMPORT_CSV;
    json_t *first = json_loadb(start, line < left ? line : left, 0, NULL);
    const bool lines = first && !json_object_get(first, "benchmarks");
    json_decref(first);
    return lines ? IMPORT_LINES : IMPORT_BENCHMARK;
}

static int format_run(enum import_format format, struct import *import)
{
    switch (format) {
    case IMPORT_CSV:
        return import_csv(import);
    case IMPORT_LINES:
        return import_lines(import);
    default:
        return import_benchmark(import);
    }
}

int import_parse(const struct import_text *text, const struct import_options *options,
                 struct entries *out, struct import_error *error)
{
    struct import import = {.text = text->text,
                            .size = text->size,
                            .options = options,
                            .entries = out,
                            .error = error,
                            .groups = json_object(),
                            .line = 1};
    enum import_format format = text->format;
    size_t at;

    *out = (struct entries){0};
    int wrong = strlen(text->text) == text->size ? 0 : import_fail(&import, "a zero byte: no text");
    if (!wrong && format == IMPORT_AUTO)
        format = format_sniff(text->text, text->size);
    if (!wrong)
        wrong = format_run(format, &import);
    json_decref(import.groups);
    const char *why = wrong ? NULL : entries_finish(out, &at);
    if (why) {
        import.line = (size_t)out->list[at].run.position;
        wrong = import_fail(&import, "in the run that begins here: %s", why);
    }
    if (!wrong && !out->count)
        wrong = import_fail(&import, "holds no run");
    return wrong;
}

/* SPDX-License-Identifier: MIT
 * libFuzzer harness of what the history imports; FORMAT says which format the bytes are read as.
 * Whatever they are: no crash, no leak, a refused text has a line inside of it and a reason, an
 * accepted one keeps the entries' invariant, and its digests are those of a second reading. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void number_check(double number)
{
    require(isfinite(number));
}

static void point_check(const struct entry_point *point)
{
    require(*point->name && point->sample_count <= ENTRY_SAMPLES_MAX);
    number_check(point->point.value);
#define X(member) number_check(point->point.member);
    POINT_NUMBERS(X)
#undef X
    for (size_t i = 0; i < point->sample_count; i++)
        number_check(point->samples[i]);
}

static int series_order(const struct entry_point *a, const struct entry_point *b)
{
    int order = 0;

#define X(member)                                                                                  \
    if (!order)                                                                                    \
        order = strcmp(a->member, b->member);
    SERIES_TEXTS(X)
#undef X
    return order;
}

static void entry_check(const struct entry *entry)
{
    require(strlen(entry->run.digest) == 64);
    require(entry->run.time_us >= 0 && entry->run.position >= 0);
    for (size_t i = 0; i < entry->count; i++) {
        point_check(&entry->points[i]);
        require(!i || series_order(&entry->points[i - 1], &entry->points[i]) < 0);
    }
}

static int parse(const char *text, size_t size, struct entries *entries)
{
    static const struct import_options options = {.source = "fuzz",
                                                  .class = "foreign",
                                                  .machine = "m",
                                                  .suite = "s",
                                                  .metric = "value",
                                                  .unit = "",
                                                  .commit = ""};
    struct import_error error = {0};
    const struct import_text bytes = {FORMAT, text, size};
    const int wrong = import_parse(&bytes, &options, entries, &error);

    if (wrong)
        require(error.line >= 1 && error.line <= size + 1 && error.text[0]);
    else
        require(entries->count > 0);
    return wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries, again;
    char *text = malloc(size + 1);

    require(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    const int wrong = parse(text, size, &entries);
    for (size_t i = 0; !wrong && i < entries.count; i++)
        entry_check(&entries.list[i]);
    if (!wrong && size % 16 == 0) {
        require(!parse(text, size, &again) && again.count == entries.count);
        for (size_t i = 0; i < entries.count; i++)
            require(!strcmp(entries.list[i].run.digest, again.list[i].run.digest));
        entries_free(&again);
    }
    entries_free(&entries);
    free(text);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * What a run kept beside its documents; see bench/kept.h. */
#include "bench/kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "bench/measure.h"
#include "traces/say.h"

#define MACHINE_MAX (64u << 20)

static int machine_load(const char *verb, const char *directory, json_t **out)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/machine.json", directory);
    if (access(path, F_OK))
        return TACH_OK;
    const int status = file_json(verb, path, MACHINE_MAX, out);
    if (status || json_is_object(*out))
        return status;
    return say_error(TACH_BADDATA, verb, path, "no JSON object");
}

/* A capture that cannot be read costs its figures and nothing else: the documents stand without it,
 * and the sections that need it say that it is not there. */
static int boot_load(const char *path, unsigned number, struct kept *kept)
{
    struct kept_boot *boot = &kept->boots[kept->count];

    *boot = (struct kept_boot){.number = number};
    if (access(path, R_OK))
        return TACH_OK;
    const int status = capture_load(path, &boot->capture);
    if (status || boot->capture.boot_count != 1 || !boot->capture.boots[0].has_hello) {
        capture_free(&boot->capture);
        return status == TACH_INTERNAL ? status : TACH_OK;
    }
    boot->boot = &boot->capture.boots[0];
    kept->count++;
    return boot->boot->hello.trace && spans_of_boot(boot->boot, &boot->spans) ? TACH_INTERNAL
                                                                              : TACH_OK;
}

int kept_load(const char *verb, const char *path, struct kept *out)
{
    struct stat facts;
    char frames[4096];
    size_t index;
    json_t *boot;

    *out = (struct kept){0};
    if (stat(path, &facts) || !S_ISDIR(facts.st_mode))
        return TACH_OK;
    int status = machine_load(verb, path, &out->machine);
    const json_t *boots = json_object_get(out->machine, "boots");
    out->boots = calloc(json_array_size(boots) + 1, sizeof(*out->boots));
    if (!out->boots)
        return TACH_INTERNAL;
    json_array_foreach(boots, index, boot)
    {
        if (status || !json_is_true(json_object_get(boot, "passed")))
            continue;
        snprintf(frames, sizeof(frames), "%s/boot-%zu.frames", path, index + 1);
        status = boot_load(frames, (unsigned)index + 1, out);
    }
    return status;
}

void kept_free(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        spans_free(&kept->boots[i].spans);
        capture_free(&kept->boots[i].capture);
    }
    free(kept->boots);
    json_decref(kept->machine);
    *kept = (struct kept){0};
}

static int entries_order(const void *a, const void *b)
{
    const struct wire_hist_entry *left = a, *right = b;

    return left->value < right->value ? -1 : left->value > right->value;
}

/* Sorts, and adds up what has one value; returns how many are left. */
static size_t entries_merge(struct wire_hist_entry *entries, size_t count)
{
    size_t kept = 0;

    qsort(entries, count, sizeof(*entries), entries_order);
    for (size_t i = 0; i < count; i++) {
        if (kept && entries[kept - 1].value == entries[i].value)
            entries[kept - 1].count += entries[i].count;
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

struct wire_hist_entry *kept_histogram(const struct kept *kept, const char *cell, bool pti_on,
                                       size_t *count)
{
    struct wire_hist_entry *all = NULL;
    char name[MATRIX_NAME_MAX + 1];
    const bool pcid = figure_plain(cell, name);

    *count = 0;
    for (size_t i = 0; i < kept->count; i++) {
        const struct boot *boot = kept->boots[i].boot;
        const struct hist *hist =
            boot->hello.trace || (boot->hello.pti != 0) != pti_on || measure_pcid(boot) != pcid
                ? NULL
                : boot_hist(boot, name, "whole");
        if (!hist || !hist->count)
            continue;
        struct wire_hist_entry *more = realloc(all, (*count + hist->count) * sizeof(*all));
        if (!more) {
            free(all);
            *count = 0;
            return NULL;
        }
        all = more;
        memcpy(all + *count, hist->entries, hist->count * sizeof(*all));
        *count += hist->count;
    }
    if (all)
        *count = entries_merge(all, *count);
    return all;
}

const struct kept_boot *kept_traced(const struct kept *kept, const char *cell, bool pti_on,
                                    const struct span_cell **span)
{
    char name[MATRIX_NAME_MAX + 1];
    const bool pcid = figure_plain(cell, name);

    for (size_t i = 0; i < kept->count; i++) {
        const struct kept_boot *boot = &kept->boots[i];
        *span = boot->boot->hello.trace && (boot->boot->hello.pti != 0) == pti_on &&
                        measure_pcid(boot->boot) == pcid
                    ? span_cell_find(&boot->spans, name)
                    : NULL;
        if (*span && (*span)->calls)
            return boot;
    }
    *span = NULL;
    return NULL;
}

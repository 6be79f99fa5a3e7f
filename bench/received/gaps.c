/* SPDX-License-Identifier: MIT
 * See gaps.h. A cell counts as measured where a boot passed that had it in its list. */
#include "bench/received/gaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/words.h"

#define NAMES_SHOWN 4u
#define TEXT_MAX    400u

struct gap {
    char text[TEXT_MAX];
    size_t used, count;
};

static void gap_name(struct gap *gap, const char *name)
{
    if (gap->count++ < NAMES_SHOWN)
        gap->used += (size_t)snprintf(gap->text + gap->used, sizeof(gap->text) - gap->used, "%s%s",
                                      gap->count > 1 ? ", " : "", name);
}

static int gap_put(json_t *list, const struct gap *gap, const char *what)
{
    char text[2 * TEXT_MAX], more[40] = "";

    if (!gap->count)
        return 0;
    if (gap->count > NAMES_SHOWN)
        snprintf(more, sizeof(more), " and %zu more", gap->count - NAMES_SHOWN);
    snprintf(text, sizeof(text), "%s: %s%s", what, gap->text, more);
    return json_array_append_new(list, json_string(text));
}

static bool cell_seen(const struct matrix *matrix, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!strcmp(matrix->cells[i].name, matrix->cells[at].name))
            return true;
    return false;
}

/* Isolation as the words of a boot choose it. */
struct point {
    bool pti, pcid;
    const char *figures, *phases; /* what is missing there */
};
static const struct point points[] = {
    {false, false, "not measured with isolation off", "no phases with isolation off"},
    {true, false, "not measured with isolation on", "no phases with isolation on"},
    {true, true, "not measured with isolation on, PCID", "no phases with isolation on, PCID"}};

/* Whether a boot that passed had the cell at this point of the axes. */
static bool cell_measured(const struct run *run, const char *name, const struct point *point,
                          bool trace)
{
    for (size_t i = 0; i < run->boots.count; i++) {
        const struct boot_run *boot = &run->boots.runs[i];
        if (boot->state != BOOT_PASSED || boot->pti != point->pti || boot->pcid != point->pcid ||
            boot->trace != trace)
            continue;
        for (size_t k = 0; k < boot->count; k++)
            if (!strcmp(run->matrix.cells[boot->first + k].name, name))
                return true;
    }
    return false;
}

static struct gap cells_lacking(const struct run *run, const struct point *point, bool trace)
{
    struct gap gap = {.count = 0};

    for (size_t i = 0; i < run->matrix.cell_count; i++) {
        const char *name = run->matrix.cells[i].name;
        /* without figures there is nothing that phases could explain */
        if (cell_seen(&run->matrix, i) || (trace && !cell_measured(run, name, point, false)))
            continue;
        if (!cell_measured(run, name, point, trace))
            gap_name(&gap, name);
    }
    return gap;
}

/* Nobody misses PCID who did not ask for it, or has a CPU that lacks it. */
static bool point_wanted(const struct run *run, const struct point *point)
{
    bool wanted = !point->pcid;

    for (size_t i = 0; i < run->boots.count; i++)
        wanted |= run->boots.runs[i].pcid;
    return wanted;
}

static bool pcid_refused(const struct run *run)
{
    for (size_t i = 0; i < run->boots.count; i++) {
        const struct boot_run *boot = &run->boots.runs[i];
        if (boot->state == BOOT_PASSED && !boot->count && words_is(boot->words, "pcid=", "on"))
            return true;
    }
    return false;
}

/* Parts K of the largest N that any boot announced, of which no boot passed. */
static struct gap parts_lacking(const struct run *run)
{
    bool came[WORDS_PARTS_MAX + 1] = {false};
    struct gap gap = {.count = 0};
    unsigned parts = 0, part, of;
    char text[16];

    for (size_t i = 0; i < run->boots.count; i++) {
        if (!words_part(run->boots.runs[i].words, &part, &of))
            continue;
        parts = of > parts ? of : parts;
        came[part] |= run->boots.runs[i].state == BOOT_PASSED;
    }
    for (part = 1; part <= parts; part++) {
        snprintf(text, sizeof(text), "%u of %u", part, parts);
        if (!came[part])
            gap_name(&gap, text);
    }
    return gap;
}

json_t *gaps_find(const struct run *run)
{
    json_t *list = json_array();
    struct gap gap = parts_lacking(run);
    int failed = !list || gap_put(list, &gap, "parts that did not come");

    for (unsigned trace = 0; trace < 2; trace++)
        for (size_t i = 0; i < sizeof(points) / sizeof(points[0]) && !failed; i++) {
            if (!point_wanted(run, &points[i]))
                continue;
            gap = cells_lacking(run, &points[i], trace);
            failed = gap_put(list, &gap, trace ? points[i].phases : points[i].figures);
        }
    if (!failed && pcid_refused(run))
        failed = json_array_append_new(
            list, json_string("isolation with PCID is not measured: the CPU lacks it"));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* SPDX-License-Identifier: MIT
 * The head's figures in the forms that trackers read: Google Benchmark's (ipc.ci.json), the list of
 * github-action-benchmark, Bencher's metric format, and the figures as JUnit test cases for whoever
 * shows those. Invariant: numbers are finite, and text is escaped for its form. See
 * bench/gate/gate.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/file.h"
#include "bench/gate/gate.h"

/* One figure of the head, as trackers know it: a name, a unit, a number and its spread. */
struct mirrored {
    const char *name, *unit;
    double value, spread;
};

/* [{"name", "unit", "value", "range": "± 3"}], smaller is better. */
static void smaller_add(json_t *list, const struct mirrored *figure)
{
    char range[64];

    snprintf(range, sizeof(range), "\u00b1 %.6g", figure->spread);
    json_array_append_new(list, json_pack("{so ss so ss}", "name", json_text(figure->name), "unit",
                                          figure->unit, "value", json_number(figure->value),
                                          "range", range));
}

/* {"NAME": {"instructions": {"value", "lower_value", "upper_value"}}} */
static void bencher_add(json_t *object, const struct mirrored *figure)
{
    json_t *name = json_text(figure->name),
           *measures = json_object_get(object, json_string_value(name));

    if (!measures) {
        measures = json_object();
        json_object_set_new(object, json_string_value(name), measures);
    }
    json_object_set_new(measures, figure->unit,
                        json_pack("{so so so}", "value", json_number(figure->value), "lower_value",
                                  json_number(figure->value - figure->spread), "upper_value",
                                  json_number(figure->value + figure->spread)));
    json_decref(name);
}

static void sides_mirror(const struct comparison *comparison, json_t *list, json_t *object)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compared *figure = &comparison->figures[i];
        const struct judgement *whole = &figure->metrics[METRIC_whole].judged;
        const struct mirrored mirrored = {figure->name, figure_unit(comparison->class),
                                          whole->location[1], whole->noise * whole->location[1]};
        if (!figure->metrics[METRIC_whole].there)
            continue;
        smaller_add(list, &mirrored);
        bencher_add(object, &mirrored);
    }
}

static void exact_mirror(const struct document *head, json_t *list, json_t *object)
{
    char name[FIGURE_NAME_MAX];

    for (size_t i = 0; i < head->count; i++) {
        figure_name(&head->figures[i], name);
        const struct mirrored mirrored = {name, figure_unit(head->class), head->figures[i].whole,
                                          0};
        smaller_add(list, &mirrored);
        bencher_add(object, &mirrored);
    }
}

static void xml_text(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            fprintf(out, "\\x%02x", (unsigned char)*text);
        else if (strchr("<>&\"'", *text))
            fprintf(out, "&#%u;", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
}

static void case_print(FILE *out, const struct compared *figure)
{
    char values[96];

    fputs("    <testcase classname=\"tach\" name=\"", out);
    xml_text(out, figure->name);
    fputs(figure->moved ? "\">" : "\"/>\n", out);
    if (!figure->moved)
        return;
    values_text(&figure->metrics[METRIC_whole].judged, values, sizeof(values));
    fputs("<failure message=\"", out);
    xml_text(out, figure->on == ON_BOTH        ? values
                  : figure->on == ON_BASE_ONLY ? "vanished"
                                               : "new, not in the baseline");
    fputs("\">", out);
    xml_text(out, figure->cause);
    fputs("</failure></testcase>\n", out);
}

/* A test case a figure: what moved against the baseline, else against the base, has failed. */
static int junit_write(const struct gate *gate, const char *path)
{
    const struct comparison *comparison =
        gate->has_baseline ? &gate->baseline.comparison : &gate->base.comparison;
    FILE *out = file_create("gate", path);

    if (!out)
        return TACH_CANTCREATE;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"tach gate\" tests=\"%zu\" failures=\"%zu\">\n",
            comparison->count, comparison->moved);
    for (size_t i = 0; i < comparison->count; i++)
        case_print(out, &comparison->figures[i]);
    fputs("  </testsuite>\n</testsuites>\n", out);
    return file_finish("gate", path, out);
}

/* The paths of the mirrors, in their order below. */
enum { SMALLER, BENCHER, GOOGLE, JUNIT, MIRRORS };

static int mirrors_write(const struct gate *gate, const struct document *head, char *paths[MIRRORS])
{
    json_t *list = json_array(), *object = json_object();

    exact_mirror(head, list, object);
    if (gate->has_beside)
        sides_mirror(&gate->beside.comparison, list, object);
    int status = json_put("gate", paths[SMALLER], list);
    const int written = json_put("gate", paths[BENCHER], object);
    status = status ? status : written;
    status = status ? status : document_write("gate", paths[GOOGLE], head);
    return status || !(gate->has_baseline || gate->has_base) ? status
                                                             : junit_write(gate, paths[JUNIT]);
}

int gate_mirrors(const struct gate *gate)
{
    char *paths[MIRRORS] = {gate_path(gate, "smaller.json"), gate_path(gate, "bencher.json"),
                            gate_path(gate, FIGURE_SUITE ".ci.json"), gate_path(gate, "junit.xml")};
    struct document head = {.count = 0};
    char *run = NULL;
    int status = TACH_INTERNAL;

    if (paths[0] && paths[1] && paths[2] && paths[3] &&
        asprintf(&run, run_is_pair(gate->exact) ? "%s/head" : "%s", gate->exact) >= 0)
        status = document_load("gate", run, &head);
    if (!status)
        status = mirrors_write(gate, &head, paths);
    document_free(&head);
    free(run);
    for (unsigned i = 0; i < MIRRORS; i++)
        free(paths[i]);
    return status;
}

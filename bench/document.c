/* SPDX-License-Identifier: MIT
 * Documents of figures in and out; the formats stand in bench/figure.h. What is read is hostile:
 * every member is checked for its type before it is used, and one line says what is wrong. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/file.h"
#include "traces/say.h"

#define DOCUMENT_MAX (256u << 20)

const char *const run_sides[RUN_SIDES] = {"base", "head"};

/* Splits "ipc/CELL/pti:on". Returns 0, or -1 for a name of another make. */
static int name_split(const char *name, struct figure *figure)
{
    const char *cell = name + strlen(FIGURE_SUITE "/"), *pti = strstr(name, "/pti:");

    if (strncmp(name, FIGURE_SUITE "/", strlen(FIGURE_SUITE "/")) || !pti || pti <= cell ||
        (size_t)(pti - cell) > MATRIX_NAME_MAX)
        return -1;
    figure->pti_on = !strcmp(pti, "/pti:on");
    if (!figure->pti_on && strcmp(pti, "/pti:off"))
        return -1;
    memcpy(figure->cell, cell, (size_t)(pti - cell));
    figure->cell[pti - cell] = 0;
    return 0;
}

/* A member that must be a number where it is there; -1 when it is something else. */
static int number_get(const json_t *row, const char *name, double *out)
{
    const json_t *member = json_object_get(row, name);

    if (!member)
        return 0;
    if (!json_is_number(member))
        return -1;
    *out = json_number_value(member);
    return 0;
}

static const char *figure_read(const json_t *row, const char *class, struct figure *out)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    double whole = FIGURE_ABSENT, boot = 0, boots = 1;
    char member[32];
    int wrong = 0;

    *out = figure_empty();
    if (!name || name_split(name, out))
        return "a benchmark is not named as tach names them";
    wrong |= number_get(row, figure_unit(class), &whole);
    wrong |= number_get(row, "real_time", &out->ns);
    wrong |= number_get(row, "iterations", &out->samples);
    wrong |= number_get(row, "repetition_index", &boot) | number_get(row, "repetitions", &boots);
#define X(field, json) wrong |= number_get(row, json, &out->field);
    FIGURE_EXTRAS(X)
#undef X
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        snprintf(member, sizeof(member), "phase_%s", span_phase_name((enum phase)i));
        wrong |= number_get(row, member, &out->phase[i]);
    }
    if (wrong || !figure_has(whole) || boot < 0 || boot > 1e6 || boots < 0 || boots > 1e6)
        return "a benchmark's figure is missing or no number";
    out->whole = whole;
    out->boot = (unsigned)boot;
    out->boots = (unsigned)boots;
    return NULL;
}

/* Copies a text of the context; -1 when it is missing, empty or too long. */
static int fact_get(const json_t *context, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(context, name));

    if (!text || !*text || strlen(text) >= size)
        return -1;
    strcpy(out, text);
    return 0;
}

/* Returns NULL, or what is wrong with the document. */
static const char *document_read(const json_t *root, struct document *out)
{
    const json_t *rows = json_object_get(root, "benchmarks");
    json_t *context = json_object_get(root, "context");

    if (!json_is_object(context) || !json_is_array(rows))
        return "no Google Benchmark document: context or benchmarks is missing";
    if (json_integer_value(json_object_get(context, "json_schema_version")) > 1)
        return "a document of a newer version: json_schema_version is above 1";
    if (fact_get(context, "tach_class", out->class, sizeof(out->class)) ||
        fact_get(context, "tach_machine", out->machine, sizeof(out->machine)) ||
        fact_get(context, "tach_complete", out->complete, sizeof(out->complete)))
        return "a Google Benchmark document, but not of tach: tach_class is missing";
    if (json_array_size(rows) > FIGURES_MAX)
        return "more benchmarks than a document may hold";
    out->figures = calloc(json_array_size(rows) + 1, sizeof(*out->figures));
    if (!out->figures)
        return "out of memory";
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *wrong =
            figure_read(json_array_get(rows, i), out->class, &out->figures[out->count++]);
        if (wrong)
            return wrong;
    }
    out->context = json_incref(context);
    return NULL;
}

static bool path_is_directory(const char *path)
{
    struct stat facts;

    return !stat(path, &facts) && S_ISDIR(facts.st_mode);
}

bool run_is_pair(const char *path)
{
    char side[4096];

    for (unsigned i = 0; i < RUN_SIDES; i++)
        if (snprintf(side, sizeof(side), "%s/%s", path, run_sides[i]) >= (int)sizeof(side) ||
            !path_is_directory(side))
            return false;
    return true;
}

/* The document of a path: that one of the run where the path is a directory. */
static char *document_path(const char *path, const char *name)
{
    char *full = NULL;

    if (!path_is_directory(path))
        return strdup(path);
    return asprintf(&full, "%s/%s", path, name) < 0 ? NULL : full;
}

static int document_open(const char *verb, const char *path, const char *name, struct document *out)
{
    char *full = document_path(path, name);
    json_t *root;

    *out = (struct document){0};
    if (!full)
        return TACH_INTERNAL;
    int status = file_json(verb, full, DOCUMENT_MAX, &root);
    const char *wrong = status ? NULL : document_read(root, out);
    if (wrong)
        status = say_error(TACH_BADDATA, verb, full, "%s", wrong);
    json_decref(root);
    if (status)
        document_free(out);
    free(full);
    return status;
}

int document_load(const char *verb, const char *path, struct document *out)
{
    if (run_is_pair(path)) {
        *out = (struct document){0};
        return say_error(TACH_BADDATA, verb, path,
                         "holds two sides: name one, as in %s or %s below it", run_sides[0],
                         run_sides[1]);
    }
    return document_open(verb, path, FIGURE_SUITE ".ci.json", out);
}

int document_load_boots(const char *verb, const char *path, struct document *out)
{
    return document_open(verb, path, FIGURE_SUITE ".json", out);
}

static int member_print(FILE *out, const char *name, const json_t *value, bool last)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    if (text)
        fprintf(out, "    \"%s\": %s%s\n", name, text, last ? "" : ",");
    free(text);
    return text ? 0 : -1;
}

static int row_print(FILE *out, json_t *row, bool last)
{
    char *text = row ? json_dumps(row, JSON_REAL_PRECISION(15)) : NULL;

    if (text)
        fprintf(out, "    %s%s\n", text, last ? "" : ",");
    free(text);
    json_decref(row);
    return text ? 0 : -1;
}

int document_print(FILE *out, const struct document *document)
{
    size_t left = json_object_size(document->context), family = 0;
    const char *name;
    json_t *value;

    fputs("{\n  \"context\": {\n", out);
    json_object_foreach(document->context, name, value)
    {
        if (member_print(out, name, value, --left == 0))
            return -1;
    }
    fputs("  },\n  \"benchmarks\": [\n", out);
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        family += i && strcmp(figure->cell, figure[-1].cell);
        if (row_print(out, figure_row(figure, document->class, family), i + 1 == document->count))
            return -1;
    }
    fputs("  ]\n}\n", out);
    return 0;
}

int document_write(const char *verb, const char *path, const struct document *document)
{
    FILE *file = file_create(verb, path);

    if (!file)
        return TACH_CANTCREATE;
    const int failed = document_print(file, document);
    const int status = file_finish(verb, path, file);
    return failed ? TACH_INTERNAL : status;
}

const struct figure *document_find(const struct document *document, const char *cell, bool pti_on)
{
    for (size_t i = 0; i < document->count; i++)
        if (document->figures[i].pti_on == pti_on && !strcmp(document->figures[i].cell, cell))
            return &document->figures[i];
    return NULL;
}

void document_free(struct document *document)
{
    json_decref(document->context);
    free(document->figures);
    *document = (struct document){0};
}

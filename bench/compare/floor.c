/* SPDX-License-Identifier: MIT
 * Reads a file of floors; see bench/compare/floor.h. What is read is hostile: every member is
 * checked for its type and its range before it is used. */
#include "bench/compare/floor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/file.h"
#include "traces/say.h"

#define FLOORS_BYTES_MAX (64u << 20)

static int names_order(const void *a, const void *b)
{
    return strcmp(((const struct cell_floor *)a)->name, ((const struct cell_floor *)b)->name);
}

static bool number_take(const json_t *object, const char *name, double max, double *out)
{
    const json_t *member = json_object_get(object, name);

    *out = json_number_value(member);
    return json_is_number(member) && *out >= 0 && *out <= max;
}

static bool text_take(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text || !*text || strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

static const char *cells_take(const json_t *cells, struct floors *out)
{
    size_t index;
    json_t *cell;

    if (!json_is_array(cells) || json_array_size(cells) > FIGURES_MAX)
        return "cells is no array, or too long";
    out->cells = calloc(json_array_size(cells) + 1, sizeof(*out->cells));
    if (!out->cells)
        return "out of memory";
    json_array_foreach(cells, index, cell)
    {
        struct cell_floor *to = &out->cells[out->count++];
        if (!text_take(cell, "name", to->name, sizeof(to->name)) ||
            !number_take(cell, "floor", FLOOR_MAX, &to->floor))
            return "a cell without a name or a floor";
    }
    qsort(out->cells, out->count, sizeof(*out->cells), names_order);
    for (size_t i = 1; i < out->count; i++)
        if (!names_order(&out->cells[i - 1], &out->cells[i]))
            return "a cell stands there twice";
    return NULL;
}

const char *floors_take(const json_t *root, struct floors *out)
{
    const json_t *schema = json_object_get(root, "tach_floor");

    if (!json_is_integer(schema))
        return "no file of floors: tach_floor is missing";
    if (json_integer_value(schema) != FLOOR_SCHEMA)
        return "floors of another version of tach: measure them again with tach compare --aa";
    if (!text_take(root, "class", out->class, sizeof(out->class)) ||
        !text_take(root, "machine", out->machine, sizeof(out->machine)) ||
        !number_take(root, "floor", FLOOR_MAX, &out->floor) ||
        !number_take(root, "rate_bound", 1, &out->rate))
        return "class, machine, floor or rate_bound is missing or out of range";
    return cells_take(json_object_get(root, "cells"), out);
}

int floors_load(const char *verb, const char *path, struct floors *out)
{
    json_t *root;

    *out = (struct floors){0};
    int status = file_json(verb, path, FLOORS_BYTES_MAX, &root);
    if (status)
        return status;
    const char *wrong = floors_take(root, out);
    if (wrong)
        status = say_error(TACH_BADDATA, verb, path, "%s", wrong);
    json_decref(root);
    if (status)
        floors_free(out);
    return status;
}

void floors_free(struct floors *floors)
{
    free(floors->cells);
    *floors = (struct floors){0};
}

bool floors_fit(const char *verb, const struct floors *floors, const struct document *document)
{
    if (!strcmp(floors->class, document->class) && !strcmp(floors->machine, document->machine))
        return true;
    say_error(0, verb, floors->machine, "the floors are of another machine or class");
    return false;
}

double floors_find(const struct floors *floors, const char *name, double otherwise)
{
    struct cell_floor key;

    if (!floors)
        return otherwise;
    snprintf(key.name, sizeof(key.name), "%s", name);
    const struct cell_floor *found =
        bsearch(&key, floors->cells, floors->count, sizeof(*floors->cells), names_order);
    return found ? found->floor : floors->floor;
}

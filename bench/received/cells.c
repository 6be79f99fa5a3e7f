/* SPDX-License-Identifier: MIT
 * See cells.h. Whether a name is a cell's is for the parser of matrix files to say: each name is
 * written as its row and read back. */
#include "bench/received/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AXES "axis pti off,on\naxis trace off,on\n"

/* "D4/size:8/space:two/mitig:verw" as the four columns of a row; the last may be empty. */
static void row_print(FILE *out, const char *name, size_t length)
{
    const char *columns[3] = {"-", "-", ""};
    int lengths[3] = {1, 1, 0};
    const size_t rung = strcspn(name, "/") < length ? strcspn(name, "/") : length;

    for (size_t at = rung; at < length;) {
        const char *word = name + at + 1;
        const size_t n =
            strcspn(word, "/") < length - at - 1 ? strcspn(word, "/") : length - at - 1;
        const unsigned column = !strncmp(word, "size:", 5)    ? 0
                                : !strncmp(word, "space:", 6) ? 1
                                                              : 2;
        const size_t key = column == 0 ? 5 : column == 1 ? 6 : 0;
        columns[column] = word + (key < n ? key : n);
        lengths[column] = (int)(key < n ? n - key : 0);
        at += n + 1;
    }
    fprintf(out, "%.*s %.*s %.*s %.*s\n", (int)rung, name, lengths[0], columns[0], lengths[1],
            columns[1], lengths[2], columns[2]);
}

/* Parses one row; the cell that it is must have the name that it was made of. */
static bool name_good(const char *name, size_t length, char *why, size_t size)
{
    struct matrix_error error = {.text = "not a cell's name"};
    struct matrix matrix = {.cells = NULL};
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (out) {
        fputs(AXES, out);
        row_print(out, name, length);
    }
    const bool good = out && !fclose(out) && !matrix_parse(text, n, &matrix, &error) &&
                      strlen(matrix.cells[0].name) == length &&
                      !memcmp(matrix.cells[0].name, name, length);
    if (!good)
        snprintf(why, size, "bench= names %.*s: %s", (int)(length < 60 ? length : 60), name,
                 error.text);
    matrix_free(&matrix);
    free(text);
    return good;
}

static int cell_add(struct matrix *matrix, const char *name, size_t length)
{
    struct matrix_cell *more = realloc(matrix->cells, (matrix->cell_count + 1) * sizeof(*more));

    if (!more)
        return -1;
    matrix->cells = more;
    snprintf(more[matrix->cell_count++].name, sizeof(more->name), "%.*s", (int)length, name);
    return 0;
}

/* Returns as cells_take; the matrix has the list's cells behind it, or some of them. */
static int list_read(struct cells *cells, const char *list, char *why, size_t size)
{
    size_t count = 0;

    for (const char *at = list; *at; at += strspn(at, ",")) {
        const size_t length = strcspn(at, ",");
        if (!length)
            continue;
        if (!name_good(at, length, why, size))
            return 1;
        if (++count > MATRIX_CELLS_MAX) {
            snprintf(why, size, "bench= names more than %u cells", MATRIX_CELLS_MAX);
            return 1;
        }
        if (cell_add(&cells->matrix, at, length))
            return -1;
        at += length;
    }
    snprintf(why, size, "measured nothing: no bench= among its words");
    return count ? 0 : 1;
}

static int list_keep(struct cells *cells, const char *list, size_t first)
{
    const size_t n = cells->list_count;
    char **lists = realloc(cells->lists, (n + 1) * sizeof(*lists));
    cells->lists = lists ? lists : cells->lists;
    size_t *firsts = realloc(cells->first, (n + 1) * sizeof(*firsts));
    cells->first = firsts ? firsts : cells->first;
    size_t *counts = realloc(cells->count, (n + 1) * sizeof(*counts));
    cells->count = counts ? counts : cells->count;
    char *copy = strdup(list);

    if (!lists || !firsts || !counts || !copy) {
        free(copy);
        return -1;
    }
    lists[n] = copy;
    firsts[n] = first;
    counts[n] = cells->matrix.cell_count - first;
    cells->list_count++;
    return 0;
}

int cells_take(struct cells *cells, const char *list, struct boot_run *boot, char *why, size_t size)
{
    const size_t first = cells->matrix.cell_count;
    size_t at = 0;

    while (at < cells->list_count && strcmp(cells->lists[at], list))
        at++;
    if (at == cells->list_count) {
        int failed = list_read(cells, list, why, size);
        failed = failed ? failed : list_keep(cells, list, first);
        if (failed) {
            cells->matrix.cell_count = first;
            return failed;
        }
    }
    boot->first = cells->first[at];
    boot->count = cells->count[at];
    return 0;
}

static bool cell_seen(const struct matrix *matrix, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!strcmp(matrix->cells[i].name, matrix->cells[at].name))
            return true;
    return false;
}

static void axis_print(FILE *out, const char *name, unsigned values)
{
    static const char *const texts[] = {NULL, "off", "on", "off,on"};

    if (values)
        fprintf(out, "axis %s %s\n", name, texts[values]);
}

int cells_give(struct cells *cells, struct run *run)
{
    const struct matrix *matrix = &cells->matrix;
    FILE *out = open_memstream(&run->matrix_text, &run->matrix_size);

    if (!out)
        return -1;
    fputs("# What the boots of this run were told to measure, by their own words.\n", out);
    axis_print(out, "pti", matrix->pti);
    axis_print(out, "trace", matrix->trace);
    axis_print(out, "pcid", matrix->pcid);
    for (size_t i = 0; i < matrix->cell_count; i++)
        if (!cell_seen(matrix, i))
            row_print(out, matrix->cells[i].name, strlen(matrix->cells[i].name));
    if (fclose(out))
        return -1;
    run->matrix = *matrix;
    run->matrix.pcid = 0; /* a boot without that word may have it all the same */
    cells->matrix = (struct matrix){.cells = NULL};
    return 0;
}

void cells_free(struct cells *cells)
{
    for (size_t i = 0; i < cells->list_count; i++)
        free(cells->lists[i]);
    free(cells->lists);
    free(cells->first);
    free(cells->count);
    matrix_free(&cells->matrix);
    *cells = (struct cells){.list_count = 0};
}

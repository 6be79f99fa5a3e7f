/* SPDX-License-Identifier: MIT
 * The crossing model over the cells of a document; see bench/crossing.h. */
#include "bench/crossing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096.0

static const char *const names[CROSSING_COUNT] = {
#define X(name, meaning) #name,
    CROSSING_TERMS(X)
#undef X
};

const char *crossing_meaning(enum crossing_term term)
{
    static const char *const meanings[CROSSING_COUNT] = {
#define X(name, meaning) meaning,
        CROSSING_TERMS(X)
#undef X
    };

    return meanings[term];
}

static bool rung_is(const char *cell, const char *rung)
{
    const size_t length = strlen(rung);

    return !strncmp(cell, rung, length) && (!cell[length] || cell[length] == '/');
}

/* A rung of the routes, in a machine that is as it is booted: mitigations are other code, crowds
 * are the same cells again, and what is no round trip of a client crosses in another way. */
static bool cell_fits(const struct figure *figure)
{
    static const char *const rungs[] = {"R0", "R1", "R1m", "D0", "D1",  "D2", "D3",
                                        "D4", "T0", "T0c", "T1", "T1h", "T2"};

    if (!figure_has(figure->traps) || !figure_has(figure->cr3_writes) ||
        !figure_has(figure->copied_bytes) || !figure_has(figure->traced) ||
        strstr(figure->cell, "/mitig:") || strstr(figure->cell, "/crowd:"))
        return false;
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
        if (rung_is(figure->cell, rungs[i]))
            return true;
    return false;
}

/* Bytes of a payload by the cell's name; 0 where it names none. */
static double payload_of(const char *cell)
{
    const char *size = strstr(cell, "/size:");

    return size ? strtod(size + strlen("/size:"), NULL) : 0;
}

static void row_fill(const struct figure *figure, double row[CROSSING_COUNT])
{
    const char *cell = figure->cell;
    const bool in_c = figure->phase[PHASE_slow] > 0, maps = rung_is(cell, "T0");
    const double shared = maps ? payload_of(cell) - figure->copied_bytes : 0;

    row[CROSSING_constant] = 1;
    row[CROSSING_traps] = figure->traps;
    row[CROSSING_c_path] = in_c;
    row[CROSSING_c_traps] = in_c ? figure->traps : 0;
    row[CROSSING_cr3_writes] = figure->cr3_writes;
    row[CROSSING_copies] = figure->copied_bytes > 0;
    row[CROSSING_bytes] = figure->copied_bytes;
    /* a service in the kernel has its bytes at hand: only the client's pages are walked */
    row[CROSSING_copied_pages] = (in_c ? 2 : 1) * ceil(figure->copied_bytes / PAGE_BYTES);
    row[CROSSING_requests] = *cell == 'T' && in_c;
    row[CROSSING_mappings] = maps;
    row[CROSSING_mapped_pages] = ceil(shared / PAGE_BYTES);
}

static int worst_first(const void *a, const void *b)
{
    const struct crossing_cell *left = a, *right = b;
    const double from = fabs(left->residual), to = fabs(right->residual);

    if (from != to)
        return from < to ? 1 : -1;
    return left->figure < right->figure ? -1 : 1;
}

/* x holds CROSSING_COUNT numbers a cell, y one, fitted one. */
static int cells_fit(const struct document *document, double *x, struct crossing *out)
{
    double *y = x + CROSSING_COUNT * document->count, *fitted = y + document->count;

    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        if (!cell_fits(figure))
            continue;
        row_fill(figure, &x[CROSSING_COUNT * out->count]);
        y[out->count] = figure->whole;
        out->cells[out->count++].figure = figure;
    }
    if (model_fit(x, y, out->count, names, CROSSING_COUNT, &out->model, fitted))
        return -1;
    for (size_t i = 0; i < out->count; i++) {
        struct crossing_cell *cell = &out->cells[i];
        cell->fitted = fitted[i];
        cell->residual = y[i] - fitted[i];
        cell->odd = fabs(cell->residual) > CROSSING_ODD * out->model.residual;
        out->odd += cell->odd;
    }
    qsort(out->cells, out->count, sizeof(*out->cells), worst_first);
    return 0;
}

int crossing_fit(const struct document *document, struct crossing *out)
{
    double *x = calloc((CROSSING_COUNT + 2) * (document->count + 1), sizeof(*x));

    *out = (struct crossing){.cells = calloc(document->count + 1, sizeof(*out->cells))};
    const int failed = !x || !out->cells || cells_fit(document, x, out);
    free(x);
    return failed ? -1 : 0;
}

void crossing_free(struct crossing *crossing)
{
    free(crossing->cells);
    *crossing = (struct crossing){.count = 0};
}

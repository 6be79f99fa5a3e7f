/* SPDX-License-Identifier: MIT
 * Why a figure moved: the counts that moved with it, each with what the crossing model of the base
 * gives as its price, and the phases in which the rest sits. The model explains, it never judges.
 * See bench/compare/parts.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/judge/model.h"
#include "bench/table.h"

#define TERMS 4u

/* Beside the constant: a term of the model for each count. */
static const char *const term_names[TERMS] = {"constant", "traps", "cr3_writes", "bytes"};
static const struct {
    enum metric metric;
    const char *text;
} counts[TERMS - 1] = {{METRIC_traps, "traps"},
                       {METRIC_cr3_writes, "CR3 writes"},
                       {METRIC_copied_bytes, "copied bytes"}};

void signed_text(double delta, char *out, size_t size)
{
    char text[32];

    number_text(fabs(delta), text, sizeof(text));
    snprintf(out, size, "%c%s", delta < 0 ? '-' : '+', text);
}

void fact_copy(const json_t *context, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(context, name));

    snprintf(out, size, "%s", text && strlen(text) < size ? text : "");
}

__attribute__((format(printf, 2, 3))) static void cause_add(struct compared *figure,
                                                            const char *format, ...)
{
    const size_t used = strlen(figure->cause);
    va_list list;

    va_start(list, format);
    vsnprintf(figure->cause + used, sizeof(figure->cause) - used, format, list);
    va_end(list);
}

/* Whether the base says of this figure all that the model needs. */
static bool figure_fits(const struct compared *figure)
{
    bool fits = figure->metrics[METRIC_whole].there;

    for (size_t i = 0; i + 1 < TERMS; i++)
        fits &= figure->metrics[counts[i].metric].there;
    return fits;
}

/* The prices of a trap, a CR3 write and a byte in the base. False where its cells do not tell. */
static bool prices_fit(const struct comparison *comparison, double *x, double *y,
                       struct model *model)
{
    size_t cells = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        const struct compared *figure = &comparison->figures[i];
        if (!figure_fits(figure))
            continue;
        double *row = x + cells * TERMS;
        row[0] = 1;
        for (size_t t = 0; t + 1 < TERMS; t++)
            row[t + 1] = figure->metrics[counts[t].metric].judged.location[0];
        y[cells++] = figure->metrics[METRIC_whole].judged.location[0];
    }
    return cells > TERMS && !model_fit(x, y, cells, term_names, TERMS, model, NULL);
}

static void counts_name(const struct model *model, struct compared *figure)
{
    char delta[40], price[40];

    for (size_t i = 0; i + 1 < TERMS; i++) {
        const struct compared_metric *metric = &figure->metrics[counts[i].metric];
        if (!metric_moved(metric))
            continue;
        signed_text(metric->judged.shift, delta, sizeof(delta));
        cause_add(figure, "%s%s %s", figure->cause[0] ? ", " : "", counts[i].text, delta);
        if (!model || !model->terms[i + 1].used)
            continue;
        signed_text(round(model->terms[i + 1].value * metric->judged.shift), price, sizeof(price));
        cause_add(figure, " (about %s)", price);
    }
}

/* "in guards +1, exit -2" */
static void phases_name(struct compared *figure)
{
    const char *before = figure->cause[0] ? ", in " : "in ";
    char delta[40];

    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        const struct compared_metric *phase = &figure->metrics[METRIC_PHASE + i];
        if (!metric_moved(phase))
            continue;
        signed_text(phase->judged.shift, delta, sizeof(delta));
        cause_add(figure, "%s%s %s", before, span_phase_name((enum phase)i), delta);
        before = ", ";
    }
}

int causes_find(struct comparison *comparison)
{
    double *x = calloc((comparison->count + 1) * TERMS, sizeof(*x));
    double *y = calloc(comparison->count + 1, sizeof(*y));
    struct model model;

    if (!x || !y) {
        free(x);
        free(y);
        return -1;
    }
    /* Under icount the phases say exactly where an instruction is; an estimate would add nothing.
     */
    const bool priced = !comparison->exact && prices_fit(comparison, x, y, &model);
    for (size_t i = 0; i < comparison->count; i++) {
        if (!comparison->figures[i].moved)
            continue;
        counts_name(priced ? &model : NULL, &comparison->figures[i]);
        phases_name(&comparison->figures[i]);
    }
    free(x);
    free(y);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * tach model: what one trap, one CR3 write, one byte cost in a run, and which cells that does not
 * explain. The same numbers as the report's, for a terminal or as JSON. */
#include <argp.h>
#include <math.h>
#include <stdlib.h>

#include "bench/args.h"
#include "bench/crossing.h"
#include "bench/exits.h"
#include "bench/verbs.h"
#include "traces/say.h"

struct model_args {
    const char *run;
    bool json, all;
};

static void terms_print(const struct crossing *crossing)
{
    printf("%-12s %12s %10s  %s\n", "term", "each costs", "+-", "what");
    for (unsigned i = 0; i < crossing->model.term_count; i++) {
        const struct model_term *term = &crossing->model.terms[i];
        if (term->used)
            printf("%-12s %12.3f %10.3f  %s\n", term->name, term->value, term->error,
                   crossing_meaning((enum crossing_term)i));
        else
            printf("%-12s %12s %10s  %s\n", term->name, "-", "-",
                   "these cells do not tell it from the others");
    }
}

static void cells_print(const struct crossing *crossing, bool all)
{
    const size_t shown = all ? crossing->count : crossing->odd;

    if (shown)
        printf("\n%10s %10s %10s  %s\n", "measured", "model", "residual",
               all ? "cell" : "cell that it does not explain");
    for (size_t i = 0; i < shown; i++) {
        const struct crossing_cell *cell = &crossing->cells[i];
        printf("%10.2f %10.2f %+10.2f  ", cell->figure->whole, cell->fitted, cell->residual);
        say_name(stdout, cell->figure->cell);
        printf(" %s\n", cell->figure->pti_on ? "on" : "off");
    }
}

static void model_print(const struct document *document, const struct crossing *crossing, bool all)
{
    printf("%s a round trip of %zu cells, isolation off and on together\n",
           figure_unit(document->class), crossing->count);
    terms_print(crossing);
    printf("R2 %.5f, residuals %.2f; %zu cells are off by more than %g of those\n",
           crossing->model.r2, crossing->model.residual, crossing->odd, CROSSING_ODD);
    cells_print(crossing, all);
}

static json_t *terms_json(const struct crossing *crossing)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < crossing->model.term_count; i++) {
        const struct model_term *term = &crossing->model.terms[i];
        json_array_append_new(list, json_pack("{ss sb so so ss}", "name", term->name, "used",
                                              (int)term->used, "value", json_number(term->value),
                                              "error", json_number(term->error), "meaning",
                                              crossing_meaning((enum crossing_term)i)));
    }
    return list;
}

static json_t *cells_json(const struct crossing *crossing)
{
    json_t *list = json_array();

    for (size_t i = 0; i < crossing->count; i++) {
        const struct crossing_cell *cell = &crossing->cells[i];
        char name[FIGURE_NAME_MAX];
        figure_name(cell->figure, name);
        json_array_append_new(list, json_pack("{so so so so sb}", "name", json_text(name),
                                              "measured", json_number(cell->figure->whole), "model",
                                              json_number(cell->fitted), "residual",
                                              json_number(cell->residual), "odd", (int)cell->odd));
    }
    return list;
}

static int model_json(const struct document *document, const struct crossing *crossing)
{
    json_t *root = json_pack("{si ss ss si so so so so}", "tach_model", 1, "class", document->class,
                             "unit", figure_unit(document->class), "cells", (int)crossing->count,
                             "r2", json_number(crossing->model.r2), "residual",
                             json_number(crossing->model.residual), "terms", terms_json(crossing),
                             "figures", cells_json(crossing));

    if (!root)
        return TACH_INTERNAL;
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(root);
    return TACH_OK;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct model_args *args = state->input;

    switch (key) {
    case 'j':
        args->json = true;
        return 0;
    case 'a':
        args->all = true;
        return 0;
    default:
        return args_one(key, text, state, &args->run, "RUN");
    }
}

static int model_say(const struct model_args *args, const struct document *document)
{
    struct crossing crossing;
    int status = TACH_OK;

    if (crossing_fit(document, &crossing))
        status = say_error(
            TACH_INCONCLUSIVE, "model", args->run,
            "too few cells with the kernel's counts for a model: boots with trace=on send them");
    else if (args->json)
        status = model_json(document, &crossing);
    else
        model_print(document, &crossing, args->all);
    crossing_free(&crossing);
    return status;
}

int verb_model(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', NULL, 0, "Print it as JSON, with every cell", 0},
        {"all", 'a', NULL, 0, "Print every cell, the worst explained first", 0},
        {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN",
        "Fit what a crossing costs: a + b traps + c CR3 writes + d bytes ..., over the cells of a "
        "run, and name the cells that this does not explain.\v"
        "Samples:\n"
        "  tach model results/run/first\n"
        "  tach model --json results/baseline.json | jq '.terms[]'\n\n"
        "Exit codes: 0 fitted, 2 too few cells, 65 malformed, 66 missing.",
        NULL,
        NULL,
        NULL};
    struct model_args args = {0};
    struct document document;

    argv[0] = (char[]){"tach model"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = document_load("model", args.run, &document);
    if (!status)
        status = model_say(&args, &document);
    document_free(&document);
    return status;
}

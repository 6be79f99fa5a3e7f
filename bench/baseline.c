/* SPDX-License-Identifier: MIT
 * tach baseline: the part of a run that is committed. Only what is exact and worth a diff stays: no
 * dates, no host, no distribution. Rows keep the order of the matrix, a row a line, so the diff of
 * two baselines reads as the list of what moved. */
#include <argp.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/verbs.h"
#include "traces/say.h"

struct baseline_args {
    const char *run, *out;
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct baseline_args *args = state->input;

    switch (key) {
    case 'o':
        args->out = text;
        return 0;
    default:
        return args_one(key, text, state, &args->run, "RUN");
    }
}

/* Leaves in the document what a baseline holds. */
static void document_reduce(struct document *document)
{
    for (size_t i = 0; i < document->count; i++) {
        struct figure *figure = &document->figures[i];
        double *const dropped[] = {&figure->calls, &figure->min, &figure->p50, &figure->p99,
                                   &figure->p999,  &figure->max, &figure->mode};
        for (size_t k = 0; k < sizeof(dropped) / sizeof(dropped[0]); k++)
            *dropped[k] = FIGURE_ABSENT;
        figure->samples = 1;
    }
    json_decref(document->context);
    document->context = json_pack(
        "{si si s[] si so so so}", "num_cpus", 1, "mhz_per_cpu", 1000, "caches",
        "json_schema_version", 1, "tach_class", json_text(document->class), "tach_machine",
        json_text(document->machine), "tach_complete", json_text(document->complete));
}

/* Whether a run is fit to be the measure of others; says why not. */
static int document_fit(const struct document *document, const char *path)
{
    if (strcmp(document->class, "icount")) {
        return say_error(TACH_INCONCLUSIVE, "baseline", document->class,
                         "only a run of class icount is exact");
    }
    if (strcmp(document->complete, "yes") || !document->count) {
        return say_error(TACH_INCONCLUSIVE, "baseline", path, "not every boot of this run passed");
    }
    return TACH_OK;
}

int verb_baseline(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "FILE", 0, "Write there (standard output)", 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN",
        "Write the committed baseline of a run.\v"
        "Samples:\n"
        "  tach baseline results/run/first --out results/baseline.json\n"
        "  tach baseline results/run/first | diff results/baseline.json -\n\n"
        "Exit codes: 0 written, 2 the run is not exact or not complete, 65 malformed, 66 missing, "
        "73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct baseline_args args = {0};
    struct document document;

    argv[0] = (char[]){"tach baseline"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = document_load("baseline", args.run, &document);
    if (!status)
        status = document_fit(&document, args.run);
    if (!status) {
        document_reduce(&document);
        if (args.out)
            status = document_write("baseline", args.out, &document);
        else
            status = document_print(stdout, &document) ? TACH_INTERNAL : TACH_OK;
    }
    document_free(&document);
    return status;
}

/* SPDX-License-Identifier: MIT
 * tach plot: the charts of a run as SVG and PNG files, one of each a chart, and those of the
 * history that the run's class has. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/chart/chart.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/verbs.h"
#include "traces/say.h"

enum { OPT_HISTORY = 256 };

struct plot_args {
    const char *run, *out, *history;
};

static int plot_chart(const struct chart_data *data, enum chart chart, const char *directory)
{
    static const char *const endings[] = {[CHART_SVG] = "svg", [CHART_PNG] = "png"};
    const bool past = chart == CHART_past || chart == CHART_counted;
    int status = TACH_OK;

    for (unsigned form = CHART_SVG; !status && form <= CHART_PNG; form++) {
        char *path;
        bool drawn;
        if (asprintf(&path, "%s/%s.%s", directory, chart_names[chart], endings[form]) < 0)
            return TACH_INTERNAL;
        const struct drawing drawing = {data, chart, (enum chart_form)form, path};
        status = chart_draw("plot", &drawing, &drawn);
        if (!status) {
            say_name(stdout, drawn ? path : chart_names[chart]);
            puts(drawn ? "" : past ? ": no history of it" : ": nothing of it was measured");
        }
        free(path);
    }
    return status;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct plot_args *args = state->input;

    switch (key) {
    case 'o':
        args->out = text;
        return 0;
    case OPT_HISTORY:
        args->history = text;
        return 0;
    default:
        return args_one(key, text, state, &args->run, "RUN");
    }
}

int verb_plot(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "DIR", 0, "Directory of the pictures (build/plots)", 0},
        {"history", OPT_HISTORY, "DB|URL", 0,
         "The history whose last runs are drawn ($" HISTORY_ENV ", " HISTORY_DEFAULT ")", 0},
        {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN",
        "Draw the figures of a run, and what the last runs of its class cost, as SVG and PNG.\v"
        "Samples:\n"
        "  tach plot results/run/first\n"
        "  tach plot results/baseline.json --out /tmp/plots\n\n"
        "Exit codes: 0 drawn, 65 malformed, 66 missing, 69 no gnuplot, "
        "73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct plot_args args = {.out = "build/plots"};
    struct document document;
    struct past pasts[2] = {{.count = 0}};
    struct kept kept = {0};

    argv[0] = (char[]){"tach plot"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = document_load("plot", args.run, &document);
    if (!status)
        status = kept_load("plot", args.run, &kept);
    if (!status)
        status = file_directory("plot", args.out);
    if (!status)
        status = chart_pasts("plot", args.history, &document, pasts);
    const bool exact = !status && !strcmp(figure_unit(document.class), "instructions");
    const struct chart_data data = {
        .document = &document, .kept = &kept, .past = &pasts[0], .counted = &pasts[1]};
    for (unsigned chart = 0; !status && chart < CHART_COUNT; chart++)
        if (!exact || chart != CHART_counted)
            status = plot_chart(&data, (enum chart)chart, args.out);
    past_free(&pasts[0]);
    past_free(&pasts[1]);
    kept_free(&kept);
    document_free(&document);
    return status;
}

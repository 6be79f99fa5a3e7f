/* SPDX-License-Identifier: MIT
 * tach report: one self-contained page about a run. Gathers the document, the facts beside it, the
 * drawn charts and what moved, then prints the sections. The page appears whole or not at all. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/args.h"
#include "bench/compare.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define SVG_MAX  (16u << 20)
#define JSON_MAX (64u << 20)

struct report_args {
    const char *run, *out, *against, *host;
};

const enum chart_form report_forms[REPORT_FORMS] = {CHART_SVG, CHART_NARROW};

/* Draws one chart and takes its text. */
static int chart_take(const char *directory, const struct chart_data *data, unsigned number,
                      struct report *report)
{
    const enum chart chart = (enum chart)(number / REPORT_FORMS);
    const unsigned form = number % REPORT_FORMS;
    char path[64];
    size_t size;
    bool drawn;

    snprintf(path, sizeof(path), "%s/%s.svg", directory, chart_names[chart]);
    const struct drawing drawing = {data, chart, report_forms[form], path};
    int status = chart_draw("report", &drawing, &drawn);
    if (!status && drawn)
        status = file_read("report", path, SVG_MAX, &report->svgs[chart][form], &size);
    unlink(path);
    return status;
}

static int charts_take(struct report *report)
{
    char directory[] = "/tmp/tach-report-XXXXXX";
    int status = TACH_OK;

    if (!mkdtemp(directory)) {
        return say_error(TACH_CANTCREATE, "report", directory, "%s", strerror(errno));
    }
    const struct chart_data data = {.document = report->document, .kept = report->kept};
    for (unsigned i = 0; !status && i < CHART_COUNT * REPORT_FORMS; i++)
        status = chart_take(directory, &data, i, report);
    rmdir(directory);
    return status;
}

/* Reads a document that is only shown, never computed with. */
static int json_take(const char *path, json_t **out)
{
    json_error_t error;
    char *text;
    size_t size;

    const int status = file_read("report", path, JSON_MAX, &text, &size);
    if (status)
        return status;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (json_is_object(*out))
        return TACH_OK;
    return say_error(TACH_BADDATA, "report", path, "no JSON object");
}

static int against_take(struct report *report)
{
    struct document sides[2] = {{.count = 0}, *report->document};

    int status = document_load("report", report->against, &sides[0]);
    if (!status && !documents_comparable("report", sides))
        status = TACH_INCONCLUSIVE;
    if (!status)
        report->moved = documents_moved(sides);
    document_free(&sides[0]);
    return status;
}

static void sections_print(FILE *out, const struct report *report)
{
    report_answer(out, report);
    report_placement(out, report);
    report_beside(out, report);
    report_spread(out, report);
    report_payload(out, report);
    report_ladder(out, report);
    report_phases(out, report);
    report_waterfall(out, report);
    report_growth(out, report);
    report_mitigations(out, report);
    report_events(out, report);
    report_calibration(out, report);
    report_peers(out, report);
    report_provenance(out, report);
}

static int page_write(const struct report *report, const char *path)
{
    char *body = NULL;
    size_t size;
    FILE *sections = open_memstream(&body, &size);

    if (!sections)
        return TACH_INTERNAL;
    sections_print(sections, report);
    FILE *out = fclose(sections) ? NULL : file_create("report", path);
    if (!out) {
        free(body);
        return TACH_CANTCREATE;
    }
    html_begin(out, "Tach: what a call costs");
    report_title(out, report);
    html_contents(out, body);
    fputs(body, out);
    html_end(out);
    free(body);
    const int status = file_finish("report", path, out);
    struct stat facts;
    if (status && !stat(path, &facts) && S_ISREG(facts.st_mode))
        unlink(path); /* half a page would look like a whole one */
    return status;
}

static int report_make(const struct report_args *args, struct document *document,
                       struct report *report)
{
    char *path = NULL;
    struct stat facts;

    int status = TACH_OK;

    if (args->against)
        status = against_take(report);
    if (!status && args->host)
        status = json_take(args->host, &report->host);
    document->host = report->host;
    if (!status)
        status = charts_take(report);
    if (status)
        return status;
    const bool directory = !stat(args->run, &facts) && S_ISDIR(facts.st_mode);
    if (asprintf(&path, "%s%s", directory ? args->run : "report.html",
                 directory ? "/report.html" : "") < 0)
        return TACH_INTERNAL;
    status = page_write(report, args->out ? args->out : path);
    if (!status) {
        say_name(stdout, args->out ? args->out : path);
        putchar('\n');
    }
    free(path);
    return status;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct report_args *args = state->input;

    switch (key) {
    case 'o':
        args->out = text;
        return 0;
    case 'a':
        args->against = text;
        return 0;
    case 'l':
        args->host = text;
        return 0;
    default:
        return args_one(key, text, state, &args->run, "RUN");
    }
}

int verb_report(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "FILE", 0, "The page (report.html in the run)", 0},
        {"against", 'a', "OLD", 0, "An earlier run or the baseline: say what moved", 0},
        {"linux", 'l', "FILE", 0, "The host's own baselines, of build/bench_linux", 0},
        {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN",
        "Write one self-contained page about a run.\v"
        "Samples:\n"
        "  tach report results/run/first\n"
        "  tach report results/run/first --against results/baseline.json\n\n"
        "Exit codes: 0 written, 2 not comparable with OLD, 65 malformed, 66 missing, 69 no "
        "gnuplot, "
        "73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct report_args args = {0};
    struct document document;
    struct kept kept = {0};

    argv[0] = (char[]){"tach report"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    struct report report = {
        .document = &document, .kept = &kept, .source = args.run, .against = args.against};
    int status = document_load("report", args.run, &document);
    if (!status)
        status = kept_load("report", args.run, &kept);
    report.machine = kept.machine;
    if (!status)
        status = report_make(&args, &document, &report);
    for (unsigned i = 0; i < CHART_COUNT * REPORT_FORMS; i++)
        free(report.svgs[i / REPORT_FORMS][i % REPORT_FORMS]);
    kept_free(&kept);
    json_decref(report.moved);
    json_decref(report.host);
    document_free(&document);
    return status;
}

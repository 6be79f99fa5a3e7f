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
#include "bench/compare/sides.h"
#include "bench/exits.h"
#include "bench/file.h"
#include "bench/history/facts.h"
#include "bench/history/past.h"
#include "bench/keep.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define SVG_MAX  (16u << 20)
#define JSON_MAX (64u << 20)

struct report_args {
    const char *run, *out, *against, *beside, *host, *floor, *history;
    bool index, open;
};

/* All that a page is made of, and owned here. */
struct gathered {
    struct report_args args;
    char *run;  /* of two sides: the head */
    char *path; /* of the page */
    bool directory;
    struct document document, rows;
    struct kept kept;
    struct sides_compared sides;
    json_t *host, *plan;
    struct beside beside;
    struct past pasts[2]; /* of the run's class, and of icount where that is another */
    char digest[SHA256_TEXT];
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
    const struct chart_data data = {.document = report->document,
                                    .rows = report->rows,
                                    .kept = report->kept,
                                    .past = report->past,
                                    .counted = report->counted,
                                    .beside = report->beside ? &report->beside->document : NULL};
    for (unsigned i = 0; !status && i < CHART_COUNT * REPORT_FORMS; i++)
        status = chart_take(directory, &data, i, report);
    rmdir(directory);
    return status;
}

/* Reads a document that is only shown, never computed with. */
static int json_take(const char *path, json_t **out)
{
    const int status = file_json("report", path, JSON_MAX, out);

    if (status || json_is_object(*out))
        return status;
    return say_error(TACH_BADDATA, "report", path, "no JSON object");
}

/* Where the run is, and where its page goes. Returns an enum tach_exit. */
static int paths_find(struct gathered *all)
{
    const struct report_args *args = &all->args;
    const bool pair = run_is_pair(args->run);
    struct stat facts;

    all->directory = !stat(args->run, &facts) && S_ISDIR(facts.st_mode);
    if (asprintf(&all->run, "%s%s%s", args->run, pair ? "/" : "", pair ? run_sides[1] : "") < 0 ||
        asprintf(&all->path, "%s%s", all->directory ? args->run : "report.html",
                 all->directory ? "/report.html" : "") < 0)
        return TACH_INTERNAL;
    return TACH_OK;
}

/* The verdicts: against what was named, else of a run's own two sides. */
static int against_take(struct gathered *all, struct report *report)
{
    const bool own = !all->args.against && strcmp(all->run, all->args.run);
    const struct sides_input input = {
        .paths = {own ? all->args.run : all->args.against, own ? NULL : all->run},
        .floor = all->args.floor,
        .matters = judge_default.matters};

    if (!own && !all->args.against)
        return TACH_OK;
    const int status = sides_load("report", &input, &all->sides);
    if (status == TACH_INCONCLUSIVE) { /* said already; the page is of use all the same */
        report->foreign = own ? all->args.run : all->args.against;
        return TACH_OK;
    }
    report->comparison = &all->sides.comparison;
    report->floors = all->args.floor ? &all->sides.floors : NULL;
    return status;
}

/* A run's rows are for its intervals; a document alone has none. */
static int rows_take(struct gathered *all, struct report *report)
{
    if (!all->directory)
        return TACH_OK;
    report->rows = &all->rows;
    return document_load_boots("report", all->run, &all->rows);
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
    report_model(out, report);
    report_counters(out, report);
    report_machines(out, report);
    report_growth(out, report);
    report_mitigations(out, report);
    report_events(out, report);
    report_history(out, report);
    report_steady(out, report);
    report_host(out, report);
    report_calibration(out, report);
    report_received(out, report);
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

/* run.json stands in the directory that was named, also where that has two sides. */
static int plan_take(struct gathered *all, struct report *report)
{
    char *path;

    if (asprintf(&path, "%s/" STATE_FILE, all->args.run) < 0)
        return TACH_INTERNAL;
    const int status = access(path, F_OK) ? TACH_OK : json_take(path, &all->plan);
    report->plan = all->plan;
    free(path);
    return status;
}

/* What was named, else what lies beside a run of this very build. */
static int beside_take(struct gathered *all, struct report *report)
{
    int status = TACH_OK;

    if (all->args.beside)
        status = beside_load("report", all->args.beside, &all->document, &all->beside);
    else if (all->directory)
        status = beside_find("report", all->args.run, &all->document, &all->beside);
    report->beside = all->beside.path ? &all->beside : NULL;
    return status;
}

static int past_take(struct gathered *all, struct report *report)
{
    const int status = run_digest("report", all->run, all->digest);

    report->past = &all->pasts[0];
    report->counted = report_exact(report) ? NULL : &all->pasts[1];
    return status ? status : chart_pasts("report", all->args.history, &all->document, all->pasts);
}

static int gather(struct gathered *all, struct report *report)
{
    int status = paths_find(all);

    if (!status)
        status = document_load("report", all->run, &all->document);
    if (!status)
        status = rows_take(all, report);
    if (!status)
        status = kept_load("report", all->run, &all->kept);
    report->machine = all->kept.machine;
    if (!status)
        status = plan_take(all, report);
    if (!status)
        status = against_take(all, report);
    if (!status)
        status = beside_take(all, report);
    if (!status)
        status = past_take(all, report);
    if (!status && all->args.host)
        status = json_take(all->args.host, &all->host);
    report->host = all->document.host = all->host;
    return status ? status : charts_take(report);
}

static void gathered_free(struct gathered *all, struct report *report)
{
    for (unsigned i = 0; i < CHART_COUNT * REPORT_FORMS; i++)
        free(report->svgs[i / REPORT_FORMS][i % REPORT_FORMS]);
    sides_free(&all->sides);
    beside_free(&all->beside);
    past_free(&all->pasts[0]);
    past_free(&all->pasts[1]);
    kept_free(&all->kept);
    document_free(&all->document);
    document_free(&all->rows);
    json_decref(all->host);
    json_decref(all->plan);
    free(all->run);
    free(all->path);
}

/* What both pages end with: its name, and a look at it. */
static int page_show(const struct report_args *args, const char *path)
{
    say_name(stdout, path);
    putchar('\n');
    fflush(stdout);
    return args->open ? report_open(path) : TACH_OK;
}

static int page_make(const struct report_args *args)
{
    struct gathered all = {.args = *args};
    struct report report = {
        .document = &all.document, .kept = &all.kept, .source = args->run, .digest = all.digest};

    int status = gather(&all, &report);
    const char *path = args->out ? args->out : all.path;
    if (!status)
        status = page_write(&report, path);
    if (!status)
        status = page_show(args, path);
    gathered_free(&all, &report);
    return status;
}

static int index_make(const struct report_args *args)
{
    const char *directory = args->run ? args->run : RUN_DIRECTORY;
    char *path = NULL;

    if (asprintf(&path, "%s/index.html", directory) < 0)
        return TACH_INTERNAL;
    int status = report_index(directory, args->out ? args->out : path);
    if (!status)
        status = page_show(args, args->out ? args->out : path);
    free(path);
    return status;
}

enum { OPT_INDEX = 256, OPT_OPEN, OPT_FLOOR, OPT_HISTORY };

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
    case 'b':
        args->beside = text;
        return 0;
    case 'l':
        args->host = text;
        return 0;
    case OPT_FLOOR:
        args->floor = text;
        return 0;
    case OPT_HISTORY:
        args->history = text;
        return 0;
    case OPT_INDEX:
        args->index = true;
        return 0;
    case OPT_OPEN:
        args->open = true;
        return 0;
    case ARGP_KEY_END:
        if (args->floor && !args->against && args->run && !run_is_pair(args->run))
            argp_error(state, "--floor is for a comparison: name --against, or a run of two sides");
        if (args->index) /* it has a directory of its own */
            return 0;
        return args_one(key, text, state, &args->run, "RUN");
    default:
        return args_one(key, text, state, &args->run, "RUN");
    }
}

int verb_report(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "FILE", 0, "The page (report.html in the run)", 0},
        {"against", 'a', "OLD", 0, "An earlier run or the baseline: say what moved", 0},
        {"beside", 'b', "OTHER", 0,
         "A run of another machine that counts: say where both differ, and why (the newest of the "
         "same images that lies beside RUN)",
         0},
        {"floor", OPT_FLOOR, "FILE", 0, "What tach compare --aa found: below it nothing moved", 0},
        {"linux", 'l', "FILE", 0, "The host's own baselines, of build/bench_linux", 0},
        {"history", OPT_HISTORY, "DB|URL", 0,
         "The history whose last runs are shown ($" HISTORY_ENV ", " HISTORY_DEFAULT ")", 0},
        {"index", OPT_INDEX, NULL, 0,
         "List the runs of a directory (" RUN_DIRECTORY ") in its index.html", 0},
        {"open", OPT_OPEN, NULL, 0, "Show the page, by $BROWSER or xdg-open", 0},
        {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "RUN\n--index [DIR]",
        "Write one self-contained page about a run; of a run of two sides, about its head with "
        "its base as what it is compared with.\v"
        "Samples:\n"
        "  tach report results/run/first --open\n"
        "  tach report results/run/first --against results/baseline.json\n"
        "  tach report --index\n\n"
        "Where OLD is of another machine or class the page says so.\n\n"
        "Exit codes: 0 written, 65 malformed, 66 missing, 69 no gnuplot or nothing to show it "
        "with, 73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct report_args args = {0};

    argv[0] = (char[]){"tach report"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    return args.index ? index_make(&args) : page_make(&args);
}

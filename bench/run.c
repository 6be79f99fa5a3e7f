/* SPDX-License-Identifier: MIT
 * tach run: picks the class, boots the matrix a few QEMUs at a time, and keeps what came. Nothing
 * is retried. Invariant: however it ends, a signal included, its own QEMUs are gone and the
 * directory holds a run that the other verbs can read. */
#include <argp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/keep.h"
#include "bench/screen.h"
#include "bench/table.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define JOBS_MAX       64u
#define POLL_NS        5000000L
#define CLEAR_EOL      "\r\033[K"
#define SHOW_EVERY_S   0.2
#define LINE_MAX_SHOWN 512

struct run_args {
    const char *out, *matrix, *class, *probe;
    struct image_facts images[IMAGE_COUNT];
    double limit_s;
    unsigned jobs, boots;
    bool json;
};

/* What the boots have come to; a line a boot in a pipe, one moving line on a terminal. */
struct progress {
    bool terminal;
    size_t ended;
    double next_s; /* when the moving line is due */
};

static volatile sig_atomic_t stop_signal;

static void stop_note(int number)
{
    stop_signal = number;
}

static void progress_boot(struct progress *progress, const struct boot_run *run)
{
    char title[64];

    boot_title(run, title, sizeof(title));
    progress->ended++;
    fputs(progress->terminal ? CLEAR_EOL : "", stderr);
    if (!run->good)
        fprintf(stderr, "%s: FAILED: %s\n", title, run->reason);
    else if (!progress->terminal)
        fprintf(stderr, "%s: passed in %.1f s\n", title, run->qemu.took_s);
}

/* The moving line: how many boots are done, which are under way and for how long. It is cut where
 * the screen ends: a line that wraps could not be taken back. */
static void progress_show(struct progress *progress, const struct boots *boots)
{
    const double now = process_now();
    const unsigned width = screen_width(stderr);
    char title[64], line[LINE_MAX_SHOWN];

    if (!progress->terminal || now < progress->next_s)
        return;
    progress->next_s = now + SHOW_EVERY_S;
    int used = snprintf(line, sizeof(line), "[%zu/%zu]", progress->ended, boots->count);
    for (size_t i = 0; i < boots->count && used < (int)sizeof(line); i++) {
        const struct boot_run *run = &boots->runs[i];
        if (!run->qemu.pid)
            continue;
        boot_title(run, title, sizeof(title));
        used += snprintf(line + used, sizeof(line) - (size_t)used, "  %s %.0f s", title,
                         now - run->qemu.started_s);
    }
    fprintf(stderr, CLEAR_EOL "%.*s", width ? (int)width - 1 : (int)sizeof(line), line);
}

/* Looks at each boot under way; counts those that still run. */
static unsigned boots_poll(struct boots *boots, const struct matrix *matrix,
                           const struct boot_setup *setup, struct progress *progress)
{
    unsigned running = 0;

    for (size_t i = 0; i < boots->count; i++) {
        struct boot_run *run = &boots->runs[i];
        if (!run->qemu.pid)
            continue;
        if (stop_signal) {
            process_kill(&run->qemu);
            snprintf(run->reason, sizeof(run->reason), "stopped by %s",
                     strsignal((int)stop_signal));
        }
        if (!process_ended(&run->qemu)) {
            running++;
            continue;
        }
        boot_judge(run, matrix, setup);
        progress_boot(progress, run);
    }
    return running;
}

static void boots_run(struct boots *boots, const struct matrix *matrix,
                      const struct boot_setup *setup, unsigned jobs)
{
    struct progress progress = {.terminal = isatty(STDERR_FILENO)};
    size_t next = 0;

    while (boots_poll(boots, matrix, setup, &progress) || (next < boots->count && !stop_signal)) {
        unsigned running = boots_poll(boots, matrix, setup, &progress);
        while (next < boots->count && running < jobs && !stop_signal) {
            struct boot_run *run = &boots->runs[next++];
            if (boot_start(run, matrix, setup))
                progress_boot(&progress, run);
            else
                running++;
        }
        progress_show(&progress, boots);
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    fputs(progress.terminal ? CLEAR_EOL : "", stderr);
    for (; next < boots->count; next++)
        snprintf(boots->runs[next].reason, sizeof(boots->runs[next].reason), "not started");
}

static bool boots_good(const struct boots *boots)
{
    for (size_t i = 0; i < boots->count; i++)
        if (!boots->runs[i].good)
            return false;
    return true;
}

static void signals_note(void)
{
    const struct sigaction action = {.sa_handler = stop_note};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever stops listening does not cost the run */
}

static int run_report(const struct run_args *args, const struct run_facts *facts,
                      const struct document *merged)
{
    if (args->json && document_print(stdout, merged))
        return TACH_INTERNAL;
    if (!args->json)
        table_print(stdout, merged);
    fflush(stdout); /* the table stands before the line below, also where both go to one file */
    fputs("tach run: kept in ", stderr);
    say_name(stderr, facts->directory);
    fputs(facts->complete ? "\n" : "; not every boot passed\n", stderr);
    return facts->complete ? TACH_OK : TACH_INCONCLUSIVE;
}

/* Everything behind the checks: from here on a run exists. */
static int run_matrix(const struct run_args *args, const struct matrix *matrix,
                      struct run_facts *facts)
{
    const struct boot_setup setup = {.class = facts->choice.class,
                                     .loader = args->images[IMAGE_LOADER].path,
                                     .kernel = args->images[IMAGE_KERNEL].path,
                                     .initfs = args->images[IMAGE_INITFS].path,
                                     .directory = facts->directory,
                                     .limit_s = args->limit_s};
    const bool exact = !strcmp(figure_unit(setup.class), "instructions");
    struct document merged;
    struct boots boots;

    if (boots_plan(matrix, args->boots ? args->boots : exact ? 1 : 5, &boots)) {
        boots_free(&boots);
        return say_error(TACH_INTERNAL, "run", args->matrix, "more than %u boots, or out of memory",
                         BOOTS_MAX);
    }
    signals_note();
    boots_run(&boots, matrix, &setup, args->jobs);
    facts->complete = boots_good(&boots);
    int status = keep_run(facts, &boots, &merged);
    if (!status && !args->out)
        keep_latest(facts->directory);
    if (!status)
        status = run_report(args, facts, &merged);
    document_free(&merged);
    boots_free(&boots);
    return status;
}

static int run_checked(const struct run_args *args, const struct matrix *matrix)
{
    const time_t now = time(NULL);
    struct run_facts facts = {0};
    struct tm local;
    char date[40], *directory;

    memcpy(facts.images, args->images, sizeof(facts.images));
    int status = keep_images(facts.images);
    if (status)
        return status;
    if (!process_found(QEMU_PROGRAM)) {
        return say_error(TACH_UNAVAILABLE, "run", QEMU_PROGRAM, "is not in PATH");
    }
    if (class_choose(args->class, args->probe, &facts.choice)) {
        return say_error(TACH_UNAVAILABLE, "run", args->class ? args->class : "class", "%s",
                         facts.choice.reason);
    }
    fprintf(stderr, "tach run: class %s: %s\n", facts.choice.class, facts.choice.reason);
    machine_read(&facts.machine);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
    facts.date = date;
    status = keep_directory(args->out, facts.choice.class, &directory);
    facts.directory = directory;
    if (!status)
        status = run_matrix(args, matrix, &facts);
    free(directory);
    return status;
}

enum { OPT_KERNEL = 256, OPT_LOADER, OPT_INITFS, OPT_TIMEOUT, OPT_JSON, OPT_PROBE };

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0,
     "Directory of the run (a fresh one below results/run; latest there means it)", 0},
    {"matrix", 'm', "FILE", 0, "What to measure (bench/matrix.cfg)", 0},
    {"class", 'c', "CLASS", 0, "icount, kvm or tcg, instead of what the probe picks", 0},
    {"boots", 'b', "N", 0, "Boots a cell (icount 1: it is exact; else 5)", 0},
    {"jobs", 'j', "N", 0, "QEMUs at a time (2)", 0},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "Bound of one boot (120)", 0},
    {"kernel", OPT_KERNEL, "FILE", 0, "build/kernel.elf", 1},
    {"loader", OPT_LOADER, "FILE", 0, "build/loader.elf", 1},
    {"initfs", OPT_INITFS, "FILE", 0, "build/initfs.img", 1},
    {"probe", OPT_PROBE, "FILE", 0, PROBE_IMAGE, 1},
    {"json", OPT_JSON, NULL, 0, "Print the merged document instead of the table", 2},
    {0}};

static double number_parse(const struct argp_state *state, const char *text, double max)
{
    char *end;
    const double number = strtod(text, &end);

    if (end == text || *end || !(number > 0) || number > max)
        argp_error(state, "%s: not a number above 0 and up to %.0f", text, max);
    return number;
}

static unsigned count_parse(const struct argp_state *state, const char *text, unsigned max)
{
    const double number = number_parse(state, text, max);

    if (number < 1 || number != (double)(unsigned)number)
        argp_error(state, "%s: not a whole number", text);
    return (unsigned)number;
}

static void class_parse(const struct argp_state *state, struct run_args *args, const char *text)
{
    if (strcmp(text, "icount") && strcmp(text, "kvm") && strcmp(text, "tcg"))
        argp_error(state, "%s: a class is icount, kvm or tcg", text);
    args->class = text;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct run_args *args = state->input;

    switch (key) {
    case 'o':
        args->out = text;
        return 0;
    case 'm':
        args->matrix = text;
        return 0;
    case 'c':
        class_parse(state, args, text);
        return 0;
    case 'b':
        args->boots = count_parse(state, text, 1000);
        return 0;
    case 'j':
        args->jobs = count_parse(state, text, JOBS_MAX);
        return 0;
    case OPT_TIMEOUT:
        args->limit_s = number_parse(state, text, 86400);
        return 0;
    case OPT_KERNEL:
    case OPT_LOADER:
    case OPT_INITFS:
        args->images[key == OPT_LOADER   ? IMAGE_LOADER
                     : key == OPT_KERNEL ? IMAGE_KERNEL
                                         : IMAGE_INITFS]
            .path = text;
        return 0;
    case OPT_PROBE:
        args->probe = text;
        return 0;
    case OPT_JSON:
        args->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: run takes options only", text);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int verb_run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        option_parse,
        NULL,
        "Boot the matrix, measure, and keep the run.\v"
        "Samples:\n"
        "  tach run\n"
        "  tach run --class icount --out results/run/first\n"
        "  tach run --json | jq '.benchmarks[].name'\n\n"
        "Exit codes: 0 every boot passed, 2 some boot did not (the run is kept), 65 the matrix is "
        "malformed, 66 an image is missing, 69 this machine cannot, 73 nothing can be written.",
        NULL,
        NULL,
        NULL};
    struct run_args args = {.matrix = "bench/matrix.cfg",
                            .probe = PROBE_IMAGE,
                            .limit_s = 120,
                            .jobs = 2,
                            .images = {{.path = "build/loader.elf"},
                                       {.path = "build/kernel.elf"},
                                       {.path = "build/initfs.img"}}};
    struct matrix matrix;

    argv[0] = (char[]){"tach run"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = matrix_load(args.matrix, &matrix);
    if (!status)
        status = run_checked(&args, &matrix);
    matrix_free(&matrix);
    return status;
}

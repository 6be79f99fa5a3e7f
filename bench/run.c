/* SPDX-License-Identifier: MIT
 * tach run: its arguments. What they ask for is made by bench/runner.c. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/exits.h"
#include "bench/probe.h"
#include "bench/received/received.h"
#include "bench/runner.h"
#include "bench/verbs.h"

#define LIMIT_S 120

enum {
    OPT_KERNEL = 256,
    OPT_LOADER,
    OPT_INITFS,
    OPT_TIMEOUT,
    OPT_JSON,
    OPT_PROBE,
    OPT_BASE,
    OPT_HEAD,
    OPT_BASE_REV,
    OPT_RESUME,
    OPT_SEED,
    OPT_PERF,
    OPT_FROM,
    OPT_TUNE,
    OPT_GOVERNOR
};

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0,
     "Directory of the run (a fresh one below results/run; latest there means it)", 0},
    {"matrix", 'm', "FILE", 0, "What to measure (bench/matrix.cfg)", 0},
    {"class", 'c', "CLASS", 0,
     "icount, bochs, kvm or tcg, instead of what the probe picks; metal is for --from", 0},
    {"boots", 'b', "N", 0, "Boots a cell (icount 1: it is exact; else 5)", 0},
    {"seed", OPT_SEED, "N", 0, "Of the order of the boots (any; it is printed)", 0},
    {"jobs", 'j', "N", 0, "QEMUs at a time (icount 2; else 1, as they disturb each other)", 0},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "Bound of one boot (120)", 0},
    {"perf", OPT_PERF, NULL, 0,
     "Let the host count beside each boot, with the best that it has (into machine.json)", 0},
    {"tune", OPT_TUNE, "LIST", 0,
     "A quiet host: all, off, or some of pin,priority,hugepages (kvm: all; else off)", 0},
    {"governor", OPT_GOVERNOR, "NAME", 0, "Set the clock's governor, and put it back at the end",
     0},
    {"verbose", 'v', NULL, 0, "Print QEMU's command line (kvm: always)", 0},
    {"resume", OPT_RESUME, "RUN", 0,
     "Go on with a run that was interrupted: its directory, or its name below results/run", 0},
    {"from", OPT_FROM, "CAPTURE", 0,
     "Make no boots: those that tach collect received into this file are the run (repeatable)", 0},
    {"base", OPT_BASE, "IMAGE", 0,
     "Measure two sides in one run: this one, a kernel ELF or a directory of a build, and the head",
     1},
    {"base-rev", OPT_BASE_REV, "REV", 0,
     "The same, the base built from a git revision (kept below results/build)", 1},
    {"head", OPT_HEAD, "IMAGE", 0, "The other side (the present build)", 1},
    {"kernel", OPT_KERNEL, "FILE", 0, "build/kernel.elf", 2},
    {"loader", OPT_LOADER, "FILE", 0, "build/loader.elf", 2},
    {"initfs", OPT_INITFS, "FILE", 0, "build/initfs.img", 2},
    {"probe", OPT_PROBE, "FILE", 0, PROBE_IMAGE, 2},
    {"json", OPT_JSON, NULL, 0, "Print the merged document instead of the table", 3},
    {0}};

static void class_parse(const struct argp_state *state, struct run_args *args, const char *text)
{
    if (strcmp(text, "icount") && strcmp(text, "bochs") && strcmp(text, "kvm") &&
        strcmp(text, "tcg") && strcmp(text, "metal"))
        argp_error(state, "%s: a class is icount, bochs, kvm, tcg or metal", text);
    args->class = text;
}

static enum image image_of(int key)
{
    return key == OPT_LOADER ? IMAGE_LOADER : key == OPT_KERNEL ? IMAGE_KERNEL : IMAGE_INITFS;
}

static void image_parse(const struct argp_state *state, struct run_args *args, int key,
                        const char *text)
{
    if (image_path_set(&args->images[image_of(key)], text))
        argp_error(state, "a path that is too long");
}

static void tune_take(const struct argp_state *state, struct run_args *args, int key,
                      const char *text)
{
    if (key == OPT_GOVERNOR) {
        if (!governor_named(text))
            argp_error(state, "%s: no name of a governor", text);
        snprintf(args->tune.governor, sizeof(args->tune.governor), "%s", text);
        return;
    }
    const char *wrong = tune_parse(text, &args->tune);
    if (wrong)
        argp_error(state, "%s: %s", text, wrong);
    args->tuned = true;
}

static void from_add(const struct argp_state *state, struct run_args *args, const char *text)
{
    if (args->from_count == RECEIVED_FILES_MAX)
        argp_error(state, "more than %u captures", RECEIVED_FILES_MAX);
    args->from[args->from_count++] = text;
}

/* A run of captures is not made: nothing of how it would be is left to choose. */
static void from_check(const struct argp_state *state, const struct run_args *args)
{
    const bool made = args->base || args->base_rev || args->head || args->resume || args->boots ||
                      args->jobs || args->seed >= 0 || args->perf;

    if (args->from_count && made)
        argp_error(state, "the boots of --from were made elsewhere: only --class, --out and --json "
                          "go with it");
    if (!args->from_count && args->class && !strcmp(args->class, "metal"))
        argp_error(state, "metal is measured at the other end of a line: tach collect receives it, "
                          "--from CAPTURE makes a run of it");
}

/* What the options ask for together. */
static void args_check(const struct argp_state *state, const struct run_args *args)
{
    if (args->base && args->base_rev)
        argp_error(state, "--base and --base-rev are the same side");
    if (args->head && !args->base && !args->base_rev)
        argp_error(state, "--head needs --base or --base-rev");
    if (args->resume && (args->base || args->base_rev || args->out || args->class || args->boots ||
                         args->seed >= 0 || args->perf || args->tuned || args->tune.governor[0]))
        argp_error(
            state,
            "a run is resumed as it began: only --jobs, --json and --verbose go with --resume");
}

/* Options with a text of their own. */
static const char **text_slot(struct run_args *args, int key)
{
    switch (key) {
    case 'o':
        return &args->out;
    case 'm':
        return &args->matrix;
    case OPT_PROBE:
        return &args->probe;
    case OPT_BASE:
        return &args->base;
    case OPT_HEAD:
        return &args->head;
    case OPT_BASE_REV:
        return &args->base_rev;
    case OPT_RESUME:
        return &args->resume;
    default:
        return NULL;
    }
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct run_args *args = state->input;
    const char **slot = text_slot(args, key);

    if (slot) {
        *slot = text;
        return 0;
    }
    switch (key) {
    case 'c':
        class_parse(state, args, text);
        return 0;
    case 'b':
        args->boots = (unsigned)args_whole(state, text, 1, RUN_BOOTS_MAX);
        return 0;
    case 'j':
        args->jobs = (unsigned)args_whole(state, text, 1, RUN_JOBS_MAX);
        return 0;
    case OPT_SEED:
        args->seed = (int64_t)args_whole(state, text, 0, UINT32_MAX);
        return 0;
    case OPT_TIMEOUT:
        args->limit_s = args_number(state, text, 86400);
        return 0;
    case OPT_KERNEL:
    case OPT_LOADER:
    case OPT_INITFS:
        image_parse(state, args, key, text);
        return 0;
    case OPT_PERF:
        args->perf = true;
        return 0;
    case OPT_FROM:
        from_add(state, args, text);
        return 0;
    case OPT_JSON:
        args->json = true;
        return 0;
    case 'v':
        args->verbose = true;
        return 0;
    case OPT_TUNE:
    case OPT_GOVERNOR:
        tune_take(state, args, key, text);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: run takes options only", text);
        return EINVAL;
    case ARGP_KEY_END:
        args_check(state, args);
        from_check(state, args);
        return 0;
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
        "  tach run --json | jq '.benchmarks[].name'\n"
        "  tach run --base-rev HEAD~1 --boots 10\n"
        "  tach run --class kvm --boots 10 --governor performance\n"
        "  tach run --resume latest\n"
        "  tach run --from metal.tach\n\n"
        "Of two sides the run's directory holds base/ and head/, each a run of its own.\n\n"
        "Exit codes: 0 every boot passed, 2 some boot did not (the run is kept), 65 the matrix is "
        "malformed or a resumed run is not what it was, 66 an image or a revision is missing, 69 "
        "this machine cannot or the revision does not build, 73 nothing can be written.",
        NULL,
        NULL,
        NULL};
    static const char *from[RECEIVED_FILES_MAX];
    struct run_args args = {.from = from,
                            .matrix = "bench/matrix.cfg",
                            .probe = PROBE_IMAGE,
                            .limit_s = LIMIT_S,
                            .seed = -1,
                            .images = {{.path = "build/loader.elf"},
                                       {.path = "build/kernel.elf"},
                                       {.path = "build/initfs.img"}}};

    argv[0] = (char[]){"tach run"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    if (args.from_count)
        return runner_received(&args);
    return args.resume ? runner_resume(&args) : runner_new(&args);
}

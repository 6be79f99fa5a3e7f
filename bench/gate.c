/* SPDX-License-Identifier: MIT
 * tach gate: the one command of a CI. Measures, holds against the committed baseline and the base,
 * writes what people and trackers read, and passes or fails. The work is in bench/gate/. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/file.h"
#include "bench/gate/gate.h"
#include "bench/keep.h"
#include "bench/probe.h"
#include "bench/runner.h"
#include "bench/screen.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define BASELINE "results/baseline.json"
#define LABEL    26

enum {
    OPT_RUN = 256,
    OPT_BASE_REV,
    OPT_BASELINE,
    OPT_CYCLES,
    OPT_FLOOR,
    OPT_AA,
    OPT_MATTERS,
    OPT_TIMEOUT,
    OPT_PROBE
};

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0, "Where everything goes (a fresh directory below results/run)", 0},
    {"run", OPT_RUN, "DIR", 0, "Judge this exact run instead of measuring; of one side or two", 0},
    {"base-rev", OPT_BASE_REV, "REV", 0,
     "The base of the change: it is built and measured beside the head, and the commits since then "
     "must name why they change the baseline",
     0},
    {"baseline", OPT_BASELINE, "FILE", 0, "The committed figures (" BASELINE "), or none", 0},
    {"matrix", 'm', "FILE", 0, "What to measure (bench/matrix.cfg)", 0},
    {"cycles", OPT_CYCLES, "WHICH", 0,
     "kvm or tcg, none, or a run of two sides; without it kvm where this machine has it", 1},
    {"boots", 'b', "N", 0, "Boots a side for cycles (10)", 1},
    {"floor", OPT_FLOOR, "FILE", 0, "What equal sides showed on this machine", 1},
    {"aa", OPT_AA, NULL, 0, "Measure that first, with twice as many boots of the head", 1},
    {"matters", OPT_MATTERS, "PERCENT", 0, "The smallest change of cycles that matters (1)", 1},
    {"jobs", 'j', "N", 0, "QEMUs at a time (icount 2; else 1)", 2},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "Bound of one boot (120)", 2},
    {"probe", OPT_PROBE, "FILE", 0, PROBE_IMAGE, 2},
    {0}};

static const char **text_slot(struct gate_args *args, int key)
{
    switch (key) {
    case 'o':
        return &args->out;
    case 'm':
        return &args->matrix;
    case OPT_RUN:
        return &args->run;
    case OPT_BASE_REV:
        return &args->base_rev;
    case OPT_BASELINE:
        return &args->baseline;
    case OPT_CYCLES:
        return &args->cycles;
    case OPT_FLOOR:
        return &args->floor;
    case OPT_PROBE:
        return &args->probe;
    default:
        return NULL;
    }
}

static void args_check(const struct argp_state *state, const struct gate_args *args)
{
    const char *cycles = args->cycles;

    if (*cycles && strcmp(cycles, "kvm") && strcmp(cycles, "tcg") && strcmp(cycles, GATE_NONE) &&
        !run_is_pair(cycles))
        argp_error(state, "%s: cycles are of kvm, tcg, " GATE_NONE " or a run of two sides",
                   cycles);
    if (args->aa && run_is_pair(cycles))
        argp_error(state, "--aa measures, and the cycles are measured already");
    if (args->aa && args->floor)
        argp_error(state, "--aa measures the floor that --floor names");
    if (!strcmp(args->baseline, GATE_NONE) && !args->base_rev && !args->run)
        argp_error(state, "without a baseline a gate needs --base-rev");
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct gate_args *args = state->input;
    const char **slot = text_slot(args, key);

    if (slot) {
        *slot = text;
        return 0;
    }
    switch (key) {
    case 'b':
        args->boots = (unsigned)args_whole(state, text, 1, RUN_BOOTS_MAX);
        return 0;
    case 'j':
        args->jobs = (unsigned)args_whole(state, text, 1, RUN_JOBS_MAX);
        return 0;
    case OPT_AA:
        args->aa = true;
        return 0;
    case OPT_MATTERS:
        args->matters = args_number(state, text, 100) / 100;
        return 0;
    case OPT_TIMEOUT:
        args->limit_s = args_number(state, text, 86400);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: gate takes options only", text);
        return EINVAL;
    case ARGP_KEY_END:
        args_check(state, args);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int directory_make(struct gate *gate)
{
    if (!gate->args->out)
        return keep_directory(NULL, "gate", &gate->directory);
    gate->directory = strdup(gate->args->out);
    return gate->directory ? file_directory("gate", gate->directory) : TACH_INTERNAL;
}

/* A line a finding, then the verdict and what to do. */
static void verdict_print(const struct gate *gate)
{
    static const char *const verdicts[] = {"passed", "FAILED", "inconclusive"};
    const int status = gate_exit(gate);
    bool baseline = false;

    for (size_t i = 0; i < gate->count; i++) {
        const struct finding *finding = &gate->findings[i];
        const char *verdict = verdicts[finding->exit];
        printf("%-12s%-*s", finding->what, LABEL - 12,
               finding->gates  ? verdict
               : finding->exit ? "moved"
                               : "-");
        screen_wrap(stdout, LABEL, finding->text);
        baseline |=
            finding->gates && finding->exit == TACH_DIFFERENT && !strcmp(finding->what, "baseline");
    }
    if (baseline)
        fputs("If that is meant: make baseline, then git commit " BASELINE
              " --trailer 'Baseline: REASON'.\n",
              stdout);
    printf("gate: %s; ", verdicts[status]);
    say_name(stdout, gate->directory);
    fputs("/gate.md has it in full\n", stdout);
}

static int gate_run(struct gate *gate)
{
    int (*const steps[])(struct gate *) = {directory_make, gate_measure, gate_baseline, gate_base,
                                           gate_cycles};
    int status = TACH_OK;

    for (size_t i = 0; !status && i < sizeof(steps) / sizeof(steps[0]); i++)
        status = steps[i](gate);
    if (!status)
        status = gate_write(gate);
    if (!status)
        verdict_print(gate);
    return status ? status : gate_exit(gate);
}

static void gate_free(struct gate *gate)
{
    sides_free(&gate->baseline);
    sides_free(&gate->base);
    sides_free(&gate->beside);
    free(gate->directory);
    free(gate->exact);
    free(gate->cycles);
    free(gate->floor);
}

int verb_gate(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        option_parse,
        NULL,
        "Measure a change, hold it against the baseline and its base, and pass or fail.\v"
        "Instructions gate on every machine: any figure that moved against the committed baseline "
        "fails, unless the baseline moved with it and each commit that touches it names why in a "
        "trailer \"Baseline: REASON\". Cycles gate where the class is kvm and the floor of the "
        "machine is known and low; elsewhere they are a report.\n\n"
        "Samples:\n"
        "  tach gate\n"
        "  tach gate --base-rev origin/main --out out\n"
        "  tach gate --base-rev HEAD~1 --aa --boots 10\n\n"
        "Exit codes: 0 passed, 1 failed, 2 inconclusive, 65 malformed, 66 missing, 69 this machine "
        "cannot, 73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct gate_args args = {.baseline = BASELINE,
                             .matrix = "bench/matrix.cfg",
                             .probe = PROBE_IMAGE,
                             .cycles = "",
                             .boots = 10,
                             .limit_s = 120,
                             .matters = judge_default.matters};
    struct gate gate = {.args = &args};

    argv[0] = (char[]){"tach gate"};
    char *command = command_text(argc, argv);
    gate.command = command ? command : "tach gate";
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    const int status = gate_run(&gate);
    gate_free(&gate);
    free(command);
    return status;
}

/* SPDX-License-Identifier: MIT
 * tach compare: what got slower between two sides, or how much equal sides differ. Counts are
 * exact, so any difference is real; everything else is judged over boots, and what these boots
 * cannot decide is said with what could. The work is in bench/compare/. */
#include "bench/compare.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/args.h"
#include "bench/compare/aa.h"
#include "bench/compare/parts.h"
#include "bench/compare/sides.h"
#include "bench/exits.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define PATHS_MAX  64u
#define SPLITS_MAX 1000000u

enum { OPT_EXACT = 256, OPT_FLOOR, OPT_MATTERS, OPT_AA, OPT_SPLITS, OPT_SEED };

struct compare_args {
    const char *paths[PATHS_MAX], *exact[2], *floor, *out;
    char *command; /* as it was given */
    size_t count;
    double matters;
    unsigned splits;
    uint32_t seed;
    bool json, markdown, all, equal, aa;
};

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "Print the comparison as JSON", 0},
    {"markdown", 'm', NULL, 0, "Print it as Markdown, for a merge request", 0},
    {"all", 'a', NULL, 0, "Name equal figures too", 0},
    {"equal", 'e', NULL, 0, "Exit with 1 where any figure moved, also for the better", 0},
    {"exact", OPT_EXACT, "OLD NEW", 0,
     "The same two sides under icount: say whether instructions moved too", 0},
    {"floor", OPT_FLOOR, "FILE", 0, "What --aa measured of this machine", 0},
    {"matters", OPT_MATTERS, "PERCENT", 0, "The smallest change that matters (1)", 0},
    {"aa", OPT_AA, NULL, 0, "Hold the boots of one image against each other", 1},
    {"splits", OPT_SPLITS, "N", 0, "Ways to deal out the boots (1000)", 1},
    {"seed", OPT_SEED, "N", 0, "Of the random ways (1)", 1},
    {"out", 'o', "FILE", 0, "Write there: the floors of --aa; else the JSON", 2},
    {0}};

static void exact_parse(struct argp_state *state, struct compare_args *args, const char *text)
{
    if (state->next >= state->argc)
        argp_error(state, "--exact takes two runs, the old one first");
    args->exact[0] = text;
    args->exact[1] = state->argv[state->next++];
}

static void end_check(const struct argp_state *state, const struct compare_args *args)
{
    if (args->aa && !args->count)
        argp_error(state, "which runs of one image?");
    if (!args->aa && (args->count < 1 || args->count > 2))
        argp_error(state, "two runs are needed, the old one first, or one of two sides");
    if (args->json && args->markdown)
        argp_error(state, "JSON or Markdown, not both");
}

static error_t number_option(int key, const char *text, const struct argp_state *state,
                             struct compare_args *args)
{
    switch (key) {
    case OPT_MATTERS:
        args->matters = args_number(state, text, 100) / 100;
        return 0;
    case OPT_SPLITS:
        args->splits = (unsigned)args_whole(state, text, 1, SPLITS_MAX);
        return 0;
    case OPT_SEED:
        args->seed = (uint32_t)args_whole(state, text, 0, UINT32_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct compare_args *args = state->input;

    switch (key) {
    case 'j':
        args->json = true;
        return 0;
    case 'm':
        args->markdown = true;
        return 0;
    case 'a':
        args->all = true;
        return 0;
    case 'e':
        args->equal = true;
        return 0;
    case 'o':
        args->out = text;
        return 0;
    case OPT_EXACT:
        exact_parse(state, args, text);
        return 0;
    case OPT_FLOOR:
        args->floor = text;
        return 0;
    case OPT_AA:
        args->aa = true;
        return 0;
    case ARGP_KEY_ARG:
        if (args->count >= (args->aa ? PATHS_MAX : 2))
            argp_error(state, "two runs are compared, not more");
        args->paths[args->count++] = text;
        return 0;
    case ARGP_KEY_END:
        end_check(state, args);
        return 0;
    default:
        return number_option(key, text, state, args);
    }
}

static int comparison_say(const struct compare_args *args, const struct comparison *comparison)
{
    int status = TACH_OK;

    sides_warn("compare", comparison);
    if (args->json || args->out)
        status = json_put("compare", args->out, comparison_json(comparison));
    if (!status && args->markdown && comparison_markdown(stdout, comparison, args->command))
        status = TACH_INTERNAL;
    if (!status && !args->json && !args->markdown &&
        comparison_print(stdout, comparison, args->all))
        status = TACH_INTERNAL;
    if (!status && args->equal && comparison->moved)
        status = TACH_DIFFERENT;
    return status ? status : comparison_exit(comparison);
}

static int sides_compare(const struct compare_args *args)
{
    const struct sides_input input = {.paths = {args->paths[0], args->paths[1]},
                                      .exact = {args->exact[0], args->exact[1]},
                                      .floor = args->floor,
                                      .matters = args->matters};
    struct sides_compared sides;
    int status = sides_load("compare", &input, &sides);

    if (!status)
        status = comparison_say(args, &sides.comparison);
    sides_free(&sides);
    return status;
}

static int aa_say(const struct compare_args *args, const struct aa *aa)
{
    int status = TACH_OK;

    if (args->json || args->out)
        status = json_put("compare", args->out, aa_json(aa));
    if (!args->json || args->out)
        aa_print(stdout, aa);
    return status;
}

static int aa_compare(const struct compare_args *args)
{
    struct document *runs = calloc(2 * args->count, sizeof(*runs));
    struct run_paths paths;
    struct aa aa = {0};

    if (!runs)
        return TACH_INTERNAL;
    int status = run_paths_make(args->paths, args->count, &paths);
    for (size_t i = 0; !status && i < paths.count; i++)
        status = document_load_boots("compare", paths.all[i], &runs[i]);
    struct aa_input input = {
        runs, (const char *const *)paths.all, paths.count, args->splits, args->seed, judge_default};
    input.rule.matters = args->matters;
    if (!status)
        status = aa_make("compare", &input, &aa);
    if (!status)
        status = aa_say(args, &aa);
    aa_free(&aa);
    for (size_t i = 0; i < paths.count; i++)
        document_free(&runs[i]);
    run_paths_free(&paths);
    free(runs);
    return status;
}

int verb_compare(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        option_parse,
        "OLD NEW\nDIR\n--aa RUN...",
        "Name what got slower between two runs.\v"
        "OLD and NEW are directories of runs, or documents: ipc.json, ipc.ci.json, a baseline. DIR "
        "is a run of two sides. Instructions are exact: any difference is real, one boot is "
        "enough. Cycles are judged over the boots of both sides.\n\n"
        "Samples:\n"
        "  tach compare results/baseline.json results/run/first\n"
        "  tach compare results/run/two-sided --markdown\n"
        "  tach compare --aa results/run/first --out results/floor.json\n\n"
        "Exit codes: 0 nothing is worse, 1 regressed, 2 not comparable or inconclusive, 65 "
        "malformed, 66 missing, 73 cannot be written.",
        NULL,
        NULL,
        NULL};
    struct compare_args args = {.matters = judge_default.matters, .splits = 1000, .seed = 1};

    argv[0] = (char[]){"tach compare"};
    args.command = command_text(argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    const int status = args.aa ? aa_compare(&args) : sides_compare(&args);
    free(args.command);
    return status;
}

/* SPDX-License-Identifier: MIT
 * tach compare: names every figure that moved between two documents. Instruction counts are exact,
 * so any difference is real and no threshold exists; cycles are shown side by side and get no
 * verdict here, because one run does not say how much they vary. */
#include "bench/compare.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/figure.h"
#include "bench/table.h"
#include "bench/verbs.h"
#include "traces/say.h"

/* One metric of a figure that is compared by itself. */
static const struct measure {
    const char *name;
    size_t offset;
} metrics[] = {
    {"whole", offsetof(struct figure, whole)},
    {"kernel", offsetof(struct figure, kernel)},
    {"traps", offsetof(struct figure, traps)},
    {"cr3_writes", offsetof(struct figure, cr3_writes)},
    {"copied_bytes", offsetof(struct figure, copied_bytes)},
};

struct compare_args {
    const char *paths[2];
    bool json;
};

struct tally {
    json_t *list; /* NULL: plain text */
    size_t same, moved, lone;
};

static double metric_of(const struct figure *figure, const struct measure *metric)
{
    double number;

    memcpy(&number, (const char *)figure + metric->offset, sizeof(number));
    return number;
}

static const struct figure *figure_match(const struct document *in, const struct figure *like)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->figures[i].pti_on == like->pti_on && in->figures[i].boot == like->boot &&
            !strcmp(in->figures[i].cell, like->cell))
            return &in->figures[i];
    return NULL;
}

static bool moved(double old, double new)
{
    return figure_has(old) && figure_has(new) && fabs(old - new) > 1e-9 * fabs(old);
}

static void signed_text(double delta, char *out, size_t size)
{
    char text[32];

    number_text(fabs(delta), text, sizeof(text));
    snprintf(out, size, "%c%s", delta < 0 ? '-' : '+', text);
}

/* "guards +1, exit -2": where the whole's difference sits. */
static void phases_text(const struct figure *old, const struct figure *new, char *out, size_t size)
{
    size_t used = 0;
    char delta[40];

    out[0] = 0;
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        if (!moved(old->phase[i], new->phase[i]))
            continue;
        signed_text(new->phase[i] - old->phase[i], delta, sizeof(delta));
        used += (size_t)snprintf(out + used, size - used, "%s%s %s", used ? ", " : "",
                                 span_phase_name((enum phase)i), delta);
        if (used >= size)
            break;
    }
}

struct movement {
    const char *name, *metric, *phases;
    double old, new;
};

static void movement_json(const struct movement *m, json_t *list)
{
    json_array_append_new(
        list, json_pack("{so ss so so so so ss}", "name", json_text(m->name), "metric", m->metric,
                        "old", json_number(m->old), "new", json_number(m->new), "delta",
                        json_number(m->new - m->old), "percent",
                        json_number(m->old != 0 ? 100 * (m->new - m->old) / m->old : 0), "phases",
                        m->phases));
}

static void movement_print(const struct movement *m)
{
    char old[32], new[32], delta[40];

    number_text(m->old, old, sizeof(old));
    number_text(m->new, new, sizeof(new));
    signed_text(m->new - m->old, delta, sizeof(delta));
    say_name(stdout, m->name);
    printf("  %s  %s -> %s  %s", m->metric, old, new, delta);
    if (m->old != 0)
        printf("  (%+.2f %%)", 100 * (m->new - m->old) / m->old);
    printf(m->phases[0] ? "  in %s\n" : "\n", m->phases);
}

static void movement_say(const struct movement *m, struct tally *tally)
{
    tally->moved++;
    if (tally->list)
        movement_json(m, tally->list);
    else
        movement_print(m);
}

/* A figure that both have: a line for each metric that moved, or one for phases that moved alone.
 */
static void pair_compare(const struct figure *old, const struct figure *new, struct tally *tally)
{
    char name[FIGURE_NAME_MAX], phases[256];
    const size_t before = tally->moved;

    figure_name(old, name);
    phases_text(old, new, phases, sizeof(phases));
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        const double from = metric_of(old, &metrics[i]), to = metric_of(new, &metrics[i]);
        const struct movement m = {name, metrics[i].name, i == 0 ? phases : "", from, to};
        if (moved(from, to))
            movement_say(&m, tally);
    }
    const struct movement m = {name, "phases", phases, old->traced, new->traced};
    if (tally->moved == before && phases[0])
        movement_say(&m, tally);
    tally->same += tally->moved == before;
}

/* A figure that one side lacks is a difference too: it must not vanish in silence. */
static void lone_say(const struct figure *figure, const char *where, struct tally *tally)
{
    char name[FIGURE_NAME_MAX];

    tally->lone++;
    figure_name(figure, name);
    if (tally->list) {
        json_array_append_new(tally->list, json_pack("{so ss ss}", "name", json_text(name),
                                                     "metric", "presence", "only", where));
        return;
    }
    say_name(stdout, name);
    printf("  only in the %s\n", where);
}

static void documents_compare(const struct document sides[2], struct tally *tally)
{
    for (size_t i = 0; i < sides[0].count; i++) {
        const struct figure *new = figure_match(&sides[1], &sides[0].figures[i]);
        if (new)
            pair_compare(&sides[0].figures[i], new, tally);
        else
            lone_say(&sides[0].figures[i], "first", tally);
    }
    for (size_t i = 0; i < sides[1].count; i++)
        if (!figure_match(&sides[0], &sides[1].figures[i]))
            lone_say(&sides[1].figures[i], "second", tally);
}

json_t *documents_moved(const struct document sides[2])
{
    struct tally tally = {.list = json_array()};

    documents_compare(sides, &tally);
    return tally.list;
}

bool documents_comparable(const char *verb, const struct document sides[2])
{
    const bool class = strcmp(sides[0].class, sides[1].class) != 0;

    if (!class && !strcmp(sides[0].machine, sides[1].machine))
        return true;
    fprintf(stderr, "tach %s: figures of different %s are never compared: ", verb,
            class ? "classes" : "machines");
    say_name(stderr, class ? sides[0].class : sides[0].machine);
    fputs(" | ", stderr);
    say_name(stderr, class ? sides[1].class : sides[1].machine);
    fputc('\n', stderr);
    return false;
}

static int verdict_say(const struct document sides[2], const struct tally *tally)
{
    const bool exact = !strcmp(figure_unit(sides[0].class), "instructions");
    const bool equal = !tally->moved && !tally->lone;

    for (unsigned i = 0; i < 2; i++)
        if (strcmp(sides[i].complete, "yes"))
            fprintf(stderr, "tach compare: the %s is of a run of which not every boot passed\n",
                    i ? "second" : "first");
    if (tally->list)
        json_dumpf(tally->list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (tally->list)
        fputc('\n', stdout);
    else
        printf("%zu benchmarks equal, %zu figures moved, %zu on one side only\n", tally->same,
               tally->moved, tally->lone);
    if (exact)
        return equal ? TACH_OK : TACH_DIFFERENT;
    fprintf(stderr, "tach compare: %s vary from boot to boot, so these are no verdict\n",
            figure_unit(sides[0].class));
    return TACH_INCONCLUSIVE;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct compare_args *args = state->input;

    switch (key) {
    case 'j':
        args->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 2)
            argp_error(state, "two runs are compared, not more");
        args->paths[state->arg_num] = text;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 2)
            argp_error(state, "two runs are needed, the old one first");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int verb_compare(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', NULL, 0, "Print the differences as a JSON array", 0}, {0}};
    static const struct argp argp = {
        options,
        option_parse,
        "OLD NEW",
        "Name every figure that moved between two runs.\v"
        "OLD and NEW are directories of runs, or documents: ipc.json, ipc.ci.json, a baseline.\n\n"
        "Samples:\n"
        "  tach compare results/baseline.json results/run/first\n"
        "  tach compare results/run/first results/run/second --json\n\n"
        "Exit codes: 0 equal, 1 something moved, 2 not comparable or no verdict, 65 malformed, 66 "
        "missing.",
        NULL,
        NULL,
        NULL};
    struct compare_args args = {0};
    struct document sides[2] = {{.count = 0}};

    argv[0] = (char[]){"tach compare"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = document_load("compare", args.paths[0], &sides[0]);
    if (!status)
        status = document_load("compare", args.paths[1], &sides[1]);
    if (!status && !documents_comparable("compare", sides))
        status = TACH_INCONCLUSIVE;
    if (!status) {
        struct tally tally = {.list = args.json ? json_array() : NULL};
        documents_compare(sides, &tally);
        status = verdict_say(sides, &tally);
        json_decref(tally.list);
    }
    document_free(&sides[0]);
    document_free(&sides[1]);
    return status;
}

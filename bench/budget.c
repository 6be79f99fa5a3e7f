/* SPDX-License-Identifier: MIT
 * tach budget: holds a run against the instruction budget, route by route, beside what others need
 * for the like. Budgets and peers stand in one table here; a figure above its budget, or one that
 * was not measured, is never passed over. Of a run, or of captures as they came from the line. */
#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exits.h"
#include "bench/measure.h"
#include "bench/table.h"
#include "bench/verbs.h"
#include "traces/say.h"

#define FREE 0 /* no budget */

/* Instructions under icount; [0] isolation off, [1] on. A budget is what was measured when it was
 * set and about 5 % more, so that what does not belong there is seen. Peers: the same emulator, the
 * same way of counting. */
static const struct route {
    const char *title, *cell;
    int kernel[2], whole[2];
    const char *peers;
} routes[] = {
    {"R0 null system call", "R0", {8, 14}, {11, 17}, "seL4 kernel 86 / 97; Linux 6.1 whole 209"},
    {"D4 call + reply, 0 words",
     "D4/size:0/space:two",
     {100, 110},
     {117, 123},
     "seL4 kernel 404 / 424; Linux 6.1 futex whole 7,114"},
    {"D4 call + reply, 1 word", "D4/size:8/space:two", {100, 110}, {117, 123}, "as for 0 words"},
    {"D4 call + reply, 6 words",
     "D4/size:48/space:two",
     {93, 99},
     {117, 123},
     "seL4 446 at 4 words, 1,602 at 8; Linux 6.1 pipe 10,525"},
    {"T2 scheme read of 8 bytes",
     "T2/size:8",
     {110, 116},
     {150, 159},
     "what D4 needs, and the name"},
    {"R1 scheme read of 8 bytes",
     "R1/size:8",
     {78, 86},
     {88, 95},
     "Linux 6.1 tmpfs pread of a page whole 1,784"},
    {"notify a waiting thread", "notify", {84, 88}, {FREE, FREE}, "seL4 kernel 536"},
    {"page fault to a handler", "fault", {119, 132}, {FREE, FREE}, "seL4 kernel 588, one way"},
    {"pipe, 8 bytes and back", "pipe", {FREE, FREE}, {1000, 1010}, "Linux 6.1 pipe whole 10,525"},
    {"futex, two threads", "futex", {FREE, FREE}, {805, 820}, "Linux 6.1 whole 7,114"},
    {"chan, 8 bytes and back",
     "chan",
     {FREE, FREE},
     {1850, 1860},
     "Linux 6.1 unix stream of a page whole 21,794"},
    {"ram read of 64 bytes",
     "ram/size:64",
     {FREE, FREE},
     {200, 210},
     "Linux 6.1 tmpfs pread whole 1,335"},
    {"open + read + close", "open", {FREE, FREE}, {640, 655}, "Linux 6.1 tmpfs whole 7,064"},
    {"R1 by a module", "R1m/size:8", {FREE, FREE}, {88, 95}, "what R1 needs"},
};

struct budget_args {
    char **paths;
    size_t count;
};

struct budget_tally {
    unsigned above, missing;
};

/* One "measured/budget" column. */
static void column_print(const struct figure *figure, double number, int budget,
                         struct budget_tally *tally)
{
    char text[32] = "-", column[48];

    if (budget == FREE) {
        printf("%13s", "");
        return;
    }
    const bool there = figure && figure_has(number), above = there && number > budget;
    if (there)
        number_text(number, text, sizeof(text));
    snprintf(column, sizeof(column), "%s%s / %d", above ? "!" : "", text, budget);
    printf("%13s", column);
    tally->above += above;
    tally->missing += !there;
}

static void route_print(const struct route *route, const struct document *document,
                        struct budget_tally *tally)
{
    const struct figure *sides[2] = {document_find(document, route->cell, false),
                                     document_find(document, route->cell, true)};

    printf("%-25s", route->title);
    for (unsigned i = 0; i < 2; i++)
        column_print(sides[i], sides[i] ? sides[i]->kernel : 0, route->kernel[i], tally);
    for (unsigned i = 0; i < 2; i++)
        column_print(sides[i], sides[i] ? sides[i]->whole : 0, route->whole[i], tally);
    putchar('\n');
}

static int budget_print(const struct document *document)
{
    struct budget_tally tally = {0};

    printf("Instructions a round trip, measured / budget (! above), isolation off and on.\n"
           "kernel: from syscall to sysret, both crossings; whole: as the client sees it.\n\n"
           "%-25s%13s%13s%13s%13s\n",
           "route", "kernel off", "kernel on", "whole off", "whole on");
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        route_print(&routes[i], document, &tally);
    puts("\nPeers, counted the same way:");
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        printf("%-26s%s\n", routes[i].title, routes[i].peers);
    printf("\n%u above budget, %u not measured\n", tally.above, tally.missing);
    return tally.above ? TACH_DIFFERENT : tally.missing ? TACH_INCONCLUSIVE : TACH_OK;
}

/* Adds the figures of every boot of one capture. */
static int capture_add(const char *path, struct document *rows)
{
    struct capture capture;

    int status = say_load("budget", path, &capture);
    for (size_t i = 0; !status && i < capture.boot_count; i++) {
        const struct boot *boot = &capture.boots[i];
        if (!boot_whole(boot))
            say_error(0, "budget", path, "boot %08x did not arrive whole", boot->boot_id);
        if (!boot->hello.trace && measure_whole(boot, 0, rows))
            status = TACH_INTERNAL;
    }
    capture_free(&capture);
    return status;
}

static int captures_load(const struct budget_args *args, struct document *merged)
{
    struct document rows = {.class = "icount"};
    int status = TACH_OK;

    *merged = (struct document){.class = "icount"};
    for (size_t i = 0; !status && i < args->count; i++)
        status = capture_add(args->paths[i], &rows);
    if (!status && measure_merge(&rows, merged))
        status = TACH_INTERNAL;
    document_free(&rows);
    return status;
}

static bool is_capture(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && !strcmp(dot, ".frames");
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct budget_args *args = state->input;

    (void)text;
    switch (key) {
    case ARGP_KEY_ARGS:
        args->paths = state->argv + state->next;
        args->count = (size_t)(state->argc - state->next);
        if (args->count > 1 && !is_capture(args->paths[0]))
            argp_error(state, "one run, or several captures (*.frames)");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which run?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int verb_budget(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        option_parse,
        "RUN|CAPTURE.frames...",
        "Hold a run against the instruction budget.\v"
        "RUN is the directory of a run or one of its documents; captures are taken to be of class "
        "icount.\n\n"
        "Samples:\n"
        "  tach budget results/run/first\n"
        "  tach budget boot-1.frames boot-2.frames\n\n"
        "Exit codes: 0 within, 1 above, 2 something was not measured or not in instructions, 65 "
        "malformed, 66 missing.",
        NULL,
        NULL,
        NULL};
    struct budget_args args = {0};
    struct document document;

    argv[0] = (char[]){"tach budget"};
    argp_parse(&argp, argc, argv, 0, NULL, &args);
    int status = is_capture(args.paths[0]) ? captures_load(&args, &document)
                                           : document_load("budget", args.paths[0], &document);
    if (!status && strcmp(figure_unit(document.class), "instructions")) {
        status = say_error(TACH_INCONCLUSIVE, "budget", args.paths[0],
                           "the budget is in instructions, and its class counts cycles");
    } else if (!status) {
        status = budget_print(&document);
    }
    document_free(&document);
    return status;
}

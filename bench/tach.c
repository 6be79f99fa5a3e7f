/* SPDX-License-Identifier: MIT
 * Entry of the tach command: finds the verb in the table of bench/verbs.h and hands the rest of the
 * arguments over. Invariant: whatever a verb printed has reached its file, or the exit code says
 * that it has not. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/exits.h"
#include "bench/verbs.h"

struct verb {
    const char *name, *help;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
#define X(name, help) {#name, help, verb_##name},
    VERBS(X)
#undef X
};

static const struct {
    int value;
    const char *text;
} exits[] = {
#define X(name, value, text) {value, text},
    TACH_EXITS(X)
#undef X
};

static int help_print(FILE *out)
{
    fputs("Usage: tach VERB [ARGUMENTS]\n\n"
          "What does it cost to put a service somewhere? Tach measures it.\n\nVerbs:\n",
          out);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    fputs("\n`tach VERB --help` says more about each. Samples:\n"
          "  tach doctor\n"
          "  tach run --out results/run/first\n"
          "  tach compare results/baseline.json results/run/first\n"
          "  tach report results/run/first\n\nExit codes:\n",
          out);
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
        fprintf(out, "  %3d  %s\n", exits[i].value, exits[i].text);
    return TACH_OK;
}

/* Runs however the process ends, argp's own exits included. A full disk or a closed pipe shows only
 * when the last buffer is written; a verb's own complaint is worth more than this one. */
static void output_close(int status, void *unused)
{
    (void)unused;
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return;
    fprintf(stderr, "tach: standard output: %s\n",
            errno ? strerror(errno) : "not all of it was taken");
    if (status == TACH_OK || status == TACH_DIFFERENT)
        _exit(TACH_CANTCREATE);
}

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

static int help_asked(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

int main(int argc, char **argv)
{
    static char help[] = "--help", *help_argv[] = {NULL, help, NULL};

    argp_err_exit_status = TACH_USAGE;
    on_exit(output_close, NULL);
    if (argc < 2) {
        help_print(stderr);
        return TACH_USAGE;
    }
    if (help_asked(argv[1]) && argc < 3)
        return help_print(stdout);
    const int of_verb = help_asked(argv[1]);
    const struct verb *verb = verb_find(argv[1 + of_verb]);
    if (!verb) {
        fprintf(stderr, "tach: no verb of that name; `tach help` lists them\n");
        return TACH_USAGE;
    }
    if (of_verb) {
        help_argv[0] = argv[2];
        return verb->run(2, help_argv);
    }
    return verb->run(argc - 1, argv + 1);
}

/* SPDX-License-Identifier: MIT
 * Arguments and numbers of verbs; see bench/args.h. */
#include "bench/args.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/history/number.h"

error_t args_one(int key, char *text, struct argp_state *state, const char **slot, const char *what)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (*slot)
            argp_error(state, "%s: one %s, not more", text, what);
        *slot = text;
        return 0;
    case ARGP_KEY_END:
        if (!*slot)
            argp_error(state, "which %s?", what);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

double args_number(const struct argp_state *state, const char *text, double max)
{
    double number = 0;

    if (exact_parse(text, strlen(text), &number) || !(number > 0) || number > max)
        argp_error(state, "%s: not a number above 0 and up to %.0f", text, max);
    return number;
}

uint64_t args_whole(const struct argp_state *state, const char *text, uint64_t low, uint64_t high)
{
    uint64_t number = low;

    if (count_parse(text, strlen(text), high, &number) || number < low)
        argp_error(state, "%s: not a whole number from %" PRIu64 " to %" PRIu64, text, low, high);
    return number;
}

char *command_text(int argc, char *const *argv)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (int i = 0; out && i < argc; i++)
        fprintf(out, "%s%s", i ? " " : "", argv[i]);
    return out && !fclose(out) ? text : NULL;
}

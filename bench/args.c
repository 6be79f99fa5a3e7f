/* SPDX-License-Identifier: MIT
 * The one argument of a verb; see bench/args.h. */
#include "bench/args.h"

#include <stdio.h>

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

char *command_text(int argc, char *const *argv)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (int i = 0; out && i < argc; i++)
        fprintf(out, "%s%s", i ? " " : "", argv[i]);
    return out && !fclose(out) ? text : NULL;
}

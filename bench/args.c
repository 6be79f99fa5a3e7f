/* SPDX-License-Identifier: MIT
 * The one argument of a verb; see bench/args.h. */
#include "bench/args.h"

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

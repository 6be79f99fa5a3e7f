/* SPDX-License-Identifier: MIT
 * The one argument that most verbs take: a run, a capture. Called by the option parsers of verbs.
 */
#ifndef TACH_BENCH_ARGS_H
#define TACH_BENCH_ARGS_H

#include <argp.h>

/* The last resort of a verb's option parser: puts the only argument into *slot, NULL before, and
 * complains, as argp does, of a second one or of none; `what` is its name in the usage line
 * ("RUN"). Returns 0, or ARGP_ERR_UNKNOWN for keys that are not about arguments. */
error_t args_one(int key, char *text, struct argp_state *state, const char **slot,
                 const char *what);

/* The command as it was given, for whoever reads what it wrote: words with a space between them.
 * The caller's to free; NULL when memory ends. */
char *command_text(int argc, char *const *argv);

#endif

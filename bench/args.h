/* SPDX-License-Identifier: MIT
 * What the option parsers of verbs share: the one argument that most take (a run, a capture), and
 * numbers. Wrong input ends the process as argp does, with a line and the status of usage errors.
 */
#ifndef TACH_BENCH_ARGS_H
#define TACH_BENCH_ARGS_H

#include <argp.h>
#include <stdint.h>

/* The last resort of a verb's option parser: puts the only argument into *slot, NULL before, and
 * complains, as argp does, of a second one or of none; `what` is its name in the usage line
 * ("RUN"). Returns 0, or ARGP_ERR_UNKNOWN for keys that are not about arguments. */
error_t args_one(int key, char *text, struct argp_state *state, const char **slot,
                 const char *what);

/* A decimal number above 0 and up to max, which is printed whole. */
double args_number(const struct argp_state *state, const char *text, double max);

/* A whole number from low to high, below 10^19, as digits and nothing else. */
uint64_t args_whole(const struct argp_state *state, const char *text, uint64_t low, uint64_t high);

/* The command as it was given, for whoever reads what it wrote: words with a space between them.
 * The caller's to free; NULL when memory ends. */
char *command_text(int argc, char *const *argv);

#endif

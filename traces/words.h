/* SPDX-License-Identifier: MIT
 * Boot words, read back from a command line as the kernel reads them: of a word that stands there
 * twice the last one counts. Pure. Called by what reads captures, while they come and afterwards.
 */
#ifndef TACH_TRACES_WORDS_H
#define TACH_TRACES_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define WORDS_PARTS_MAX 999u

/* The value of the last word that begins with `name` ("bench="), and its length; NULL: none. */
const char *words_find(const char *cmdline, const char *name, size_t *length);

/* Whether the last such word has that value. */
bool words_is(const char *cmdline, const char *name, const char *value);

/* The numbers of part=K/N, 1 <= K <= N <= WORDS_PARTS_MAX. False, and both 0, without a good one.
 */
bool words_part(const char *cmdline, unsigned *part, unsigned *of);

#endif

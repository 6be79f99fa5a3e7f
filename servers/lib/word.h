/* SPDX-License-Identifier: MIT
 * Lines made of words with blanks between them: boot words, rc lines, console commands.
 * Invariant: pure; a word that does not fit its buffer is refused, never cut. */
#ifndef TACH_SERVERS_LIB_WORD_H
#define TACH_SERVERS_LIB_WORD_H

#include <stdbool.h>
#include <stdint.h>

/* Takes the next word of the line at *at into word[size] and moves *at past it. False: none is
 * left (then word is empty). A word of size bytes or more is left out: the one after it comes. */
bool word_next(const char **at, char *word, uint64_t size);

/* The value of the last word KEY=VALUE of the line, into value[size]. False: no such word. */
bool word_value(const char *line, const char *key, char *value, uint64_t size);

#endif

/* SPDX-License-Identifier: MIT
 * The boot words: which there are and what each may say. One that is unknown or malformed ends the
 * boot with its name: a run that measured something else than was asked for would be worse. */
#ifndef TACH_CORE_WORDS_H
#define TACH_CORE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* Checks the whole command line; ends the machine with EXIT_CMDLINE on the first bad word. */
void words_check(const char *cmdline);

/* Reads a value of n bytes of the word repeat=: off, on (10 s), or seconds from 1 to 3600. False:
 * it is none of these. *seconds 0: off. */
bool words_repeat(const char *value, uint64_t n, unsigned *seconds);

/* The seconds of a value of n bytes of the word limit=, 1 to 86400, or 0: it is none. */
unsigned words_limit(const char *value, uint64_t n);

/* Whether the service is to be linked: no word place.NAME says otherwise. */
bool words_place_linked(const char *name);

/* schemes=off: the kernel makes no scheme but debug:, and nobody else any. */
bool words_schemes_off(void);

#endif

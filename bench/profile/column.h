/* SPDX-License-Identifier: MIT
 * The last column of a listing, cut so that its line fits the terminal, or 100 columns where there
 * is none. Called by the tables of tach profile. */
#ifndef TACH_BENCH_PROFILE_COLUMN_H
#define TACH_BENCH_PROFILE_COLUMN_H

#include <stdio.h>

/* How many columns are left in a line of the stream in which so many are used; 10 at least. */
unsigned column_room(FILE *out, unsigned used);

/* Prints the text, its end cut off where it does not fit, and ends the line. */
void column_line(FILE *out, unsigned used, const char *text);

#endif

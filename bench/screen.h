/* SPDX-License-Identifier: MIT
 * How wide the reader's screen is. Called by the verbs that print lines of any length. */
#ifndef TACH_BENCH_SCREEN_H
#define TACH_BENCH_SCREEN_H

#include <stdio.h>

/* Columns of the terminal behind a stream; 0 where there is none, so that what programs read is
 * never broken. */
unsigned screen_width(FILE *stream);

/* Prints text in lines that fit, broken at spaces, each but the first indented by so many columns;
 * the first begins there. What is not plain ASCII is escaped. */
void screen_wrap(FILE *stream, unsigned indent, const char *text);

#endif

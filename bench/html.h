/* SPDX-License-Identifier: MIT
 * Pieces of the report's page. Invariant: the page is well-formed XML as well as HTML, refers to
 * nothing outside of itself, and no text from a document, a guest or a host reaches it unescaped.
 * Each number that stands for a figure carries the figure's name and member, so that a program can
 * hold the page against the JSON. Called by tach report. */
#ifndef TACH_BENCH_HTML_H
#define TACH_BENCH_HTML_H

#include <stdio.h>

#include "bench/chart.h"
#include "bench/figure.h"

/* Prints text with markup and bytes outside of printable ASCII escaped. */
void html_text(FILE *out, const char *text);

/* A cell of a table that shows one member of a figure; a dash where it is absent. */
void html_number(FILE *out, const struct figure *figure, const char *member, double number);

/* A cell with a difference, with its sign. */
void html_difference(FILE *out, const struct figure *from, const struct figure *to);

/* Prints a drawn chart with its colours made the page's own and its ids made unique; each form is
 * shown only in windows that it fits. */
void html_svg(FILE *out, enum chart chart, enum chart_form form, const char *svg);

/* The page up to its first section, style sheet included. */
void html_begin(FILE *out, const char *title);

/* Closes what html_begin opened. */
void html_end(FILE *out);

#endif

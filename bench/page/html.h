/* SPDX-License-Identifier: MIT
 * Pieces of the report's page. Invariant: the page is well-formed XML as well as HTML, refers to
 * nothing outside of itself, and no text from a document, a guest or a host reaches it unescaped.
 * Each number that stands for a figure carries the figure's name and member, so that a program can
 * hold the page against the JSON. Called by tach report. */
#ifndef TACH_BENCH_HTML_H
#define TACH_BENCH_HTML_H

#include <stdio.h>

#include "bench/chart/chart.h"
#include "bench/figure.h"

/* Prints text with markup and bytes outside of printable ASCII escaped. */
void html_text(FILE *out, const char *text);

/* Begins a section with its heading; both texts are ours, and the id is unique on the page. */
void html_section(FILE *out, const char *id, const char *title);
void html_section_end(FILE *out);

/* Links to the sections of a body that html_section began. */
void html_contents(FILE *out, const char *body);

/* Begins a table that scrolls inside of itself, by keys too; `heads` is its first row: columns
 * parted by '|', those of text begin with '<'. */
void html_table(FILE *out, const char *label, const char *heads);
void html_table_end(FILE *out);

/* A paragraph of small print; the text is ours and may hold markup. */
void html_note(FILE *out, const char *text);

/* A cell of a table that shows one member of a figure; a dash where it is absent. */
void html_number(FILE *out, const struct figure *figure, const char *member, double number);

/* A cell with the difference of two wholes, with its sign; `unit` names that member. */
void html_difference(FILE *out, const struct figure *from, const struct figure *to,
                     const char *unit);

/* The same of two figures that are there, its cell left open. */
void html_difference_begin(FILE *out, const struct figure *const sides[2], const char *unit);

/* The same for any member of two figures; a dash where one of them has it not. */
void html_change(FILE *out, const struct figure *const sides[2], const char *member, double delta);

/* Prints a drawn chart with its colours made the page's own and its ids made unique; each form is
 * shown only in windows that it fits. */
void html_svg(FILE *out, enum chart chart, enum chart_form form, const char *svg);

/* The page up to its first section, style sheet included. */
void html_begin(FILE *out, const char *title);

/* Closes what html_begin opened. */
void html_end(FILE *out);

#endif

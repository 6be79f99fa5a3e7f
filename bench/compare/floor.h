/* SPDX-License-Identifier: MIT
 * The floor of a machine: the shift that equal sides showed, cell by cell, as tach compare --aa
 * measured it. Below it nothing is a change. A file of floors is of one machine and one class.
 * Called by compare and gate. */
#ifndef TACH_BENCH_COMPARE_FLOOR_H
#define TACH_BENCH_COMPARE_FLOOR_H

#include <jansson.h>
#include <stddef.h>

#include "bench/figure.h"

#define FLOOR_SCHEMA 1
#define FLOOR_MAX    100.0 /* relative: no machine is that restless */

struct cell_floor {
    char name[FIGURE_NAME_MAX]; /* as figure_name gives it */
    double floor;               /* relative: 0.01 is 1 % */
};

struct floors {
    char class[FIGURE_CLASS_MAX], machine[256];
    double floor; /* relative: of a cell that was not measured, the largest of those that were */
    double rate;  /* upper bound of the false alarms of one comparison of equal sides */
    struct cell_floor *cells; /* sorted by name */
    size_t count;
};

/* Takes what --aa wrote. Returns NULL, or what is wrong. floors_free is due in either case. */
const char *floors_take(const json_t *root, struct floors *out);

/* Reads a file of it. Complains under the verb's name; returns an enum tach_exit. floors_free is
 * due when it is 0. */
int floors_load(const char *verb, const char *path, struct floors *out);
void floors_free(struct floors *floors);

/* Whether floors are of a document's machine and class; complains when not. */
bool floors_fit(const char *verb, const struct floors *floors, const struct document *document);

/* The floor of a figure: its own, else the machine's; `otherwise` where there are no floors. */
double floors_find(const struct floors *floors, const char *name, double otherwise);

#endif

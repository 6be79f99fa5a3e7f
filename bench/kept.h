/* SPDX-License-Identifier: MIT
 * What a run kept beside its documents: machine.json, and of each boot that passed the capture and
 * its traced calls. Invariant: a boot that failed is not here. A document without a run has none of
 * it, and count is 0. Called by tach report and tach plot. */
#ifndef TACH_BENCH_KEPT_H
#define TACH_BENCH_KEPT_H

#include <jansson.h>
#include <stdbool.h>

#include "kernel/abi/wire.h"
#include "traces/spans.h"

struct kept_boot {
    unsigned number; /* as in boot-K.frames */
    struct capture capture;
    const struct boot *boot; /* the one in the capture */
    struct span_table spans; /* of a boot with tracing */
};

struct kept {
    json_t *machine; /* machine.json; NULL: not there */
    struct kept_boot *boots;
    size_t count;
};

/* Loads what a run's directory holds; nothing where path is a file. Complains under the verb's
 * name; returns an enum tach_exit. kept_free is due in any case. */
int kept_load(const char *verb, const char *path, struct kept *out);

/* Frees what was loaded and makes it empty. */
void kept_free(struct kept *kept);

/* The entries of one histogram, merged over all untraced boots of that isolation, rising; *count
 * says how many. NULL where there are none, or memory ends; else the caller's to free. */
struct wire_hist_entry *kept_histogram(const struct kept *kept, const char *cell, bool pti_on,
                                       size_t *count);

/* The first boot with tracing whose isolation is that and which has calls of the cell: *span is the
 * cell in its table. NULL where there is none. */
const struct kept_boot *kept_traced(const struct kept *kept, const char *cell, bool pti_on,
                                    const struct span_cell **span);

#endif

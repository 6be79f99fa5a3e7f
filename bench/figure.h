/* SPDX-License-Identifier: MIT
 * Figures: what one cell costs at one point of the axes, and the documents that hold them (a run's
 * ipc.json and ipc.ci.json, results/baseline.json), in Google Benchmark's JSON form. Invariant: no
 * figure is NaN or infinite; a document read back holds the same figures that were written. Values
 * are per call, in the unit of the class: instructions under icount, cycles on hardware. */
#ifndef TACH_BENCH_FIGURE_H
#define TACH_BENCH_FIGURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/matrix.h"
#include "traces/spans.h"

#define FIGURE_SUITE     "ipc"
#define FIGURE_NAME_MAX  64u
#define FIGURE_CLASS_MAX 16u
#define FIGURES_MAX      65536u

/* The directories of a run of two sides; each of them is a run of its own (bench/keep.h). */
#define RUN_SIDES 2u
extern const char *const run_sides[RUN_SIDES]; /* "base", "head" */

/* X(member of struct figure, member of the JSON row): numbers that may be absent from a row. */
#define FIGURE_EXTRAS(X)                                                                           \
    X(kernel, "kernel")                                                                            \
    X(traced, "traced_whole")                                                                      \
    X(stamps, "stamps")                                                                            \
    X(stamp_cost, "stamp_cost")                                                                    \
    X(residue, "residue")                                                                          \
    X(traps, "traps")                                                                              \
    X(cr3_writes, "cr3_writes")                                                                    \
    X(copied_bytes, "copied_bytes")                                                                \
    X(empty, "empty_region")                                                                       \
    X(calls, "calls_per_region")                                                                   \
    X(min, "region_min")                                                                           \
    X(p50, "region_p50")                                                                           \
    X(p99, "region_p99")                                                                           \
    X(p999, "region_p999")                                                                         \
    X(max, "region_max")                                                                           \
    X(mode, "region_mode")                                                                         \
    X(pmu_ticks, "pmu_ticks")                                                                      \
    X(pmu_cycles, "pmu_cycles")                                                                    \
    X(pmu_instructions, "pmu_instructions")                                                        \
    X(pmu_dtlb_walks, "pmu_dtlb_walks")                                                            \
    X(pmu_l1d_misses, "pmu_l1d_misses")

/* An absent number is FIGURE_ABSENT. */
#define FIGURE_ABSENT (-1e300)

struct figure {
    char cell[MATRIX_NAME_MAX + 1]; /* "D4/size:64/space:two" */
    bool pti_on;
    double whole; /* the empty region is taken off */
    double samples;
    double ns;            /* the whole in nanoseconds, for other people's tools */
    unsigned boot, boots; /* this row's boot from 0, of how many; the merged row has boot 0 */
#define X(member, json) double member;
    FIGURE_EXTRAS(X)
#undef X
    double phase[PHASE_COUNT];
};

/* A document: facts of the machine and figures in the order of the matrix. */
struct document {
    char class[FIGURE_CLASS_MAX];
    char machine[256];  /* figures of different machines are never compared */
    char complete[8];   /* "yes" or "no": whether every boot passed */
    json_t *context;    /* owned; all other facts */
    const json_t *host; /* borrowed: the host's own baselines, for the charts; NULL: none */
    struct figure *figures;
    size_t count;
};

/* Behind the name of a cell: isolation with PCID, where that is an axis of its own. Such a figure
 * has pti_on, and stands beside the cell's own as another. */
#define FIGURE_PCID "/pcid"

/* The name that the guest knows a figure's cell by; returns whether it is one of PCID's. */
bool figure_plain(const char *cell, char out[MATRIX_NAME_MAX + 1]);

/* Whether a number that may be absent is there. */
bool figure_has(double number);

/* A figure with every number absent. */
struct figure figure_empty(void);

/* Whether the traced call ran another path than the untraced one. Where both ran the same, tracing
 * adds its stamps and at most an instruction for each trap and CR3 write that the kernel counts; a
 * residue more than one stamp outside of that is the difference of two paths. False where the
 * figure was not traced. */
bool figure_paths_differ(const struct figure *figure);

/* "ipc/D4/size:64/space:two/pti:on" */
void figure_name(const struct figure *figure, char out[FIGURE_NAME_MAX]);

/* "instructions" or "cycles", by class. */
const char *figure_unit(const char *class);

/* Whether a class measures: counts instructions, or cycles of hardware. False for what merely
 * works. */
bool figure_measured(const char *class);

/* Text as JSON, its bytes outside of printable ASCII as \xNN: never NULL for lack of UTF-8. */
json_t *json_text(const char *text);

/* A whole number as an integer, else a real; what is not finite becomes 0. */
json_t *json_number(double number);

/* The row of a figure; family is its place in the matrix. NULL when memory ends. */
json_t *figure_row(const struct figure *figure, const char *class, size_t family);

/* Reads a document from a file, or from the run in a directory. Complains under the verb's name.
 * Returns an enum tach_exit; document_free is due when it is 0. */
int document_load(const char *verb, const char *path, struct document *out);

/* The same with a row a boot (member `boot`): a run's ipc.json, or a document of that kind. Rows of
 * boots that did not pass are not among them. */
int document_load_boots(const char *verb, const char *path, struct document *out);

/* Whether a directory holds both sides of a run; their paths are PATH/base and PATH/head. */
bool run_is_pair(const char *path);

/* Writes context and figures to a file, a row a line. Returns an enum tach_exit. */
int document_write(const char *verb, const char *path, const struct document *document);

/* The same to an open stream; the caller closes it and checks. 0, or -1 when memory ends. */
int document_print(FILE *out, const struct document *document);

/* The first figure of that cell, or NULL. */
const struct figure *document_find(const struct document *document, const char *cell, bool pti_on);

/* Frees what a document owns and makes it empty; fine for one that is. */
void document_free(struct document *document);

#endif

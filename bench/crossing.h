/* SPDX-License-Identifier: MIT
 * The crossing model over the cells of a document: what one trap, one trap into C, one CR3 write,
 * one copied byte, a record and a mapping cost, isolation off and on together. Invariant: only
 * cells whose counts the kernel gave are in it, each with what the model says of it. Called by the
 * verb model and by the report. */
#ifndef TACH_BENCH_CROSSING_H
#define TACH_BENCH_CROSSING_H

#include "bench/figure.h"
#include "bench/judge/model.h"

/* X(name of the term, what it counts): the columns of the fit. */
#define CROSSING_TERMS(X)                                                                          \
    X(constant, "a round trip that does nothing: the client's stubs")                              \
    X(traps, "each entry of the kernel and its way out")                                           \
    X(c_path, "a call that goes through C at all")                                                 \
    X(c_traps, "each entry of such a call, beyond the price above")                                \
    X(cr3_writes, "each write of CR3, and the code around it")                                     \
    X(copies, "a payload copied at all, beyond its pages and bytes")                               \
    X(bytes, "each byte that the kernel copies")                                                   \
    X(copied_pages, "each page that a copy walks, on each side")                                   \
    X(requests, "a scheme's request and its answer, in C")                                         \
    X(mappings, "a payload mapped into the server and taken away")                                 \
    X(mapped_pages, "each page of such a mapping")

enum crossing_term {
#define X(name, meaning) CROSSING_##name,
    CROSSING_TERMS(X)
#undef X
        CROSSING_COUNT
};

/* A cell that the model does not explain: off by more than this many standard deviations. */
#define CROSSING_ODD 2.0

struct crossing_cell {
    const struct figure *figure; /* borrowed from the document */
    double fitted, residual;     /* residual: measured - fitted */
    bool odd;
};

struct crossing {
    struct model model;
    struct crossing_cell *cells; /* the worst explained first */
    size_t count, odd;
};

/* Fits a document. Returns 0; -1 when it has too few cells with counts, or memory ends.
 * crossing_free is due in both cases. */
int crossing_fit(const struct document *document, struct crossing *out);
void crossing_free(struct crossing *crossing);

/* What a term counts. */
const char *crossing_meaning(enum crossing_term term);

#endif

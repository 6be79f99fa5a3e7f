/* SPDX-License-Identifier: MIT
 * The sections of the report's page, in the order in which a reader asks: the answer, the reasons,
 * the evidence, how to do it again. Each prints its figure (already drawn as SVG text, or NULL) and
 * the tables with the same numbers. Called by bench/report.c only. */
#ifndef TACH_BENCH_PAGE_REPORT_H
#define TACH_BENCH_PAGE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/beside.h"
#include "bench/chart/chart.h"
#include "bench/compare.h"
#include "bench/compare/floor.h"

/* The drawings of a chart that the page holds: one for wide windows, one for narrow ones. */
#define REPORT_FORMS 2u
extern const enum chart_form report_forms[REPORT_FORMS];

/* All that the page is made of. */
struct report {
    const struct document *document;
    const struct document *rows; /* a row a boot; NULL: not there */
    const char *source;          /* the path that it was read from */
    char *svgs[CHART_COUNT][REPORT_FORMS];
    const struct kept *kept;             /* what the run kept; empty for a document alone */
    const json_t *machine;               /* of kept; NULL: not there */
    const json_t *plan;                  /* run.json; NULL: not there */
    const struct comparison *comparison; /* with an earlier run; NULL: not asked */
    const char *foreign;                 /* what it cannot be compared with; NULL: nothing */
    const struct floors *floors;         /* of this machine; NULL: not given */
    const struct past *past;             /* the history, of the run's class; NULL: not asked */
    const struct past *counted;          /* of class icount, where the run's is another; or NULL */
    const struct beside *beside;         /* a run of another machine that counts; NULL: none */
    const char *digest;                  /* names the run in the history; "": no document */
    const json_t *host; /* Google Benchmark document of the host's own baselines; NULL: not given */
};

/* What a table needs notes for; ours to fill by report_pair, and to print by report_marks. */
#define MARKS_MAX 32u
struct marks {
    const struct figure *fraction[MARKS_MAX], *less[MARKS_MAX];
    unsigned fractions, lesses;
};

/* Three cells: isolation off, on, and what it adds. A side may be NULL. */
void report_pair(FILE *out, const struct report *report, const struct figure *sides[2],
                 struct marks *marks);

/* Whether the class counts instructions, so that one boot tells all. */
bool report_exact(const struct report *report);

/* The 99 % interval of a difference over the boots of both sides; false where the class is exact,
 * or where there are too few boots for one. A side may be NULL. */
bool report_interval(const struct report *report, const struct figure *const sides[2],
                     double interval[2]);

/* The notes, by cell; nothing where none is due. */
void report_marks(FILE *out, const struct marks *marks);

/* How many figures moved, as an item of the answers. */
void report_moved(FILE *out, const struct report *report);

/* The table of what moved; nothing where nothing did. */
void report_moved_table(FILE *out, const struct report *report);

/* The heading, and what the page is of. */
void report_title(FILE *out, const struct report *report);

/* The first screen: what routing and isolation cost, what moved, what can be believed. */
void report_answer(FILE *out, const struct report *report);

/* One operation by placement, route and isolation, each step named. */
void report_placement(FILE *out, const struct report *report);

/* The like on Linux, counted on the same emulator. */
void report_beside(FILE *out, const struct report *report);

/* A second machine that counts: what both say of each cell; isolation with PCID. */
void report_machines(FILE *out, const struct report *report);

/* Whether both machines agree: a sentence for the answers; nothing where there is no second one. */
void report_agreement(FILE *out, const struct report *report);

/* A crowded machine. */
void report_growth(FILE *out, const struct report *report);

/* What each mitigation adds. */
void report_mitigations(FILE *out, const struct report *report);

/* Interrupts, and services that move. */
void report_events(FILE *out, const struct report *report);

/* Cost against payload, its crossovers and its step; then each rung as a difference. */
void report_payload(FILE *out, const struct report *report);

/* Both ladders at every payload, each step a difference with its reason. Part of the payloads. */
void report_steps(FILE *out, const struct report *report);

/* The rungs, with the kernel's counts beside what they must be. */
void report_ladder(FILE *out, const struct report *report);

/* How single regions spread: distribution functions and percentiles. */
void report_spread(FILE *out, const struct report *report);

/* One traced call from stamp to stamp. */
void report_waterfall(FILE *out, const struct report *report);

/* The phases of a call, and what tracing adds to it. */
void report_phases(FILE *out, const struct report *report);

/* The crossing model: what a trap, a CR3 write, a byte cost. */
void report_model(FILE *out, const struct report *report);

/* What the CPU's own counters say; nothing where there are none. */
void report_counters(FILE *out, const struct report *report);

/* Warm-up and drift. */
void report_steady(FILE *out, const struct report *report);

/* Of the first screen: what of the host speaks against its cycles, or why there are none. */
void report_doubts(FILE *out, const struct report *report);

/* What the boots were given of the host; nothing where nobody looked. */
void report_host(FILE *out, const struct report *report);

/* What each boot measured of the machine itself. */
void report_calibration(FILE *out, const struct report *report);

/* What other systems need: on the emulator, and on this host where that was given. */
void report_peers(FILE *out, const struct report *report);

/* The last runs of the history, and what changed among them. */
void report_history(FILE *out, const struct report *report);

/* A sentence about it for the answers; nothing where there is none of this machine. */
void report_lately(FILE *out, const struct report *report);

/* The facts, images and command lines of the run, and how to run it again. */
void report_provenance(FILE *out, const struct report *report);

/* Of a run made of captures: whether it is one, whether they lack anything, which they are, and the
 * section about them, which else is not there. */
bool report_is_received(const struct report *report);
bool report_lacks(const struct report *report);
void report_origin(FILE *out, const struct report *report);
void report_received(FILE *out, const struct report *report);

/* Writes the page that lists the runs of a directory. Returns an enum tach_exit. */
int report_index(const char *directory, const char *path);

/* Shows a page in the user's browser, which goes on by itself. Returns an enum tach_exit after a
 * line that names the page: TACH_UNAVAILABLE where there is no browser. */
int report_open(const char *path);

/* A chart with its caption, or a line that says that nothing of it was measured. */
void report_figure(FILE *out, const struct report *report, enum chart chart, const char *caption);

#endif

/* SPDX-License-Identifier: MIT
 * The sections of the report's page, in the order in which a reader asks: the answer, the reasons,
 * the evidence, how to do it again. Each prints its figure (already drawn as SVG text, or NULL) and
 * the tables with the same numbers. Called by bench/report.c only. */
#ifndef TACH_BENCH_REPORT_H
#define TACH_BENCH_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/chart.h"

/* All that the page is made of. */
struct report {
    const struct document *document;
    const char *source; /* the path that it was read from */
    char *svgs[CHART_COUNT];
    json_t *machine; /* machine.json of the run; NULL: not there */
    json_t *moved;   /* what compare found against `against`; NULL: not asked */
    const char *against;
    json_t *host; /* Google Benchmark document of the host's own baselines; NULL: not given */
};

void report_answer(FILE *out, const struct report *report);
void report_payload(FILE *out, const struct report *report);
void report_ladder(FILE *out, const struct report *report);
void report_phases(FILE *out, const struct report *report);
void report_calibration(FILE *out, const struct report *report);
void report_peers(FILE *out, const struct report *report);
void report_provenance(FILE *out, const struct report *report);

/* A chart with its caption, or a line that says that nothing of it was measured. */
void report_figure(FILE *out, const struct report *report, enum chart chart, const char *caption);

#endif

/* SPDX-License-Identifier: MIT
 * What the files of bench/compare share among themselves and with the gate: the steps of a
 * comparison, and the texts that all its prints use. Nobody else includes it. */
#ifndef TACH_BENCH_COMPARE_PARTS_H
#define TACH_BENCH_COMPARE_PARTS_H

#include "bench/compare.h"

/* Corrects the verdicts of each family of metrics (wholes, kernels, phases) by Holm, then gives
 * every figure its verdict and reading and counts them. Returns 0, or -1 when memory ends. */
int families_judge(struct comparison *comparison);

/* Says of each figure that moved which counts and phases moved with it, with the price of a count
 * by the crossing model of the base. Returns 0, or -1 when memory ends. */
int causes_find(struct comparison *comparison);

/* Whether a metric is there, and improved or regressed. */
bool metric_moved(const struct compared_metric *metric);

/* A fact of a document's context that is a text; "" where it is none or does not fit. */
void fact_copy(const json_t *context, const char *name, char *out, size_t size);

/* "+1", "-0.25": with its sign, without a needless fraction. */
void signed_text(double delta, char *out, size_t size);

/* "[+1.2 %, +2.3 %] p 0.001", and of an undecided one what these boots find and how many more it
 * takes; "" of an exact one. */
void metric_evidence(const struct compared_metric *metric, char *out, size_t size);

/* Text that stays text in Markdown: nothing of it is markup, a link or a mention. */
void markdown_text(FILE *out, const char *text);

/* Writes JSON to a file, or to stdout where path is NULL, and gives it up; NULL is lack of memory.
 * Returns an enum tach_exit. */
int json_put(const char *verb, const char *path, json_t *json);

/* "12 -> 13" */
void values_text(const struct judgement *judged, char *out, size_t size);

/* "2 regressed, 1 improved, ...", one line. */
void summary_text(const struct comparison *comparison, char *out, size_t size);

#endif

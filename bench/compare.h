/* SPDX-License-Identifier: MIT
 * The comparison of two sides of a measurement: the struct that tach compare, tach gate and the
 * report print. Invariants: counts (instructions under icount, traps, CR3 writes, copied bytes) are
 * exact and have no threshold; everything else is judged over boots by bench/judge/judge.h; no
 * number in it is NaN or infinite. Called by compare, gate and the report. */
#ifndef TACH_BENCH_COMPARE_H
#define TACH_BENCH_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/compare/floor.h"
#include "bench/figure.h"
#include "bench/judge/judge.h"

#define COMPARE_SCHEMA    1 /* of comparison_json */
#define COMPARE_CAUSE_MAX 192u

/* X(member of struct figure): the metrics of a figure, in the order in which they are told; the
 * phases of one traced call follow them. */
#define COMPARE_METRICS(X) X(whole) X(kernel) X(traps) X(cr3_writes) X(copied_bytes)

enum metric {
#define X(name) METRIC_##name,
    COMPARE_METRICS(X)
#undef X
        METRIC_PHASE, /* + enum phase */
    METRIC_COUNT = METRIC_PHASE + PHASE_COUNT
};

/* "whole", "cr3_writes", "phase_guards": the names of the rows' members. */
const char *metric_name(enum metric metric);

/* One metric on both sides. An exact one fills the judgement too: low and high are the shift, p is
 * 0 where it moved and 1 where it did not, and any difference is improved or regressed. */
struct compared_metric {
    bool there; /* both sides have it; else the rest is zero */
    bool exact;
    struct judgement judged;
};

/* Which of instructions and cycles moved, where both are known. */
enum reading {
    READING_NONE,    /* one of them is not known, or cycles are inconclusive */
    READING_BOTH,    /* the path changed */
    READING_ICOUNT,  /* the path changed, and is free here */
    READING_CYCLES,  /* layout, caches, TLB or noise: more boots before blame */
    READING_NEITHER, /* pass */
    READING_COUNT
};

/* "both", and its meaning in a sentence; "" for READING_NONE. */
const char *reading_name(enum reading reading);
const char *reading_text(enum reading reading);

enum compared_on { ON_BOTH, ON_BASE_ONLY, ON_HEAD_ONLY };

/* One cell at one isolation. */
struct compared {
    char name[FIGURE_NAME_MAX]; /* "ipc/D4/size:0/space:two/pti:on", bytes as they came: escape */
    char cell[MATRIX_NAME_MAX + 1];
    bool pti_on;
    enum compared_on on; /* a figure that one side lacks must not vanish in silence */
    struct compared_metric metrics[METRIC_COUNT];
    double floor;         /* relative, of this cell: what equal sides showed; 0: not known */
    enum verdict verdict; /* regressed when whole or a count is; else improved when one is */
    bool moved;           /* any metric is improved or regressed, phases included; or lone */
    enum reading reading;
    struct compared_metric instructions; /* of the companion under icount; exact */
    char cause[COMPARE_CAUSE_MAX];       /* "traps +1, guards +12"; printable ASCII; "" nothing */
};

/* What is said of a side beside its figures. */
struct compared_side {
    const char *path;  /* borrowed */
    size_t boots;      /* the most that any figure has */
    size_t excluded;   /* boots that were measured and left out */
    bool complete;     /* every boot passed */
    char kernel[68];   /* sha256 of the kernel's image; "" unknown */
    char revision[64]; /* of the sources, where the run knows it; "" unknown */
};

struct comparison {
    char class[FIGURE_CLASS_MAX], machine[256];
    bool exact; /* the class counts instructions: one boot is enough */
    struct judge_rule rule;
    struct compared_side sides[2]; /* base, head */
    struct compared *figures;      /* in the order of the matrix, those of one side last */
    size_t count;
    size_t verdicts[VERDICT_COUNT]; /* figures that both have */
    size_t moved, lone[2];          /* lone: only in the base, only in the head */
};

/* What a comparison is made of; documents have a row a boot (document_load_boots) or one merged
 * row, all borrowed until comparison_make has returned. */
struct comparison_input {
    const struct document *sides[2];
    const char *paths[2];
    const struct document *exact[2]; /* the companion under icount; NULL: none */
    const struct floors *floors;     /* of this machine, a floor a cell; NULL: rule.floor for all */
    struct judge_rule rule;
};

/* Whether two documents may be compared at all; complains under the verb's name when not. */
bool documents_comparable(const char *verb, const struct document sides[2]);

/* Compares. Returns 0, or -1 when memory ends; comparison_free is due in both cases. */
int comparison_make(const struct comparison_input *input, struct comparison *out);
void comparison_free(struct comparison *comparison);

/* The verdict of all: regressed when one is or a figure vanished; else inconclusive when one is or
 * nothing was compared; else improved when one is; else equivalent. */
enum verdict comparison_verdict(const struct comparison *comparison);

/* The same as an enum tach_exit: 0 none is worse, 1 regressed, 2 inconclusive. */
int comparison_exit(const struct comparison *comparison);

/* Figures that moved, the worst first: those that regressed and vanished by percent, then the
 * inconclusive, the improved, the rest. A fresh array of comparison->count pointers; NULL when
 * memory ends. */
const struct compared **comparison_order(const struct comparison *comparison);

/* The document of --json: members stay as they are within one COMPARE_SCHEMA.
 *   tach_compare, class, machine, unit, exact, verdict, exit
 *   rule {matters, floor, alarm, confidence, family, power}
 *   sides [{path, boots, excluded, complete, kernel, revision}] of base and head
 *   counts {regressed, improved, equivalent, inconclusive, moved, only_base, only_head}
 *   figures [{name, cell, pti, on, verdict, moved, reading, cause, floor,
 *     metrics {NAME: {exact, verdict, base, head, shift, percent, low, high, percent_low,
 *              percent_high, p, p_holm, noise, detectable, boots [2], boots_more}},
 *     instructions {the same} where there is a companion}]
 * Metrics that a side lacks are absent. NULL when memory ends. */
json_t *comparison_json(const struct comparison *comparison);

/* The table for people: the worst first, equal figures only counted unless `all`. Colours and width
 * are of the stream. Returns 0, or -1 when memory ends. */
int comparison_print(FILE *out, const struct comparison *comparison, bool all);

/* The text for a merge request: verdict, what moved, the rest folded, machine, class, boots, floor;
 * command: how it was made, or NULL. Names are escaped for GitHub's and GitLab's Markdown. Returns
 * 0, or -1 when memory ends. */
int comparison_markdown(FILE *out, const struct comparison *comparison, const char *command);

#endif

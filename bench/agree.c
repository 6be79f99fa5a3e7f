/* SPDX-License-Identifier: MIT
 * What two machines that count must differ by; see bench/agree.h. */
#include "bench/agree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES    4096
#define IBPB_COUNT    8 /* two switches a round trip, four instructions each */
#define SAME_DISTANCE 1e-6
#define MOVE_SHARE    0.005 /* of a move: the most that free memory makes of it */

/* REP instructions with at least one turn on the path of a rung, by payload: one for each piece of
 * a copy between spaces, which ends where either side's page does; a server's reads begin within a
 * page, so each page of theirs is two pieces. Routes by records copy these too, and T0 clears
 * tables of pages, and a page more where the payload fills none. */
static const struct rep_rule {
    const char *rungs; /* each with a blank before and behind */
    long from, to;     /* bytes of payload */
    int fixed, per_page;
} rep_rules[] = {
    {" R1 R1m ram ", 41, MATRIX_SIZE_MAX, 0, 1},
    {" D0 D1 D2 D3 D4 ", 49, MATRIX_SIZE_MAX, 0, 1},
    {" T2 ", 41, MATRIX_SIZE_MAX, 0, 2},
    {" T0 ", 0, PAGE_BYTES - 1, 14, 0},
    {" T0 ", PAGE_BYTES, MATRIX_SIZE_MAX, 11, 1},
    {" T0c ", 0, 40, 7, 0},
    {" T0c ", 41, 512, 8, 0},
    {" T0c ", 513, MATRIX_SIZE_MAX, 7, 2},
    {" T1 T1h ", 0, 40, 8, 0},
    {" T1 T1h ", 41, 512, 7, 0},
    {" T1 T1h ", 513, MATRIX_SIZE_MAX, 6, 2},
    {" open ", 0, 0, 1, 0},
};

/* Whether a cell's rung is one of a list. */
static bool rung_among(const char *cell, const char *rungs)
{
    char rung[MATRIX_NAME_MAX + 3];

    snprintf(rung, sizeof(rung), " %.*s ", (int)strcspn(cell, "/"), cell);
    return strstr(rungs, rung) != NULL;
}

static long reps_of(const char *cell)
{
    const char *word = strstr(cell, "/size:");
    const long size = word ? strtol(word + strlen("/size:"), NULL, 10) : 0;

    for (size_t i = 0; i < sizeof(rep_rules) / sizeof(rep_rules[0]); i++) {
        const struct rep_rule *rule = &rep_rules[i];
        if (rung_among(cell, rule->rungs) && size >= rule->from && size <= rule->to)
            return rule->fixed + rule->per_page * ((size + PAGE_BYTES - 1) / PAGE_BYTES);
    }
    return 0;
}

/* What Bochs counts less, by rule, and why. */
static struct agreement agree_expected(const char *cell)
{
    if (rung_among(cell, " fault "))
        return (struct agreement){AGREE_fault, 0, -1};
    if (strstr(cell, "/mitig:all") && rung_among(cell, " T2 D4 "))
        return (struct agreement){AGREE_ibpb, 0, reps_of(cell) - IBPB_COUNT};
    const long reps = reps_of(cell);
    return (struct agreement){reps ? AGREE_rep : AGREE_none, 0, reps};
}

/* Whether a figure's call, the empty region with it, is longer than its shortest one. */
static bool figure_spreads(const struct figure *figure)
{
    return figure->whole * figure->calls + figure->empty > figure->min + SAME_DISTANCE;
}

/* Whether the shortest calls of both can be compared. */
static bool shortest_there(const struct figure *qemu, const struct figure *bochs)
{
    return figure_has(qemu->min) && figure_has(bochs->min) && figure_has(qemu->empty) &&
           figure_has(bochs->empty) && figure_has(qemu->calls) &&
           fabs(qemu->calls - bochs->calls) < SAME_DISTANCE;
}

/* A move's count is not the machine's alone: QEMU gives the very counts of Bochs, and others, by
 * the cells that come before. */
static enum agree_cause move_judge(const struct agreement *agreement, double whole)
{
    if (fabs(agreement->difference) < SAME_DISTANCE)
        return AGREE_none;
    return fabs(agreement->difference) <= MOVE_SHARE * whole ? AGREE_memory : AGREE_unknown;
}

struct agreement agree_judge(const struct figure *qemu, const struct figure *bochs)
{
    struct agreement agreement = agree_expected(qemu->cell);
    const double expected = (double)agreement.expected;

    agreement.difference = qemu->whole - bochs->whole;
    if (rung_among(qemu->cell, " move ")) {
        agreement.cause = move_judge(&agreement, qemu->whole);
        return agreement;
    }
    if (fabs(agreement.difference - expected) < SAME_DISTANCE)
        return agreement;
    if (shortest_there(qemu, bochs) && (figure_spreads(qemu) || figure_spreads(bochs)) &&
        fabs(qemu->min - bochs->min - expected * qemu->calls) < SAME_DISTANCE)
        agreement.cause = AGREE_interrupt;
    else
        agreement.cause = AGREE_unknown;
    return agreement;
}

const char *agree_meaning(enum agree_cause cause)
{
    static const char *const meanings[AGREE_COUNT] = {
#define X(name, text) text,
        AGREE_CAUSES(X)
#undef X
    };

    return meanings[cause];
}

void agree_text(const struct agreement *agreement, char *out, size_t size)
{
    const long reps = agreement->expected;

    switch (agreement->cause) {
    case AGREE_rep:
        snprintf(out, size, "%ld REP instruction%s", reps, reps == 1 ? "" : "s");
        break;
    case AGREE_fault:
        snprintf(out, size, "the access that faults");
        break;
    case AGREE_ibpb:
        snprintf(out, size, "IBPB, which QEMU's CPU lacks");
        break;
    case AGREE_interrupt:
        snprintf(out, size,
                 reps ? "interrupts; %ld REP instructions in the shortest calls"
                      : "interrupts; the shortest calls are equal",
                 reps);
        break;
    case AGREE_memory:
        snprintf(out, size, "how free memory lies");
        break;
    case AGREE_unknown:
        if (reps)
            snprintf(out, size, "unexplained: %ld less would be", reps);
        else
            snprintf(out, size, "unexplained");
        break;
    default:
        out[0] = 0;
    }
}

/* SPDX-License-Identifier: MIT
 * What the gate finds in exact figures: against the committed baseline, and against the base. See
 * bench/gate/gate.h. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/gate/gate.h"
#include "traces/say.h"

void gate_find(struct gate *gate, const struct finding *finding, const char *format, ...)
{
    va_list list;

    if (gate->count == GATE_FINDINGS)
        abort(); /* more kinds of findings than the array was made for */
    struct finding *to = &gate->findings[gate->count++];
    *to = *finding;
    va_start(list, format);
    vsnprintf(to->text, sizeof(to->text), format, list);
    va_end(list);
    for (char *at = to->text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

int gate_exit(const struct gate *gate)
{
    int worst = TACH_OK;

    for (size_t i = 0; i < gate->count; i++) {
        const struct finding *finding = &gate->findings[i];
        if (!finding->gates || worst == TACH_DIFFERENT)
            continue;
        worst = finding->exit == TACH_OK ? worst : finding->exit;
    }
    return worst;
}

char *gate_path(const struct gate *gate, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", gate->directory, name) < 0 ? NULL : path;
}

/* The head of the exact run: the run itself where it has one side. */
static char *head_path(const struct gate *gate)
{
    char *path = NULL;

    if (!run_is_pair(gate->exact))
        return strdup(gate->exact);
    return asprintf(&path, "%s/head", gate->exact) < 0 ? NULL : path;
}

/* What one comparison of exact figures says; `moving` is the exit of one that moved. */
static void exact_find(struct gate *gate, const struct finding *like, int moving,
                       const struct comparison *comparison)
{
    const struct compared **order = comparison_order(comparison);
    struct finding finding = *like;
    char summary[256];

    summary_text(comparison, summary, sizeof(summary));
    finding.exit = !comparison->count           ? TACH_INCONCLUSIVE
                   : comparison->moved && order ? moving
                                                : TACH_OK;
    if (comparison->moved && order)
        gate_find(gate, &finding, "%zu of %zu figures moved (%s), first %s%s%s", comparison->moved,
                  comparison->count, summary, order[0]->name, order[0]->cause[0] ? ": " : "",
                  order[0]->cause);
    else
        gate_find(gate, &finding, "%s",
                  comparison->count ? summary : "nothing was measured that could be compared");
    free(order);
    finding.exit = TACH_INCONCLUSIVE;
    if (!comparison->sides[1].complete)
        gate_find(gate, &finding,
                  "not every boot of the head passed: machine.json of the run has the reasons");
    if (!comparison->exact)
        gate_find(gate, &finding, "class %s does not count instructions: nothing in it is exact",
                  comparison->class);
}

int gate_baseline(struct gate *gate)
{
    char *head = head_path(gate);
    const struct sides_input input = {.paths = {gate->args->baseline, head},
                                      .matters = gate->args->matters};

    if (!head)
        return TACH_INTERNAL;
    if (!strcmp(gate->args->baseline, GATE_NONE)) {
        free(head);
        return TACH_OK;
    }
    gate->has_baseline = true;
    const int status = sides_load("gate", &input, &gate->baseline);
    free(head);
    if (status == TACH_INCONCLUSIVE) {
        gate_find(gate, &(struct finding){"baseline", status, true, ""},
                  "not comparable with the head: make baseline writes one of this machine and ABI");
        gate->has_baseline = false;
        return TACH_OK;
    }
    if (status)
        return status;
    exact_find(gate, &(struct finding){"baseline", 0, true, ""}, TACH_DIFFERENT,
               &gate->baseline.comparison);
    if (gate->args->base_rev)
        gate_reasons(gate);
    return TACH_OK;
}

int gate_base(struct gate *gate)
{
    const struct sides_input input = {.paths = {gate->exact}, .matters = gate->args->matters};
    const bool gates = !strcmp(gate->args->baseline, GATE_NONE);

    if (!run_is_pair(gate->exact))
        return TACH_OK;
    gate->has_base = true;
    const int status = sides_load("gate", &input, &gate->base);
    if (status == TACH_INCONCLUSIVE) {
        gate_find(gate, &(struct finding){"base", status, gates, ""},
                  "base and head are not comparable: the change is one of the ABI");
        gate->has_base = false;
        return TACH_OK;
    }
    if (!status)
        exact_find(gate, &(struct finding){"base", 0, gates, ""},
                   comparison_exit(&gate->base.comparison), &gate->base.comparison);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Why a figure moved: the counts that moved with it, and the phases in which the rest sits. See
 * bench/compare/parts.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/compare/parts.h"
#include "bench/table.h"

static const struct {
    enum metric metric;
    const char *text;
} counts[] = {{METRIC_traps, "traps"},
              {METRIC_cr3_writes, "CR3 writes"},
              {METRIC_copied_bytes, "copied bytes"}};

void signed_text(double delta, char *out, size_t size)
{
    char text[32];

    number_text(fabs(delta), text, sizeof(text));
    snprintf(out, size, "%c%s", delta < 0 ? '-' : '+', text);
}

void fact_copy(const json_t *context, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(context, name));

    snprintf(out, size, "%s", text && strlen(text) < size ? text : "");
}

__attribute__((format(printf, 2, 3))) static void cause_add(struct compared *figure,
                                                            const char *format, ...)
{
    const size_t used = strlen(figure->cause);
    va_list list;

    va_start(list, format);
    vsnprintf(figure->cause + used, sizeof(figure->cause) - used, format, list);
    va_end(list);
}

static void counts_name(struct compared *figure)
{
    char delta[40];

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const struct compared_metric *metric = &figure->metrics[counts[i].metric];
        if (!metric_moved(metric))
            continue;
        signed_text(metric->judged.shift, delta, sizeof(delta));
        cause_add(figure, "%s%s %s", figure->cause[0] ? ", " : "", counts[i].text, delta);
    }
}

/* "in guards +1, exit -2" */
static void phases_name(struct compared *figure)
{
    const char *before = figure->cause[0] ? ", in " : "in ";
    char delta[40];

    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        const struct compared_metric *phase = &figure->metrics[METRIC_PHASE + i];
        if (!metric_moved(phase))
            continue;
        signed_text(phase->judged.shift, delta, sizeof(delta));
        cause_add(figure, "%s%s %s", before, span_phase_name((enum phase)i), delta);
        before = ", ";
    }
}

void causes_find(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        if (!comparison->figures[i].moved)
            continue;
        counts_name(&comparison->figures[i]);
        phases_name(&comparison->figures[i]);
    }
}

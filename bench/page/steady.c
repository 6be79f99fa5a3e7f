/* SPDX-License-Identifier: MIT
 * The report's section about rest: warm-up and drift as the run itself judged them (run.json), and
 * the series of three routes. See bench/page/report.h. */
#include <string.h>

#include "bench/chart/steady.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

static void warmup_say(FILE *out, const json_t *warmup)
{
    const size_t cells = json_array_size(json_object_get(warmup, "cells"));
    const json_int_t unsettled = json_integer_value(json_object_get(warmup, "unsettled"));

    if (!cells)
        return;
    fprintf(out, "<p%s>Warm-up: ", unsettled ? " class=\"alarm\"" : "");
    if (unsettled)
        fprintf(out, "%lld of %zu cells still changed when theirs ended.", (long long)unsettled,
                cells);
    else
        fprintf(out, "all of %zu cells had settled before they were measured.", cells);
    fputs("</p>\n", out);
}

/* "over the run by +0.4 % (p 0.2)" where numbers were judged. */
static void drift_say(FILE *out, const json_t *drift)
{
    const char *verdict = text_of(drift, "verdict");
    const json_t *percent = json_object_get(drift, "percent"), *p = json_object_get(drift, "p");
    const bool found = !strcmp(verdict, "drift") || !strcmp(verdict, "unequal");

    if (!*verdict)
        return;
    fprintf(out, "<p%s>Drift: ", found ? " class=\"alarm\"" : "");
    html_text(out, verdict);
    if (json_is_number(percent) && json_is_number(p))
        fprintf(out, ", %+.2f %% over the run (p %.2g)", json_number_value(percent),
                json_number_value(p));
    if (*text_of(drift, "why")) {
        fputs("; ", out);
        html_text(out, text_of(drift, "why"));
    }
    fputs(".</p>\n", out);
}

/* The cells of which the run found something. */
static void drift_cells(FILE *out, const json_t *drift)
{
    const json_t *cells = json_object_get(drift, "cells");
    unsigned shown = 0;
    size_t index;
    json_t *cell;

    json_array_foreach(cells, index, cell)
    {
        const char *verdict = text_of(cell, "verdict");
        if (strcmp(verdict, "drift") && strcmp(verdict, "unequal"))
            continue;
        fputs(shown++ ? ", " : "<p class=\"note\">", out);
        html_text(out, text_of(cell, "side"));
        fputs(*text_of(cell, "side") ? " " : "", out);
        html_text(out, text_of(cell, "cell"));
        fputs(json_is_true(json_object_get(cell, "pti")) ? " on: " : " off: ", out);
        html_text(out, verdict);
    }
    fputs(shown ? ".</p>\n" : "", out);
}

static void warmup_row(FILE *out, const struct steady_route *route, const struct raw *raw)
{
    static const size_t at[] = {0, 1, 3, 7, 15};
    char text[32];

    fprintf(out, "<tr><td>%s</td>", route->title);
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        number_text(at[i] < raw->count ? (double)raw->samples[at[i]] : 0, text, sizeof(text));
        fprintf(out, "<td>%s</td>", at[i] < raw->count ? text : "-");
    }
    number_text((double)raw->samples[raw->count - 1], text, sizeof(text));
    fprintf(out, "<td>%s</td><td>%zu</td></tr>\n", text, raw->count);
}

static void warmup_table(FILE *out, const struct report *report)
{
    unsigned rows = 0;

    for (size_t i = 0; i < STEADY_ROUTES; i++) {
        const struct raw *raw = steady_warmup(report->kept, steady_routes[i].cell);
        if (!raw || !raw->count)
            continue;
        if (!rows++)
            html_table(out, "Warm-up by region",
                       "region|1st|2nd|4th|8th|16th|last|regions of warm-up");
        warmup_row(out, &steady_routes[i], raw);
    }
    if (rows)
        html_table_end(out);
}

static void boots_table(FILE *out, const struct report *report)
{
    double wholes[STEADY_BOOTS_MAX];
    unsigned rows = 0;
    char text[32];

    for (size_t i = 0; i < STEADY_ROUTES; i++) {
        const size_t count = steady_boots(report->rows, steady_routes[i].cell, wholes);
        if (count < 2)
            continue;
        if (!rows++)
            html_table(out, "Cost boot by boot", "route|<boot by boot, isolation off");
        fprintf(out, "<tr><td>%s</td><td class=\"text\">", steady_routes[i].title);
        for (size_t boot = 0; boot < count; boot++) {
            number_text(wholes[boot], text, sizeof(text));
            fprintf(out, "%s%s", boot ? ", " : "", text);
        }
        fputs("</td></tr>\n", out);
    }
    if (rows)
        html_table_end(out);
}

void report_steady(FILE *out, const struct report *report)
{
    const json_t *drift = json_object_get(report->plan, "drift");
    const json_t *warmup = json_object_get(report->plan, "warmup");

    html_section(out, "steady", "Warm-up and drift");
    if (!report->svgs[CHART_steady][0] && !drift && !warmup) {
        html_note(out, "A document alone has no series: they are in what a run keeps.");
        html_section_end(out);
        return;
    }
    warmup_say(out, warmup);
    drift_say(out, drift);
    drift_cells(out, drift);
    report_figure(
        out, report, CHART_steady,
        report_exact(report)
            ? "Before each cell is measured it runs until it changes no more; isolation "
              "off, empty region included. Counted instructions do not drift: any two "
              "boots must agree."
            : "Before each cell is measured it runs until it changes no more; isolation "
              "off, empty region included. A slope over the boots is the machine's drift; "
              "sides of a comparison are interleaved, so it falls on both alike.");
    warmup_table(out, report);
    boots_table(out, report);
    html_section_end(out);
}

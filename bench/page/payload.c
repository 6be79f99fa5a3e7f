/* SPDX-License-Identifier: MIT
 * The report's section about payloads: cost against size for every rung, and where two routes cost
 * the same. The steps of the ladders follow in steps.c. See bench/page/report.h. */
#include <string.h>

#include "bench/crossover.h"
#include "bench/page/html.h"
#include "bench/page/report.h"

#define CARRIERS 6u

static const char *const schemes[CARRIERS] = {"R1", "T0", "T0c", "T1", "T1h", "T2"};
static const char *const messages[CARRIERS] = {"R1", "D0", "D1", "D2", "D3", "D4"};

static void payload_row(FILE *out, const struct report *report, const char *const *rungs, long size)
{
    const char *unit = figure_unit(report->document->class);
    const struct figure *figures[CARRIERS][2];
    unsigned there = 0;

    for (unsigned i = 0; i < CARRIERS; i++)
        for (int on = 0; on < 2; on++) {
            figures[i][on] = chart_at(report->document, rungs[i], size, on);
            there += i && figures[i][on];
        }
    if (!there)
        return;
    fprintf(out, "<tr><td>%ld</td>", size);
    for (unsigned i = 0; i < CARRIERS; i++)
        for (int on = 0; on < 2; on++)
            html_number(out, figures[i][on], unit, figures[i][on] ? figures[i][on]->whole : 0);
    fputs("</tr>\n", out);
}

static void payload_table(FILE *out, const struct report *report, const char *const *rungs,
                          const char *heads)
{
    long sizes[CROSSOVER_SIZES_MAX];
    const size_t n = crossover_sizes(report->document, sizes);

    html_table(out, "Cost by payload and rung", heads);
    for (size_t i = 0; i < n; i++)
        payload_row(out, report, rungs, sizes[i]);
    html_table_end(out);
}

static void crossover_cells(FILE *out, const struct crossover *at)
{
    if (at->size >= 0)
        fprintf(out, "<td class=\"text\">between %ld and %ld bytes</td><td>%.0f</td>", at->low,
                at->high, at->size);
    else
        fprintf(out, "<td class=\"text\">%s</td><td>-</td>",
                at->measured > 1 ? "nowhere in what was measured" : "not measured");
}

static void crossovers_table(FILE *out, const struct document *document)
{
    html_table(out, "Where two routes cost the same",
               "routes|<cross, isolation off|about|<cross, isolation on|about|<beyond that point");
    for (size_t i = 0; i < CROSSOVER_PAIRS; i++) {
        const struct crossover_pair *pair = &crossover_pairs[i];
        const struct crossover sides[2] = {crossover_find(document, pair, false),
                                           crossover_find(document, pair, true)};
        fprintf(out, "<tr><td>%s and %s</td>", pair->rungs[0], pair->rungs[1]);
        crossover_cells(out, &sides[0]);
        crossover_cells(out, &sides[1]);
        fprintf(out, "<td class=\"text\">%s</td></tr>\n", pair->meaning);
    }
    html_table_end(out);
    html_note(out, "about: where straight lines between the two measured payloads meet; at a step "
                   "of the path the true point is the step.");
}

void report_payload(FILE *out, const struct report *report)
{
    html_section(out, "payload", "Cost against payload");
    report_figure(
        out, report, CHART_payload,
        "Both axes are logarithmic, one scale for both halves; rings: isolation on. The step at 64 "
        "bytes: up to 40 "
        "bytes "
        "of a read and 48 of a message travel in registers and stay in assembly; above, the call "
        "goes through C, which copies the payload once. Squares: where two routes cost the "
        "same. Crosses: Linux on the same machine.");
    payload_table(out, report, schemes,
                  "bytes|R1 off|on|T0 off|on|T0c off|on|T1 off|on|T1h off|on|T2 off|on");
    payload_table(out, report, messages,
                  "bytes|R1 off|on|D0 off|on|D1 off|on|D2 off|on|D3 off|on|D4 off|on");
    crossovers_table(out, report->document);
    report_steps(out, report);
    html_section_end(out);
}

/* SPDX-License-Identifier: MIT
 * The report's evidence: cost against payload with its crossovers, the ladder of rungs with the
 * kernel's own counts, and the phases with their residue. See bench/report.h. */
#include <string.h>

#include "bench/crossover.h"
#include "bench/html.h"
#include "bench/report.h"
#include "bench/table.h"

static const char *const rungs[] = {"R0", "R1", "T2", "D0",     "D1",
                                    "D2", "D3", "D4", "notify", "fault"};
#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))

static const char *const carriers[] = {"R1", "T2", "D4", "D3", "D2", "D1", "D0"};
#define CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

static void payload_table(FILE *out, const struct document *document, const long *sizes, size_t n)
{
    const char *unit = figure_unit(document->class);

    fputs("<div class=\"wide\"><table>\n<tr><th>bytes</th>", out);
    for (size_t i = 0; i < CARRIERS; i++)
        fprintf(out, "<th>%s off</th><th>on</th>", carriers[i]);
    fputs("</tr>\n", out);
    for (size_t k = 0; k < n; k++) {
        fprintf(out, "<tr><td>%ld</td>", sizes[k]);
        for (size_t i = 0; i < CARRIERS; i++) {
            for (int on = 0; on < 2; on++) {
                const struct figure *figure = chart_at(document, carriers[i], sizes[k], on);
                html_number(out, figure, unit, figure ? figure->whole : 0);
            }
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

static void crossovers_table(FILE *out, const struct document *document)
{
    fputs("<div class=\"wide\"><table>\n<tr><th>crossover, isolation off</th><th>bytes</th></tr>\n",
          out);
    for (size_t i = 0; i < CROSSOVER_PAIRS; i++) {
        const struct crossover at = crossover_find(document, crossover_pairs[i]);
        fprintf(out, "<tr><td>%s and %s</td>", crossover_pairs[i][0], crossover_pairs[i][1]);
        if (at.size >= 0)
            fprintf(out, "<td>%.0f</td></tr>\n", at.size);
        else
            fprintf(out, "<td>%s</td></tr>\n",
                    at.measured > 1 ? "none in the measured range" : "not measured");
    }
    fputs("</table></div>\n", out);
}

void report_payload(FILE *out, const struct report *report)
{
    long sizes[CROSSOVER_SIZES_MAX];
    const size_t n = crossover_sizes(report->document, sizes);

    fputs("<h2>Cost against payload</h2>\n", out);
    report_figure(out, report, CHART_payload,
                  "Both axes are logarithmic. Up to 40 bytes travel in registers, 48 in a message; "
                  "above, the kernel copies. Squares: where two routes cost the same. Crosses: "
                  "other systems on the same emulator, counted the same way.");
    payload_table(out, report->document, sizes, n);
    crossovers_table(out, report->document);
}

static void ladder_row(FILE *out, const struct document *document, const char *rung)
{
    const struct figure *off = chart_smallest(document, rung, false);
    const struct figure *on = chart_smallest(document, rung, true);
    const char *unit = figure_unit(document->class);

    if (!off && !on)
        return;
    fputs("<tr><td>", out);
    html_text(out, (off ? off : on)->cell);
    fputs("</td>", out);
    html_number(out, off, unit, off ? off->whole : 0);
    html_number(out, on, unit, on ? on->whole : 0);
    html_difference(out, off, on);
    html_number(out, off, "traps", off ? off->traps : 0);
    html_number(out, off, "cr3_writes", off ? off->cr3_writes : 0);
    html_number(out, on, "cr3_writes", on ? on->cr3_writes : 0);
    fputs("</tr>\n", out);
}

void report_ladder(FILE *out, const struct report *report)
{
    fputs("<h2>The rungs</h2>\n", out);
    report_figure(out, report, CHART_ladder,
                  "Neighbouring rungs differ by one nameable thing. D0 to D4: from six traps a "
                  "round trip to two, then from C to assembly.");
    fputs("<div class=\"wide\"><table>\n<tr><th>cell</th><th>whole off</th><th>whole on</th>"
          "<th>isolation</th><th>traps</th><th>CR3 writes off</th><th>on</th></tr>\n",
          out);
    for (size_t i = 0; i < RUNGS; i++)
        ladder_row(out, report->document, rungs[i]);
    fputs("</table></div>\n", out);
}

static void phases_row(FILE *out, const struct document *document, const char *rung, bool on)
{
    const struct figure *figure = chart_smallest(document, rung, on);
    char member[40];

    if (!figure || !figure_has(figure->traced))
        return;
    fprintf(out, "<tr><td>%s %s</td>", rung, on ? "on" : "off");
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        snprintf(member, sizeof(member), "phase_%s", span_phase_name((enum phase)i));
        html_number(out, figure, member, figure->phase[i]);
    }
    html_number(out, figure, "traced_whole", figure->traced);
    html_number(out, figure, "stamps", figure->stamps);
    html_number(out, figure, "stamp_cost", figure->stamp_cost);
    html_number(out, figure, "empty_region", figure->empty);
    html_number(out, figure, figure_unit(document->class), figure->whole);
    html_number(out, figure, "residue", figure->residue);
    fputs("</tr>\n", out);
}

static void legend_print(FILE *out)
{
    fputs("<details><summary>What the phases span</summary>\n<div class=\"wide\"><table>\n", out);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(out, "<tr><td>%s</td><td class=\"text\">%s</td></tr>\n",
                span_phase_name((enum phase)i), span_phase_meaning((enum phase)i));
    fputs("</table></div></details>\n", out);
}

void report_phases(FILE *out, const struct report *report)
{
    fputs("<h2>Where a call spends its time</h2>\n", out);
    report_figure(out, report, CHART_phases,
                  "The median traced call of each rung at its smallest payload. The phases add up "
                  "to the traced whole, stamps included.");
    fputs("<div class=\"wide\"><table>\n<tr><th>rung</th>", out);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(out, "<th>%s</th>", span_phase_name((enum phase)i));
    fputs("<th>traced</th><th>stamps</th><th>cost</th><th>empty</th><th>untraced</th><th>residue</"
          "th></tr>\n",
          out);
    for (size_t i = 0; i < RUNGS; i++) {
        phases_row(out, report->document, rungs[i], false);
        phases_row(out, report->document, rungs[i], true);
    }
    fputs("</table></div>\n<p class=\"note\">residue = traced - stamps x cost of one - empty "
          "region - untraced: "
          "what tracing changes beyond the price of its stamps, such as the counters of traps "
          "and CR3 writes.</p>\n",
          out);
    legend_print(out);
}

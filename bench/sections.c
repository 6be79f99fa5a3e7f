/* SPDX-License-Identifier: MIT
 * The report's evidence: cost against payload with its crossovers, the ladder of rungs with the
 * kernel's own counts, and the phases with their residue. See bench/report.h. */
#include <string.h>

#include "bench/html.h"
#include "bench/report.h"
#include "bench/table.h"

static const char *const rungs[] = {"R0", "R1", "T2", "D0",     "D1",
                                    "D2", "D3", "D4", "notify", "fault"};
#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))

static const char *const carriers[] = {"R1", "T2", "D4", "D3", "D2", "D1", "D0"};
#define CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

#define SIZES_MAX 64u

/* The payloads of the document, rising; returns how many. */
static size_t sizes_collect(const struct document *document, long sizes[SIZES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < document->count; i++) {
        const long size = cell_split(document->figures[i].cell).size;
        size_t at = 0;
        while (at < count && sizes[at] < size)
            at++;
        if (size < 0 || count == SIZES_MAX || (at < count && sizes[at] == size))
            continue;
        memmove(&sizes[at + 1], &sizes[at], (count - at) * sizeof(sizes[0]));
        sizes[at] = size;
        count++;
    }
    return count;
}

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

/* Looks for the payload at which two routes cost the same, on straight lines between the payloads
 * that both were measured at. Returns it, or -1; *measured says at how many. */
static double crossover_find(const struct document *document, const char *const pair[2],
                             const long *sizes, size_t n, unsigned *measured)
{
    double before = 0, at = -1;
    long last = 0;

    *measured = 0;
    for (size_t k = 0; k < n; k++) {
        const struct figure *a = chart_at(document, pair[0], sizes[k], false);
        const struct figure *b = chart_at(document, pair[1], sizes[k], false);
        if (!a || !b)
            continue;
        const double gap = b->whole - a->whole;
        if (*measured && at < 0 && before * gap < 0)
            at = (double)last + (double)(sizes[k] - last) * before / (before - gap);
        before = gap;
        last = sizes[k];
        ++*measured;
    }
    return at;
}

static void crossovers_table(FILE *out, const struct document *document, const long *sizes,
                             size_t n)
{
    static const char *const pairs[][2] = {
        {"R1", "T2"}, {"R1", "D4"}, {"D4", "T2"}, {"D3", "T2"}, {"D4", "D0"}};
    unsigned measured;

    fputs("<div class=\"wide\"><table>\n<tr><th>crossover, isolation off</th><th>bytes</th></tr>\n",
          out);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const double at = crossover_find(document, pairs[i], sizes, n, &measured);
        fprintf(out, "<tr><td>%s and %s</td>", pairs[i][0], pairs[i][1]);
        if (at >= 0)
            fprintf(out, "<td>%.0f</td></tr>\n", at);
        else
            fprintf(out, "<td>%s</td></tr>\n",
                    measured > 1 ? "none in the measured range" : "not measured");
    }
    fputs("</table></div>\n", out);
}

void report_payload(FILE *out, const struct report *report)
{
    long sizes[SIZES_MAX];
    const size_t n = sizes_collect(report->document, sizes);

    fputs("<h2>Cost against payload</h2>\n", out);
    report_figure(out, report, CHART_payload,
                  "Both axes are logarithmic. Up to 40 bytes a call travels in registers; above, "
                  "the kernel copies once. Crosses: Linux 6.1 on the same emulator, counted the "
                  "same way.");
    payload_table(out, report->document, sizes, n);
    crossovers_table(out, report->document, sizes, n);
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
    html_number(out, figure, figure_unit(document->class), figure->whole);
    html_number(out, figure, "residue", figure->residue);
    fputs("</tr>\n", out);
}

static void legend_print(FILE *out)
{
    static const char *const meanings[PHASE_COUNT] = {
#define X(name, meaning) meaning,
        PHASES(X)
#undef X
    };

    fputs("<details><summary>What the phases span</summary>\n<div class=\"wide\"><table>\n", out);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(out, "<tr><td>%s</td><td class=\"text\">%s</td></tr>\n",
                span_phase_name((enum phase)i), meanings[i]);
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
    fputs("<th>traced</th><th>stamps</th><th>cost</th><th>untraced</th><th>residue</th></tr>\n",
          out);
    for (size_t i = 0; i < RUNGS; i++) {
        phases_row(out, report->document, rungs[i], false);
        phases_row(out, report->document, rungs[i], true);
    }
    fputs("</table></div>\n<p class=\"note\">residue = traced - stamps x cost of one - untraced: "
          "what tracing changes beyond the price of its stamps.</p>\n",
          out);
    legend_print(out);
}

/* SPDX-License-Identifier: MIT
 * The report's evidence: cost against payload with its crossovers, the ladder of rungs with the
 * kernel's own counts, and the phases with their residue. See bench/report.h. */
#include <string.h>

#include "bench/crossover.h"
#include "bench/html.h"
#include "bench/report.h"
#include "bench/table.h"

/* The rungs with what a round trip must be: traps, and CR3 writes with isolation off and on. */
static const struct rung {
    const char *name;
    int traps, cr3_writes[2];
    const char *what;
} rungs[] = {
    {"R0", 1, {0, 2}, "null call"},
    {"R1", 1, {0, 2}, "file call, service in the kernel"},
    {"R1m", 1, {0, 2}, "the same, service loaded as a module"},
    {"D0", 6, {2, 12}, "send, wait, recv on both sides"},
    {"D1", 4, {2, 8}, "send, receive on both sides"},
    {"D2", 3, {2, 6}, "call; receive, reply"},
    {"D3", 2, {2, 4}, "call; reply_wait, in C"},
    {"D4", 2, {2, 4}, "call; reply_wait, in assembly"},
    {"T0", 3, {2, 6}, "file call at a user server: records, payload mapped"},
    {"T0c", 3, {2, 6}, "records, payload in the answer or copied"},
    {"T1", 2, {2, 4}, "records, answer and next record in one call"},
    {"T1h", 2, {2, 4}, "the same, each side hands over to the other"},
    {"T2", 2, {2, 4}, "file call at a user server, on D4's code"},
    {"notify", 2, {2, 4}, "notify a waiting thread, which answers"},
    {"fault", 2, {0, 4}, "page fault to a user handler and back"},
    {"pipe", 4, {2, 8}, "8 bytes through a pipe, and 8 back through another"},
    {"chan", 4, {2, 8}, "8 bytes through a channel, and 8 back"},
    {"irq-linked", 4, {0, 8}, "from an interrupt's raise to the kernel's first look at it"},
    {"irq-realtime", 4, {0, 8}, "to the first instruction of a real-time handler"},
    {"irq-thread", 4, {0, 8}, "to a thread that waits for it"},
    {"irq-notify", 5, {0, 10}, "to a thread that waits for its notification"},
    {"futex", 4, {0, 8}, "two threads wake each other"},
};
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
            fprintf(out, "<td class=\"text\">%s</td></tr>\n",
                    at.measured > 1 ? "none in the measured range" : "not measured");
    }
    fputs("</table></div>\n", out);
}

void report_payload(FILE *out, const struct report *report)
{
    long sizes[CROSSOVER_SIZES_MAX];
    const size_t n = crossover_sizes(report->document, sizes);

    fputs("<h2>Cost against payload</h2>\n", out);
    report_figure(
        out, report, CHART_payload,
        "Both axes are logarithmic. The step at 64 bytes: up to 40 bytes of a read and 48 of "
        "a message travel in registers and stay in assembly; above, the call goes "
        "through C, which copies the payload once. Squares: where two routes cost the "
        "same. Crosses: Linux on the same machine.");
    payload_table(out, report->document, sizes, n);
    crossovers_table(out, report->document);
}

/* A count of the kernel beside what it must be; 0 where nothing was counted. */
static void count_cell(FILE *out, const struct figure *figure, const char *member, double number,
                       int expected)
{
    const bool there = figure && figure_has(number);

    html_number(out, figure, member, number);
    fprintf(out, "<td%s>%d</td>", there && number != expected ? " class=\"alarm\"" : "", expected);
}

static void ladder_row(FILE *out, const struct document *document, const struct rung *rung)
{
    const struct figure *sides[2] = {chart_smallest(document, rung->name, false),
                                     chart_smallest(document, rung->name, true)};
    const struct figure *either = sides[0] ? sides[0] : sides[1];
    const char *unit = figure_unit(document->class);

    if (!either)
        return;
    fprintf(out, "<tr><td>%s</td>", rung->name);
    for (unsigned on = 0; on < 2; on++)
        html_number(out, sides[on], unit, sides[on] ? sides[on]->whole : 0);
    html_difference(out, sides[0], sides[1]);
    count_cell(out, either, "traps", either->traps, rung->traps);
    for (unsigned on = 0; on < 2; on++)
        count_cell(out, sides[on], "cr3_writes", sides[on] ? sides[on]->cr3_writes : 0,
                   rung->cr3_writes[on]);
    fprintf(out, "<td class=\"text\">%s</td></tr>\n", rung->what);
}

void report_ladder(FILE *out, const struct report *report)
{
    fputs("<h2>The rungs</h2>\n", out);
    report_figure(out, report, CHART_ladder,
                  "Neighbouring rungs differ by one nameable thing. D0 to D4: from six traps a "
                  "round trip to two, then from C to assembly.");
    fputs("<div class=\"wide\"><table>\n<tr><th>rung</th><th>whole off</th><th>on</th>"
          "<th>isolation</th><th>traps</th><th>expected</th><th>CR3 writes off</th>"
          "<th>expected</th><th>on</th><th>expected</th><th class=\"text\">what</th></tr>\n",
          out);
    for (size_t i = 0; i < RUNGS; i++)
        ladder_row(out, report->document, &rungs[i]);
    fputs("</table></div>\n<p class=\"note\">Smallest payload, two address spaces. The kernel "
          "counts its traps and CR3 writes itself; a boot whose counts are not as expected "
          "fails.</p>\n",
          out);
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
    html_number(out, figure, "traps", figure->traps);
    html_number(out, figure, "cr3_writes", figure->cr3_writes);
    fprintf(out, "<td class=\"text\">%s</td></tr>\n",
            figure_paths_differ(figure) ? "another path" : "");
}

static void legend_print(FILE *out)
{
    fputs("<details><summary>What the phases span</summary>\n<div class=\"wide\"><table>\n", out);
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(out, "<tr><td>%s</td><td class=\"text\">%s</td></tr>\n",
                span_phase_name((enum phase)i), span_phase_meaning((enum phase)i));
    fputs("</table></div></details>\n", out);
}

/* The cells whose residue is no cost of tracing, by name. */
static void paths_note(FILE *out, const struct document *document)
{
    unsigned count = 0;

    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        if (!figure_paths_differ(figure))
            continue;
        fputs(count++ ? ", "
                      : "<p class=\"note\">* The traced call ran another path than the "
                        "untraced one, so its residue is the difference of two paths and no "
                        "cost of tracing: ",
              out);
        html_text(out, figure->cell);
        fputs(figure->pti_on ? " on" : " off", out);
    }
    if (count)
        fputs(". The fast delivery of a fault has no stamps, so a traced one goes through C. "
              "Messages of D1 in several pieces alternate between two orders.</p>\n",
              out);
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
    fputs("<th>traced</th><th>stamps</th><th>cost</th><th>empty</th><th>untraced</th>"
          "<th>residue</th><th>traps</th><th>CR3 writes</th><th></th></tr>\n",
          out);
    for (size_t i = 0; i < RUNGS; i++) {
        phases_row(out, report->document, rungs[i].name, false);
        phases_row(out, report->document, rungs[i].name, true);
    }
    fputs("</table></div>\n<p class=\"note\">residue = traced - stamps x cost of one - empty "
          "region - untraced: what tracing adds beyond its stamps, which is one instruction for "
          "each trap and each CR3 write that the kernel counts.</p>\n",
          out);
    paths_note(out, report->document);
    legend_print(out);
}

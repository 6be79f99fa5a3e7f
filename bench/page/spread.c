/* SPDX-License-Identifier: MIT
 * The report's sections of single measurements: how regions spread, from the exact histograms, and
 * one traced call from stamp to stamp. See bench/page/report.h. */
#include <inttypes.h>
#include <string.h>

#include "bench/chart/waterfall.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

static void spread_row(FILE *out, const char *route, const struct figure *figure)
{
    if (!figure || !figure_has(figure->p50))
        return;
    fprintf(out, "<tr><td>%s %s</td>", route, figure->pti_on ? "on" : "off");
    html_number(out, figure, "iterations", figure->samples);
    html_number(out, figure, "calls_per_region", figure->calls);
    html_number(out, figure, "region_min", figure->min);
    html_number(out, figure, "region_p50", figure->p50);
    html_number(out, figure, "region_p99", figure->p99);
    html_number(out, figure, "region_p999", figure->p999);
    html_number(out, figure, "region_max", figure->max);
    html_number(out, figure, "region_mode", figure->mode);
    fputs("</tr>\n", out);
}

void report_spread(FILE *out, const struct report *report)
{
    static const char *const routes[] = {"R1", "D4", "T2"};
    const bool exact = report_exact(report);

    html_section(out, "spread", "How single regions spread");
    if (!report->svgs[CHART_spread][0]) {
        html_note(out,
                  "A document alone has no histograms: they are in the frames that a run keeps.");
        html_section_end(out);
        return;
    }
    report_figure(out, report, CHART_spread,
                  exact
                      ? "Share of the regions that took at most so many instructions, empty region "
                        "included. Counted instructions repeat, so a curve is one step, or a few."
                      : "Share of the regions that took at most so many cycles, empty region "
                        "included, all boots together; the axis is logarithmic. A long tail is "
                        "the machine's, a shifted curve the path's.");
    html_table(out, "Percentiles of single regions",
               "8 bytes|regions|calls in one|min|p50|p99|p99.9|max|mode");
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        for (int on = 0; on < 2; on++)
            spread_row(out, routes[i], chart_at(report->document, routes[i], 8, on));
    html_table_end(out);
    html_section_end(out);
}

/* One call as rows; returns its whole. */
static void call_table(FILE *out, const struct report *report, const struct waterfall_ask *ask,
                       const char *title)
{
    struct waterfall_step steps[WATERFALL_MAX];
    const size_t count = waterfall_of(report->kept, ask, steps);
    char texts[2][32];

    if (!count)
        return;
    const struct span_cell *cell;
    kept_traced(report->kept, ask->cell, ask->pti_on, &cell);
    number_text(steps[count - 1].to, texts[0], sizeof(texts[0]));
    fprintf(out,
            "<details><summary>%sisolation %s: %s in %zu intervals; %zu calls were traced, from "
            "%" PRIu64 " to %" PRIu64 "</summary>\n<div data-call=\"%s\" data-pti=\"%s\">\n",
            title, ask->pti_on ? "on" : "off", texts[0], count, cell->calls, cell->whole_min,
            cell->whole_max, ask->slowest ? "slowest" : "typical", ask->pti_on ? "on" : "off");
    html_table(out, "Intervals of a call", "until|ticks|<what");
    for (size_t i = 0; i < count; i++) {
        number_text(steps[i].to, texts[0], sizeof(texts[0]));
        number_text(steps[i].to - steps[i].from, texts[1], sizeof(texts[1]));
        fprintf(out, "<tr><td>%s</td><td>%s</td><td class=\"text\">%s</td></tr>\n", texts[0],
                texts[1], waterfall_meaning(&steps[i]));
    }
    html_table_end(out);
    fputs("</div></details>\n", out);
}

void report_waterfall(FILE *out, const struct report *report)
{
    const bool exact = report_exact(report);

    html_section(out, "waterfall", "One call, stamp by stamp");
    if (!report->svgs[CHART_waterfall][0]) {
        html_note(out, "A document alone has no traced calls: they are in the frames that a run "
                       "keeps.");
        html_section_end(out);
        return;
    }
    report_figure(out, report, CHART_waterfall,
                  exact
                      ? "A read of 8 bytes through the scheme to a server (T2), traced, from the "
                        "client's first stamp to its second. The stamps themselves are in it."
                      : "A read of 8 bytes through the scheme to a server (T2), traced: the median "
                        "call above, the call at the 99.9th percentile below. The stamps "
                        "themselves are in it.");
    for (unsigned i = 0; i < (exact ? 2u : 4u); i++)
        call_table(out, report, &(struct waterfall_ask){WATERFALL_CELL, i % 2 == 1, i > 1},
                   exact   ? ""
                   : i > 1 ? "99.9th percentile, "
                           : "Median, ");
    html_section_end(out);
}

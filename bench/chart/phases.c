/* SPDX-License-Identifier: MIT
 * Chart "phases": where a traced call spends its time, a stacked bar a rung and isolation. Called
 * by chart.c. */
#include "bench/chart/chart.h"

/* One stacked bar; the rungs of many crossings would flatten the others and stand in the table. */
static unsigned stack_print(FILE *script, const struct document *document, const char *rung,
                            bool pti_on)
{
    const struct figure *figure = chart_smallest(document, rung, pti_on);

    if (!figure || !figure_has(figure->traced))
        return 0;
    fprintf(script, "\"%s%s %s\"", rung, figure_paths_differ(figure) ? "*" : "",
            pti_on ? "on" : "off");
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(script, " %.6g", figure_has(figure->phase[i]) ? figure->phase[i] : 0);
    fputc('\n', script);
    return 1;
}

bool phases_script(const struct sheet *sheet)
{
    FILE *script = sheet->script;
    const struct document *document = sheet->document;
    static const char *const rungs[] = {"R0", "R1", "D4", "T2", "notify", "fault"};
    unsigned count = 0;

    fputs("$data << EOD\n", script);
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
        for (int on = 0; on < 2; on++)
            count += stack_print(script, document, rungs[i], on);
    fprintf(script,
            "EOD\nset style data histograms\nset style histogram rowstacked\nset boxwidth 0.7\n"
            "set yrange [0:*]\nset xtics rotate by -%u\nset key %s invert\nplot ",
            sheet->narrow ? 70u : 40u,
            sheet->narrow ? "below vertical maxrows 5" : "outside right top");
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(script, "%s using %u%s lc rgb '%s' title '%s'%s", i ? "''" : "$data", i + 2,
                i ? "" : ":xtic(1)", chart_light[chart_phase_colours[i]],
                span_phase_name((enum phase)i), i + 1 < PHASE_COUNT ? ", " : "\n");
    return count > 0;
}

/* SPDX-License-Identifier: MIT
 * Chart "payload": cost against payload, messages and schemes side by side on one scale, crossovers
 * marked, Linux beside them. Called by chart.c. */
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/crossover.h"
#include "bench/peers.h"
#include "bench/table.h"

#define RUNGS 6u

/* The service in the kernel, then a ladder from its top. */
static const struct panel {
    const char *title, *rungs[RUNGS];
} panels[] = {
    {"messages, by bytes of payload", {"R1", "D0", "D1", "D2", "D3", "D4"}},
    {"schemes, by bytes of payload", {"R1", "T0", "T0c", "T1", "T1h", "T2"}},
};
#define PANELS (sizeof(panels) / sizeof(panels[0]))

static const unsigned colours[RUNGS] = {9, 8, 15, 14, 7, 6}; /* places in the palette */

/* The points of one line; a payload of 0 has no place on a logarithmic axis. */
static unsigned line_print(const struct sheet *sheet, const char *rung, bool pti_on)
{
    unsigned points = 0;
    char text[32];

    fprintf(sheet->script, "$%s_%d << EOD\n", rung, pti_on);
    for (size_t i = 0; i < sheet->document->count; i++) {
        const struct figure *figure = &sheet->document->figures[i];
        const struct cell_parts parts = cell_split(figure->cell);
        if (figure->pti_on != pti_on || parts.one_space || parts.size <= 0 || figure->whole <= 0 ||
            strcmp(parts.rung, rung))
            continue;
        number_text(figure->whole, text, sizeof(text));
        fprintf(sheet->script, "%ld %s\n", parts.size, text);
        points++;
    }
    fputs("EOD\n", sheet->script);
    return points;
}

static bool panel_has(const struct panel *panel, const char *rung)
{
    for (unsigned i = 0; i < RUNGS; i++)
        if (!strcmp(panel->rungs[i], rung))
            return true;
    return false;
}

/* A square at each crossover whose both routes are lines of the panel. Its text stands below it,
 * where the lines of the dearer rungs are not; beyond the middle of the axis above it, to the left.
 */
static void crossovers_print(const struct sheet *sheet, const struct panel *panel)
{
    fputs("unset label\n", sheet->script);
    for (size_t i = 0; i < CROSSOVER_PAIRS; i++) {
        const struct crossover_pair *pair = &crossover_pairs[i];
        const struct crossover at = crossover_find(sheet->document, pair, false);
        if (at.size <= 0 || !panel_has(panel, pair->rungs[0]) || !panel_has(panel, pair->rungs[1]))
            continue;
        fprintf(sheet->script,
                "set label '%s = %s' at first %.6g, first %.6g %s front textcolor rgb '%s' point "
                "pt 4 ps 1.6 lw 2 lc rgb '%s' offset %s\n",
                pair->rungs[0], pair->rungs[1], at.size, at.whole,
                at.size < 1024 ? "left" : "right", CHART_INK, CHART_INK,
                at.size < 1024 ? "0.8,-1" : "-0.6,1");
    }
}

/* What the payloads cost at least and at most: one scale for both panels. */
static void range_find(const struct document *document, double range[2])
{
    range[0] = range[1] = 0;
    for (size_t i = 0; i < document->count; i++) {
        const double whole = document->figures[i].whole;
        if (cell_split(document->figures[i].cell).size <= 0 || whole <= 0 ||
            strchr(cell_split(document->figures[i].cell).rung, '-') ||
            !strncmp(document->figures[i].cell, "move/", strlen("move/")))
            continue;
        range[0] = range[0] > 0 && range[0] < whole ? range[0] : whole;
        range[1] = range[1] > whole ? range[1] : whole;
    }
}

static void lines_plot(const struct sheet *sheet, const struct panel *panel,
                       unsigned points[RUNGS][2])
{
    bool named = false;

    for (unsigned i = 0; i < RUNGS; i++) {
        if (points[i][0])
            fprintf(sheet->script,
                    "$%s_0 using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s' title '%s', ",
                    panel->rungs[i], chart_light[colours[i]], panel->rungs[i]);
        if (points[i][1])
            fprintf(sheet->script, "$%s_1 using 1:2 with points pt 6 ps 1.1 lc rgb '%s' %s, ",
                    panel->rungs[i], chart_light[colours[i]], named ? "notitle" : "title 'on'");
        named |= points[i][1] > 0;
    }
}

static void peers_plot(const struct sheet *sheet)
{
    fprintf(sheet->script, "$peers using 1:2 with points pt 2 ps 0.8 lc rgb '%s' title 'Linux%s', ",
            CHART_FAINT, strcmp(sheet->document->class, "icount") ? " of this host" : " 6.1");
    fprintf(
        sheet->script,
        "'' using ($1<1024?$1:NaN):2:3 with labels left offset 0.5,-0.5 font ',11' textcolor rgb "
        "'%s' notitle, '' using ($1<1024?NaN:$1):2:3 with labels right offset -0.8,-0.3 font "
        "',11' textcolor rgb '%s' notitle, ",
        CHART_FAINT, CHART_FAINT);
}

static unsigned panel_plot(const struct sheet *sheet, const struct panel *panel, bool peers)
{
    unsigned points[RUNGS][2], all = 0;

    for (unsigned i = 0; i < RUNGS; i++)
        for (int on = 0; on < 2; on++)
            all += points[i][on] = line_print(sheet, panel->rungs[i], on);
    crossovers_print(sheet, panel);
    fprintf(sheet->script, "set title '%s' textcolor rgb '%s'\nplot ", panel->title, CHART_INK);
    lines_plot(sheet, panel, points);
    if (peers)
        peers_plot(sheet);
    fputs("NaN notitle\n", sheet->script);
    return all;
}

bool payload_script(const struct sheet *sheet)
{
    FILE *script = sheet->script;
    double range[2];
    unsigned all = 0;

    fputs("$peers << EOD\n", script);
    const bool peers = peers_print(script, sheet->document);
    fputs("EOD\n", script);
    range_find(sheet->document, range);
    if (range[0] <= 0)
        return false;
    fprintf(script,
            "set multiplot layout %s\nset logscale xy\nset xrange [6:110000]\n"
            "set yrange [%.6g:%.6g]\nset key below horizontal samplen 1.4 width 1 font ',12'\n"
            "set xtics (8,'64' 64,'256' 256,'1 Ki' 1024,'4 Ki' 4096,'16 Ki' 16384,'64 Ki' 65536)\n",
            sheet->narrow ? "2,1" : "1,2", 0.7 * range[0], 1.6 * range[1]);
    for (size_t i = 0; i < PANELS; i++)
        all += panel_plot(sheet, &panels[i], peers && i == 1);
    fputs("unset multiplot\n", script);
    return all > 0;
}

/* SPDX-License-Identifier: MIT
 * Chart "placement": one read of 8 bytes, a line a place and route, two dots a line. Dots, because
 * the axis is logarithmic and a bar on it would have no foot. Called by chart.c. */
#include "bench/chart/chart.h"
#include "bench/table.h"

static const struct {
    const char *rung, *label, *brief;
} places[] = {
    {"R1", "in the kernel, linked (R1)", "linked R1"},
    {"R1m", "in the kernel, module (R1m)", "module R1m"},
    {"D4", "in a server, direct message (D4)", "message D4"},
    {"T2", "in a server, scheme (T2)", "scheme T2"},
    {"T1h", "scheme by records, hand-over (T1h)", "records T1h"},
    {"T1", "records, ready queue (T1)", "queue T1"},
    {"T0c", "records, two calls (T0c)", "2 calls T0c"},
    {"T0", "records, payload mapped (T0)", "mapped T0"},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

/* The rows of one side; returns how many. */
static unsigned side_print(const struct sheet *sheet, bool on, double *most)
{
    unsigned rows = 0;
    char text[32];

    fprintf(sheet->script, "$side%d << EOD\n", on);
    for (size_t i = 0; i < PLACES; i++) {
        const struct figure *figure = chart_at(sheet->document, places[i].rung, 8, on);
        if (!figure || figure->whole <= 0)
            continue;
        number_text(figure->whole, text, sizeof(text));
        fprintf(sheet->script, "%zu %s\n", i, text);
        *most = figure->whole > *most ? figure->whole : *most;
        rows++;
    }
    fputs("EOD\n", sheet->script);
    return rows;
}

bool placement_script(const struct sheet *sheet)
{
    FILE *script = sheet->script;
    double most = 0;
    const unsigned rows[2] = {side_print(sheet, false, &most), side_print(sheet, true, &most)};

    fprintf(script,
            "set logscale x\nset xrange [20:%.6g]\nset yrange [%zu.6:-0.6]\nunset ylabel\n"
            "set xlabel '%s a round trip, logarithmic' textcolor rgb '%s'\n"
            "set xtics (%s100,1000,10000,100000)\n"
            "set key top right inside vertical\nset grid xtics ytics lt 1 lw 1 lc rgb '%s'\nset "
            "ytics (",
            most * (sheet->narrow ? 12 : 4), PLACES - 1, figure_unit(sheet->document->class),
            CHART_INK, sheet->narrow ? "" : "50,200,500,2000,5000,", CHART_GRID);
    for (size_t i = 0; i < PLACES; i++)
        fprintf(script, "%s'%s' %zu", i ? "," : "",
                sheet->narrow ? places[i].brief : places[i].label, i);
    fputs(")\nplot ", script);
    for (int on = 0; on < 2; on++)
        if (rows[on])
            fprintf(script,
                    "$side%d using 2:($1%s0.16) with points pt 7 ps 0.9 lc rgb '%s' title "
                    "'isolation %s', '' using 2:($1%s0.16):(sprintf('%%.6g',$2)) with labels left "
                    "offset 0.9,0 font ',11' textcolor rgb '%s' notitle, ",
                    on, on ? "+" : "-", CHART_SIDE(on), on ? "on" : "off", on ? "+" : "-",
                    CHART_INK);
    fputs("NaN notitle\n", script);
    return rows[0] > 3 || rows[1] > 3;
}

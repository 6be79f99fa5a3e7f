/* SPDX-License-Identifier: MIT
 * Chart "pcid": isolation off, on, and on with PCID, of the run or of what stands beside it, which
 * ever has PCID; the other machine's figures as marks on the bars. Called by chart.c. */
#include <stdio.h>
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/table.h"

static const char *const routes[][2] = {
    {"R0", "null call R0"},     {"R1/size:8", "kernel R1"}, {"D4/size:8/space:two", "message D4"},
    {"T2/size:8", "scheme T2"}, {"fault", "page fault"},
};
static const struct {
    const char *suffix, *title;
    bool pti_on;
    unsigned colour;
} sides[] = {
    {"", "isolation off", false, 3},
    {"", "isolation on", true, 4},
    {FIGURE_PCID, "isolation on, PCID", true, 14},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))
#define SIDES  (sizeof(sides) / sizeof(sides[0]))

static const struct figure *side_find(const struct document *document, size_t route, size_t side)
{
    char cell[MATRIX_NAME_MAX + 1];

    snprintf(cell, sizeof(cell), "%.24s%s", routes[route][0], sides[side].suffix);
    return document ? document_find(document, cell, sides[side].pti_on) : NULL;
}

static bool pcid_there(const struct document *document)
{
    for (size_t i = 0; i < ROUTES; i++)
        if (side_find(document, i, SIDES - 1))
            return true;
    return false;
}

/* The bars of one side, or with `marks` the other machine's figures on them; returns how many. */
static unsigned side_print(const struct sheet *sheet, const struct document *document, size_t side,
                           bool marks)
{
    unsigned count = 0;
    char text[32];

    fprintf(sheet->script, "$%s%zu << EOD\n", marks ? "mark" : "side", side);
    for (size_t i = 0; i < ROUTES; i++) {
        const struct figure *figure = side_find(document, i, side);
        if (!figure)
            continue;
        number_text(figure->whole, text, sizeof(text));
        fprintf(sheet->script, "%.3f %s \"%s\"\n", (double)i + ((double)side - 1) * 0.27, text,
                text);
        count++;
    }
    fputs("EOD\n", sheet->script);
    return count;
}

static void axes_print(const struct sheet *sheet)
{
    fprintf(sheet->script,
            "set xrange [-0.6:%zu.6]\nset yrange [0:*]\nset offsets 0,0,graph 0.1,0\n"
            "set boxwidth 0.25\nset xtics scale 0 (",
            ROUTES - 1);
    for (size_t i = 0; i < ROUTES; i++) {
        const char *gap = sheet->narrow ? strchr(routes[i][1], ' ') : NULL;
        const size_t length = gap ? (size_t)(gap - routes[i][1]) : strlen(routes[i][1]);
        fprintf(sheet->script, "%s\"%.*s%s%s\" %zu", i ? "," : "", (int)length, routes[i][1],
                gap ? "\\n" : "", gap ? gap + 1 : "", i);
    }
    fprintf(sheet->script, ")\nset bmargin %s\nset key below horizontal\nplot ",
            sheet->narrow ? "7.5" : "4.4");
}

bool pcid_script(const struct sheet *sheet)
{
    const struct document *own = sheet->document, *beside = sheet->data->beside;
    const bool turned = !pcid_there(own);
    const struct document *of = turned ? beside : own, *other = turned ? own : beside;
    unsigned bars[SIDES], marks[SIDES];

    for (size_t side = 0; side < SIDES; side++) {
        bars[side] = side_print(sheet, of, side, false);
        marks[side] = side_print(sheet, other, side, true);
    }
    axes_print(sheet);
    for (size_t side = 0; side < SIDES; side++) {
        if (bars[side])
            fprintf(sheet->script,
                    "$side%zu using 1:2 with boxes lc rgb '%s' title '%s', '' using 1:2:3 with "
                    "labels font ',%u' %s textcolor rgb '%s' notitle, ",
                    side, chart_light[sides[side].colour], sides[side].title,
                    sheet->narrow ? 9u : 11u,
                    sheet->narrow ? "rotate by 90 left offset 0,0.6" : "offset 0,0.8", CHART_INK);
    }
    for (size_t side = 0; side < SIDES; side++)
        if (marks[side])
            fprintf(sheet->script,
                    "$mark%zu using 1:2 with points pt 6 ps 0.9 lc rgb '%s' %s%s%s, ", side,
                    CHART_INK, side ? "notitle" : "title '", side ? "" : other->class,
                    side ? "" : "'");
    fputs("NaN notitle\n", sheet->script);
    return of && pcid_there(of);
}

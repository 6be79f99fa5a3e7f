/* SPDX-License-Identifier: MIT
 * Chart "growth": five operations, each alone and beside three crowds, isolation off. The bar of
 * the lonely machine has its number, the others what they add to it. Called by chart.c. */
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/table.h"

static const char *const operations[][2] = {
    {"D4/size:0/space:two", "message D4"},
    {"T2/size:8", "scheme T2"},
    {"R1/size:8", "kernel R1"},
    {"open", "open"},
    {"notify", "notify"},
};
static const struct {
    const char *suffix, *title;
    unsigned colour;
} crowds[] = {
    {"", "alone", 8},
    {"/crowd:tasks", "4,000 tasks", 9},
    {"/crowd:schemes", "1,000 schemes", 11},
    {"/crowd:fds", "60,000 descriptors", 14},
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))
#define CROWDS     (sizeof(crowds) / sizeof(crowds[0]))

/* The bars of one crowd; returns how many. */
static unsigned crowd_print(const struct sheet *sheet, size_t crowd)
{
    unsigned bars = 0;
    char text[32], label[40], cell[MATRIX_NAME_MAX + 1];

    fprintf(sheet->script, "$crowd%zu << EOD\n", crowd);
    for (size_t i = 0; i < OPERATIONS; i++) {
        const struct figure *alone = document_find(sheet->document, operations[i][0], false);
        snprintf(cell, sizeof(cell), "%.20s%.18s", operations[i][0], crowds[crowd].suffix);
        const struct figure *figure = document_find(sheet->document, cell, false);
        if (!figure)
            continue;
        number_text(figure->whole, text, sizeof(text));
        snprintf(label, sizeof(label), "%s", text);
        if (crowd && alone)
            snprintf(label, sizeof(label), "%+.6g", figure->whole - alone->whole);
        fprintf(sheet->script, "%.3f %s \"%s\"\n", (double)i + ((double)crowd - 1.5) * 0.2, text,
                label);
        bars++;
    }
    fputs("EOD\n", sheet->script);
    return bars;
}

bool growth_script(const struct sheet *sheet)
{
    FILE *script = sheet->script;
    unsigned bars[CROWDS], crowded = 0;

    for (size_t i = 0; i < CROWDS; i++)
        bars[i] = crowd_print(sheet, i);
    fprintf(script,
            "set xrange [-0.6:%zu.6]\nset yrange [0:*]\nset offsets 0,0,graph 0.16,0\n"
            "set boxwidth 0.18\nset xtics scale 0 (",
            OPERATIONS - 1);
    for (size_t i = 0; i < OPERATIONS; i++) {
        const char *gap = sheet->narrow ? strchr(operations[i][1], ' ') : NULL;
        fprintf(script, "%s\"%.*s%s%s\" %zu", i ? "," : "",
                (int)(gap ? gap - operations[i][1] : (long)strlen(operations[i][1])),
                operations[i][1], gap ? "\\n" : "", gap ? gap + 1 : "", i);
    }
    fprintf(script, ")\nset bmargin %s\nset key below horizontal\nplot ",
            sheet->narrow ? "7" : "4.4");
    for (size_t i = 0; i < CROWDS; i++) {
        crowded += i ? bars[i] : 0;
        if (bars[i])
            fprintf(script,
                    "$crowd%zu using 1:2 with boxes lc rgb '%s' title '%s', '' using 1:2:3 with "
                    "labels font ',%u' rotate by 90 left offset 0,0.4 textcolor rgb '%s' notitle, ",
                    i, chart_light[crowds[i].colour], crowds[i].title, sheet->narrow ? 10u : 11u,
                    CHART_INK);
    }
    fputs("NaN notitle\n", script);
    return crowded > 0;
}

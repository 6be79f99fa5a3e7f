/* SPDX-License-Identifier: MIT
 * See bench/bars.h. Only what was measured is written, because gnuplot dies of a side without a
 * number. */
#include "bench/bars.h"

#include <stdio.h>
#include <string.h>

#include "bench/table.h"

#define INK      chart_light[0]
#define SIDE(on) chart_light[3 + (on)]

/* The data of one side: only what is there, because gnuplot dies of a side without a number. */
static bool side_print(const struct sheet *sheet, const struct bar_group *group, unsigned on)
{
    bool any = false;
    char text[32];

    fprintf(sheet->script, "$side%u << EOD\n", on);
    for (unsigned i = 0; i < group->count; i++) {
        if (!group->bars[i].sides[on])
            continue;
        number_text(group->bars[i].sides[on]->whole, text, sizeof(text));
        fprintf(sheet->script, "%u \"%s\" %s\n", i, group->bars[i].label, text);
        any = true;
    }
    fputs("EOD\n", sheet->script);
    return any;
}

bool bars_plot(const struct sheet *sheet, const struct bar_group *group)
{
    const bool any[2] = {side_print(sheet, group, 0), side_print(sheet, group, 1)};
    const bool upright = group->upright;
    FILE *script = sheet->script;

    fprintf(script,
            "set xrange [-0.6:%u.6]\n%s\nset offsets 0, 0, graph %s, 0\n"
            "set boxwidth 0.36\nset bmargin %s\nset xtics scale 0%s\nplot ",
            group->count ? group->count - 1 : 0,
            group->log ? "set logscale y\nset yrange [10:*]" : "set yrange [0:*]",
            upright ? "0.2" : "0.12", sheet->narrow ? "4.6" : "3.4",
            sheet->narrow && upright ? " rotate by -50" : "");
    for (unsigned on = 0; on < 2; on++)
        if (any[on])
            fprintf(script,
                    "$side%u using ($1%s0.19):3 with boxes lc rgb '%s' title 'isolation %s', "
                    "'' using 1:(%s):xtic(2) with points pt -1 notitle, "
                    "'' using ($1%s0.19):3:(sprintf('%%.6g',$3)) with labels font ',12' %s "
                    "textcolor rgb '%s' notitle, ",
                    on, on ? "+" : "-", SIDE(on), on ? "on" : "off", group->log ? "10" : "0",
                    on ? "+" : "-", upright ? "rotate by 90 left offset 0,0.4" : "offset 0,0.7",
                    INK);
    fputs("NaN notitle\n", script);
    return any[0] || any[1];
}

bool placement_script(const struct sheet *sheet)
{
    static const struct {
        const char *rung, *label, *brief;
    } places[] = {
        {"R1", "linked\\nR1", "R1"},       {"R1m", "module\\nR1m", "R1m"},
        {"D4", "message\\nD4", "D4"},      {"T2", "scheme\\nT2", "T2"},
        {"T1h", "records\\nT1h", "T1h"},   {"T1", "no hand-over\\nT1", "T1"},
        {"T0c", "two calls\\nT0c", "T0c"}, {"T0", "mapped\\nT0", "T0"},
    };
    struct bars bars[sizeof(places) / sizeof(places[0])];
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        bars[count] = (struct bars){sheet->narrow ? places[i].brief : places[i].label,
                                    {chart_at(sheet->document, places[i].rung, 8, false),
                                     chart_at(sheet->document, places[i].rung, 8, true)}};
        count += bars[count].sides[0] || bars[count].sides[1];
    }
    fputs("set key top left vertical\n", sheet->script);
    return bars_plot(sheet, &(struct bar_group){bars, count, sheet->narrow, true}) && count > 3;
}

bool growth_script(const struct sheet *sheet)
{
    static const struct {
        const char *cell, *label;
    } cells[] = {
        {"D4/size:0/space:two", "D4\\nalone"},
        {"D4/size:0/space:two/crowd:tasks", "D4\\ntasks"},
        {"D4/size:0/space:two/crowd:schemes", "D4\\nschemes"},
        {"D4/size:0/space:two/crowd:fds", "D4\\nfds"},
        {"T2/size:8", "T2\\nalone"},
        {"T2/size:8/crowd:tasks", "T2\\ntasks"},
        {"T2/size:8/crowd:schemes", "T2\\nschemes"},
        {"T2/size:8/crowd:fds", "T2\\nfds"},
        {"R1/size:8", "R1\\nalone"},
        {"R1/size:8/crowd:tasks", "R1\\ntasks"},
        {"R1/size:8/crowd:schemes", "R1\\nschemes"},
        {"R1/size:8/crowd:fds", "R1\\nfds"},
    };
    struct bars bars[sizeof(cells) / sizeof(cells[0])];
    unsigned count = 0, crowded = 0;

    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        bars[count] = (struct bars){cells[i].label,
                                    {document_find(sheet->document, cells[i].cell, false),
                                     document_find(sheet->document, cells[i].cell, true)}};
        const bool there = bars[count].sides[0] || bars[count].sides[1];
        count += there;
        crowded += there && strstr(cells[i].cell, "/crowd:");
    }
    fputs("set key top right vertical\n", sheet->script);
    return bars_plot(sheet, &(struct bar_group){bars, count, true, false}) && crowded;
}

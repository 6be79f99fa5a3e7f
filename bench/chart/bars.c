/* SPDX-License-Identifier: MIT
 * See bench/chart/bars.h. Only what was measured is written, because gnuplot dies of a side without
 * a number. */
#include "bench/chart/bars.h"

#include <stdio.h>
#include <string.h>

#include "bench/table.h"

#define NUMBERS_NARROW 12u /* pairs whose numbers a narrow chart has room for */

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
    const bool crowded = sheet->narrow && group->count > NUMBERS_NARROW; /* the table has them */
    FILE *script = sheet->script;

    fprintf(script,
            "set xrange [-0.6:%u.6]\nset yrange [0:*]\nset offsets 0, 0, graph %s, 0\n"
            "set boxwidth 0.36\nset bmargin %s\nset xtics scale 0%s\nplot ",
            group->count ? group->count - 1 : 0, upright ? "0.2" : "0.12",
            sheet->narrow ? "4.6" : "3.4", sheet->narrow && upright ? " rotate by -50" : "");
    for (unsigned on = 0; on < 2; on++) {
        if (!any[on])
            continue;
        fprintf(script,
                "$side%u using ($1%s0.19):3 with boxes lc rgb '%s' title 'isolation %s', "
                "'' using 1:(0):xtic(2) with points pt -1 notitle, ",
                on, on ? "+" : "-", CHART_SIDE(on), on ? "on" : "off");
        if (!crowded)
            fprintf(script,
                    "'' using ($1%s0.19):3:(sprintf('%%.6g',$3)) with labels font ',12' %s "
                    "textcolor rgb '%s' notitle, ",
                    on ? "+" : "-", upright ? "rotate by 90 left offset 0,0.4" : "offset 0,0.7",
                    CHART_INK);
    }
    fputs("NaN notitle\n", script);
    return any[0] || any[1];
}

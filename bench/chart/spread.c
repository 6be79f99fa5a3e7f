/* SPDX-License-Identifier: MIT
 * Chart "spread": empirical distribution functions of single regions, small multiples: a row a
 * route, a column an isolation. All boots are in it; nothing is smoothed. Called by chart.c. */
#include <stdlib.h>
#include <string.h>

#include "bench/chart/chart.h"

static const struct {
    const char *cell, *title;
} routes[] = {
    {"R1/size:8", "kernel R1"}, {"D4/size:8/space:two", "message D4"}, {"T2/size:8", "scheme T2"}};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* The entries of all panels, and the least and the most of their values. */
struct panels {
    struct wire_hist_entry *entries[ROUTES][2];
    size_t counts[ROUTES][2];
    double low, high;
};

static bool panels_take(const struct sheet *sheet, struct panels *panels)
{
    bool any = false;

    *panels = (struct panels){.low = 0};
    for (size_t route = 0; route < ROUTES; route++)
        for (int on = 0; on < 2; on++) {
            size_t *count = &panels->counts[route][on];
            struct wire_hist_entry *entries =
                kept_histogram(sheet->data->kept, routes[route].cell, on, count);
            panels->entries[route][on] = entries;
            if (!entries)
                continue;
            const double low = (double)entries[0].value, high = (double)entries[*count - 1].value;
            panels->low = !any || low < panels->low ? low : panels->low;
            panels->high = !any || high > panels->high ? high : panels->high;
            any = true;
        }
    return any;
}

static void panels_free(struct panels *panels)
{
    for (size_t route = 0; route < ROUTES; route++)
        for (int on = 0; on < 2; on++)
            free(panels->entries[route][on]);
}

/* The steps of one panel, from one end of the axis to the other. */
static void steps_print(FILE *script, const struct panels *panels, size_t route, int on)
{
    const struct wire_hist_entry *entries = panels->entries[route][on];
    double all = 0, so_far = 0;

    for (size_t i = 0; i < panels->counts[route][on]; i++)
        all += (double)entries[i].count;
    fprintf(script, "$steps%zu%d << EOD\n%.17g 0\n", route, on, 0.5 * panels->low);
    for (size_t i = 0; i < panels->counts[route][on]; i++) {
        so_far += (double)entries[i].count;
        fprintf(script, "%.17g %.6f\n", (double)entries[i].value, so_far / all);
    }
    fprintf(script, "%.17g 1\nEOD\n", 2 * panels->high);
}

static void panel_plot(const struct sheet *sheet, const struct panels *panels, size_t route, int on)
{
    fprintf(sheet->script,
            "set label 1 '%s, isolation %s' at graph 0.98,0.22 right textcolor rgb '%s'\n"
            "set format x '%s'\nplot ",
            routes[route].title, on ? "on" : "off", CHART_INK, route + 1 < ROUTES ? "" : "%.6g");
    if (panels->entries[route][on])
        fprintf(sheet->script, "$steps%zu%d using 1:2 with steps lw 2 lc rgb '%s'\n", route, on,
                CHART_SIDE(on));
    else
        fputs("NaN\n", sheet->script);
}

bool spread_script(const struct sheet *sheet)
{
    const bool exact = strcmp(figure_unit(sheet->document->class), "cycles") != 0;
    FILE *script = sheet->script;
    struct panels panels;

    if (!sheet->data->kept || !panels_take(sheet, &panels))
        return false;
    for (size_t route = 0; route < ROUTES; route++)
        for (int on = 0; on < 2; on++)
            if (panels.entries[route][on])
                steps_print(script, &panels, route, on);
    const double margin = 0.05 * (panels.high - panels.low) + 1;
    fprintf(
        script,
        "set multiplot layout %zu,2 columnsfirst margins 0.09,0.98,0.12,0.97 spacing 0.07,0.05\n"
        "unset key\nset ylabel ''\nset yrange [-0.04:1.1]\nset ytics (0,0.5,1)\n"
        "%sset xrange [%.17g:%.17g]\nset xtics font ',11'%s\n",
        ROUTES, exact ? "" : "set logscale x\n", panels.low - margin, panels.high + margin,
        sheet->narrow ? " rotate by -40" : "");
    for (int on = 0; on < 2; on++)
        for (size_t route = 0; route < ROUTES; route++)
            panel_plot(sheet, &panels, route, on);
    fputs("unset multiplot\n", script);
    panels_free(&panels);
    return true;
}

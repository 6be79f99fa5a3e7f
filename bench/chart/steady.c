/* SPDX-License-Identifier: MIT
 * Chart "steady": whether what was measured had come to rest. The warm-up of three routes, region
 * by region, and where boots vary their locations, boot by boot, in percent of their median. Called
 * by chart.c. */
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/chart/steady.h"
#include "bench/judge/rank.h"

const struct steady_route steady_routes[STEADY_ROUTES] = {
    {"R1/size:8", "kernel R1"}, {"D4/size:8/space:two", "message D4"}, {"T2/size:8", "scheme T2"}};

static const unsigned colours[STEADY_ROUTES] = {9, 8, 6};

const struct raw *steady_warmup(const struct kept *kept, const char *cell)
{
    for (size_t i = 0; kept && i < kept->count; i++) {
        const struct boot *boot = kept->boots[i].boot;
        for (size_t k = 0; !boot->hello.trace && !boot->hello.pti && k < boot->raw_count; k++)
            if (!strcmp(boot->raws[k].cell, cell) && !strcmp(boot->raws[k].metric, "warmup"))
                return &boot->raws[k];
    }
    return NULL;
}

size_t steady_boots(const struct document *rows, const char *cell, double wholes[STEADY_BOOTS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; rows && i < rows->count && count < STEADY_BOOTS_MAX; i++)
        if (!rows->figures[i].pti_on && !strcmp(rows->figures[i].cell, cell))
            wholes[count++] = rows->figures[i].whole;
    return count;
}

static bool warmup_print(const struct sheet *sheet, size_t route)
{
    const struct raw *raw = steady_warmup(sheet->data->kept, steady_routes[route].cell);

    fprintf(sheet->script, "$warm%zu << EOD\n", route);
    for (size_t i = 0; raw && i < raw->count; i++)
        fprintf(sheet->script, "%zu %.17g\n", i + 1, (double)raw->samples[i]);
    fputs("EOD\n", sheet->script);
    return raw && raw->count;
}

static bool boots_print(const struct sheet *sheet, size_t route)
{
    double wholes[STEADY_BOOTS_MAX], sorted[STEADY_BOOTS_MAX];
    const size_t count = steady_boots(sheet->data->rows, steady_routes[route].cell, wholes);

    memcpy(sorted, wholes, count * sizeof(*sorted));
    const double middle = count > 1 ? rank_middle(sorted, count) : 0;
    fprintf(sheet->script, "$boots%zu << EOD\n", route);
    for (size_t i = 0; middle > 0 && i < count; i++)
        fprintf(sheet->script, "%zu %.6g\n", i + 1, 100 * (wholes[i] / middle - 1));
    fputs("EOD\n", sheet->script);
    return middle > 0;
}

static void panel_plot(const struct sheet *sheet, const char *data, const bool there[STEADY_ROUTES])
{
    fputs("plot ", sheet->script);
    for (size_t i = 0; i < STEADY_ROUTES; i++)
        if (there[i])
            fprintf(sheet->script,
                    "$%s%zu using 1:2 with linespoints pt 7 ps 0.6 lw 1.6 lc rgb '%s' title '%s', ",
                    data, i, chart_light[colours[i]], steady_routes[i].title);
    fputs("NaN notitle\n", sheet->script);
}

bool steady_script(const struct sheet *sheet)
{
    bool warm[STEADY_ROUTES], boots[STEADY_ROUTES], any[2] = {false, false};

    for (size_t i = 0; i < STEADY_ROUTES; i++) {
        any[0] |= warm[i] = warmup_print(sheet, i);
        any[1] |= boots[i] = boots_print(sheet, i);
    }
    if (!any[0] && !any[1])
        return false;
    const bool both = any[0] && any[1];
    fprintf(sheet->script,
            "set multiplot layout %s\nset key below horizontal samplen 1.4 font ',12'\n"
            "set offsets 0,0,graph 0.1,graph 0.1\n",
            !both           ? "1,1"
            : sheet->narrow ? "2,1"
                            : "1,2");
    if (any[0]) {
        fprintf(sheet->script,
                "set ylabel '%s a region' textcolor rgb '%s'\n"
                "set title 'warm-up, region by region' textcolor rgb '%s'\n",
                figure_unit(sheet->document->class), CHART_INK, CHART_INK);
        panel_plot(sheet, "warm", warm);
    }
    if (any[1]) {
        fprintf(sheet->script,
                "set ylabel '%% of the median'\nset title 'boot by boot' textcolor rgb '%s'\n"
                "set xtics 1\n",
                CHART_INK);
        panel_plot(sheet, "boots", boots);
    }
    fputs("unset multiplot\n", sheet->script);
    return true;
}

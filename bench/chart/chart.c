/* SPDX-License-Identifier: MIT
 * Gnuplot scripts of the charts; see bench/chart/chart.h. A script carries its data within itself,
 * so it can be kept and drawn again anywhere. */
#include "bench/chart/chart.h"

#include <stdlib.h>
#include <string.h>

#include "bench/chart/bars.h"

const char *const chart_names[CHART_COUNT] = {
#define X(name, title, height, narrow) #name,
    CHARTS(X)
#undef X
};

const char *const chart_titles[CHART_COUNT] = {
#define X(name, title, height, narrow) title,
    CHARTS(X)
#undef X
};

/* ink, faint ink, grid; off, on; R1, T2, D4, D0; then phases: blues for the way in, red for the
 * slow path, green for the server, ochres for the way back, grey for the return. */
const char *const chart_light[CHART_COLOURS] = {
    "#1c2430", "#5b6675", "#d9dee6", "#2563a8", "#d9771c", "#2563a9",
    "#a3338c", "#c2571a", "#6b7684", "#0d3b66", "#2b6ca3", "#5b9bd1",
    "#9cc4e8", "#c9302d", "#2f8f5b", "#d8a015", "#8a94a2"};
const char *const chart_dark[CHART_COLOURS] = {
    "#e6eaf0", "#a4afbd", "#39424f", "#66a9ee", "#f5a35c", "#66a9ed",
    "#e38ad2", "#f28f58", "#97a3b2", "#3f7fbf", "#66a3d9", "#8fc0ec",
    "#bfdcf7", "#f0706c", "#63c48f", "#edc255", "#aeb7c4"};

const unsigned chart_phase_colours[PHASE_COUNT] = {
    [PHASE_entry] = 9,  [PHASE_guards] = 10, [PHASE_commit] = 11, [PHASE_root] = 12,
    [PHASE_exit] = 3,   [PHASE_slow] = 13,   [PHASE_server] = 14, [PHASE_middle] = 7,
    [PHASE_reply] = 15, [PHASE_return] = 16,
};

struct cell_parts cell_split(const char *cell)
{
    struct cell_parts parts = {.size = -1};
    const char *size = strstr(cell, "/size:");
    const size_t length = strcspn(cell, "/");

    memcpy(parts.rung, cell, length < sizeof(parts.rung) ? length : sizeof(parts.rung) - 1);
    if (size)
        parts.size = strtol(size + strlen("/size:"), NULL, 10);
    parts.one_space = strstr(cell, "/space:one") != NULL;
    if (strstr(cell, "/mitig:") || strstr(cell, "/crowd:") || strstr(cell, FIGURE_PCID))
        strncat(parts.rung, "+", sizeof(parts.rung) - strlen(parts.rung) - 1); /* no bare rung */
    return parts;
}

const struct figure *chart_at(const struct document *document, const char *rung, long size,
                              bool pti_on)
{
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const struct cell_parts parts = cell_split(figure->cell);
        if (figure->pti_on == pti_on && !parts.one_space && parts.size == size &&
            !strcmp(parts.rung, rung))
            return figure;
    }
    return NULL;
}

const struct figure *chart_smallest(const struct document *document, const char *rung, bool pti_on)
{
    const struct figure *best = NULL;
    long best_size = 0;

    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const struct cell_parts parts = cell_split(figure->cell);
        if (figure->pti_on != pti_on || parts.one_space || strcmp(parts.rung, rung) ||
            (best && parts.size >= best_size))
            continue;
        best = figure;
        best_size = parts.size;
    }
    return best;
}

static void prelude_print(FILE *script, const char *unit)
{
    fprintf(script,
            "set encoding utf8\n"
            "set border 3 lc rgb '%s'\n"
            "set tics nomirror textcolor rgb '%s'\n"
            "set grid ytics lt 1 lw 1 lc rgb '%s'\n"
            "set key reverse Left textcolor rgb '%s' noenhanced\n"
            "set ylabel '%s a round trip' textcolor rgb '%s'\n"
            "set style fill solid 1.0 noborder\n",
            CHART_FAINT, CHART_INK, CHART_GRID, CHART_INK, unit, CHART_INK);
}

static bool answer_script(const struct sheet *sheet)
{
    static const struct {
        const char *rung, *label, *brief;
        long size;
    } routes[] = {
        {"R0", "null call\\nR0", "null call\\nR0", -1},
        {"R1", "scheme, service in the kernel\\nR1, 8 bytes", "scheme,\\nkernel\\nR1", 8},
        {"D4", "message to a server\\nD4, 8 bytes", "message,\\nserver\\nD4", 8},
        {"T2", "scheme, service at a server\\nT2, 8 bytes", "scheme,\\nserver\\nT2", 8},
    };
    struct bars bars[sizeof(routes) / sizeof(routes[0])];
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        bars[count] = (struct bars){sheet->narrow ? routes[i].brief : routes[i].label,
                                    {chart_at(sheet->document, routes[i].rung, routes[i].size, 0),
                                     chart_at(sheet->document, routes[i].rung, routes[i].size, 1)}};
        count += bars[count].sides[0] || bars[count].sides[1];
    }
    fputs("set key top left vertical\n", sheet->script);
    return bars_plot(sheet, &(struct bar_group){bars, count, false});
}

static bool ladder_script(const struct sheet *sheet)
{
    static const char *const rungs[] = {"R0",     "R1",    "D0",   "D1",   "D2",   "D3",
                                        "D4",     "T0",    "T0c",  "T1",   "T1h",  "T2",
                                        "notify", "fault", "pipe", "chan", "futex"};
    struct bars bars[sizeof(rungs) / sizeof(rungs[0])];
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        bars[count] = (struct bars){rungs[i],
                                    {chart_smallest(sheet->document, rungs[i], false),
                                     chart_smallest(sheet->document, rungs[i], true)}};
        count += bars[count].sides[0] || bars[count].sides[1];
    }
    fputs("set key top left vertical\n", sheet->script);
    return bars_plot(sheet, &(struct bar_group){bars, count, true});
}

bool chart_script(const struct sheet *sheet, enum chart chart)
{
    static bool (*const scripts[CHART_COUNT])(const struct sheet *) = {
#define X(name, title, height, narrow) name##_script,
        CHARTS(X)
#undef X
    };

    prelude_print(sheet->script, figure_unit(sheet->document->class));
    return scripts[chart](sheet);
}

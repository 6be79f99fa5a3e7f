/* SPDX-License-Identifier: MIT
 * Gnuplot scripts of the charts; see bench/chart.h. A script carries its data within itself, so it
 * can be kept and drawn again anywhere. */
#include "bench/chart.h"

#include "bench/bars.h"

#include <stdlib.h>
#include <string.h>

#include "bench/crossover.h"
#include "bench/peers.h"
#include "bench/table.h"

const char *const chart_names[CHART_COUNT] = {
#define X(name, title) #name,
    CHARTS(X)
#undef X
};

const char *const chart_titles[CHART_COUNT] = {
#define X(name, title) title,
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

#define INK      chart_light[0]
#define FAINT    chart_light[1]
#define GRID     chart_light[2]
#define ROUTE(i) chart_light[5 + (i)]

/* Where legends of many lines stand. */
#define KEY(sheet) ((sheet)->narrow ? "below vertical maxrows 5" : "outside right top")

/* Colours of the phases, as places in the table above. */
static const unsigned phase_colours[PHASE_COUNT] = {
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
    if (strstr(cell, "/mitig:") || strstr(cell, "/crowd:"))
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
            FAINT, INK, GRID, INK, unit, INK);
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
    return bars_plot(sheet, &(struct bar_group){bars, count, false, false});
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
    fputs("set key top right vertical\n", sheet->script);
    return bars_plot(sheet, &(struct bar_group){bars, count, true, false});
}

static const char *const payload_rungs[] = {"R1", "T2", "D4", "D0"};
#define PAYLOAD_RUNGS (sizeof(payload_rungs) / sizeof(payload_rungs[0]))

/* The points of one line; a payload of 0 has no place on a logarithmic axis. */
static unsigned line_print(FILE *script, const struct document *document, const char *rung,
                           bool pti_on)
{
    unsigned points = 0;
    char text[32];

    fprintf(script, "$%s_%d << EOD\n", rung, pti_on);
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const struct cell_parts parts = cell_split(figure->cell);
        if (figure->pti_on != pti_on || parts.one_space || parts.size <= 0 ||
            strcmp(parts.rung, rung))
            continue;
        number_text(figure->whole, text, sizeof(text));
        fprintf(script, "%ld %s\n", parts.size, text);
        points++;
    }
    fputs("EOD\n", script);
    return points;
}

static unsigned crossovers_print(FILE *script, const struct document *document)
{
    unsigned found = 0;

    fputs("$crossovers << EOD\n", script);
    for (size_t i = 0; i < CROSSOVER_PAIRS; i++) {
        const struct crossover at = crossover_find(document, crossover_pairs[i]);
        if (at.size <= 0)
            continue;
        fprintf(script, "%.6g %.6g \"%s = %s\"\n", at.size, at.whole, crossover_pairs[i][0],
                crossover_pairs[i][1]);
        found++;
    }
    fputs("EOD\n", script);
    return found;
}

/* The least that any payload costs: where the axis begins. */
static double least_whole(const struct document *document)
{
    double least = 0;

    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        if (cell_split(figure->cell).size > 0 && figure->whole > 0 &&
            (least == 0 || figure->whole < least))
            least = figure->whole;
    }
    return least > 0 ? least : 1;
}

static bool payload_script(const struct sheet *sheet)
{
    FILE *script = sheet->script;
    const struct document *document = sheet->document;
    unsigned points[PAYLOAD_RUNGS][2], all = 0;

    for (size_t i = 0; i < PAYLOAD_RUNGS; i++)
        for (int on = 0; on < 2; on++)
            all += points[i][on] = line_print(script, document, payload_rungs[i], on);
    const unsigned crossovers = crossovers_print(script, document);
    fputs("$peers << EOD\n", script);
    const bool peers = peers_print(script, document);
    fputs("EOD\n", script);
    fprintf(script,
            "set logscale xy\nset xrange [6:100000]\nset yrange [%.6g:]\nset key %s\n"
            "set xlabel 'payload in bytes' textcolor rgb '%s'\n"
            "set xtics (%s,64,256,'1 Ki' 1024,'4 Ki' 4096,'16 Ki' 16384,'64 Ki' 65536)\n"
            "plot ",
            0.7 * least_whole(document), KEY(sheet), INK, sheet->narrow ? "8" : "8,40");
    for (size_t i = 0; i < PAYLOAD_RUNGS; i++) {
        for (int on = 0; on < 2; on++)
            if (points[i][on])
                fprintf(script,
                        "$%s_%d using 1:2 with linespoints lw 2 dt %d pt %d ps 0.6 lc rgb '%s' "
                        "title '%s, isolation %s', ",
                        payload_rungs[i], on, on ? 2 : 1, on ? 6 : 7, ROUTE(i), payload_rungs[i],
                        on ? "on" : "off");
    }
    if (crossovers)
        fprintf(script,
                "$crossovers using 1:2 with points pt 4 ps 1.4 lw 2 lc rgb '%s' notitle, "
                "'' using 1:2:3 with labels right offset -1,0.8 textcolor rgb '%s' notitle, ",
                INK, INK);
    if (peers)
        fprintf(script, "$peers using 1:2 with points pt 2 ps 0.8 lc rgb '%s' title 'Linux%s', ",
                FAINT, strcmp(document->class, "icount") ? " of this host" : " 6.1");
    if (peers && !sheet->narrow)
        fprintf(script,
                "$peers using ($1<1024?$1:NaN):2:3 with labels left offset 1,-0.3 textcolor rgb "
                "'%s' notitle, '' using ($1<1024?NaN:$1):2:3 with labels right offset -1,-0.5 "
                "textcolor rgb '%s' notitle, ",
                FAINT, FAINT);
    fputs("NaN notitle\n", script);
    return all > 0;
}

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

static bool phases_script(const struct sheet *sheet)
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
            sheet->narrow ? 70u : 40u, KEY(sheet));
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(script, "%s using %u%s lc rgb '%s' title '%s'%s", i ? "''" : "$data", i + 2,
                i ? "" : ":xtic(1)", chart_light[phase_colours[i]], span_phase_name((enum phase)i),
                i + 1 < PHASE_COUNT ? ", " : "\n");
    return count > 0;
}

bool chart_script(const struct sheet *sheet, enum chart chart)
{
    static bool (*const scripts[CHART_COUNT])(const struct sheet *) = {
        answer_script, placement_script, payload_script,
        ladder_script, phases_script,    growth_script};

    prelude_print(sheet->script, figure_unit(sheet->document->class));
    return scripts[chart](sheet);
}

/* SPDX-License-Identifier: MIT
 * Charts "past" and "counted": the last runs of the history, a small panel a cell, isolation off
 * and on as two lines. Runs of one machine are a stretch with a letter, parted from the next.
 * Changes have a ring; the newest of a panel also their size and commit. Called by chart.c,
 * and to read that history by plot and report. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bench/chart/chart.h"
#include "bench/history/number.h"

#define LABELS  3u   /* a panel: more of them would cover each other */
#define ROW     0.11 /* of a panel's height: from label to label */
#define DIGITS  7u   /* of a commit */
#define WORSE   13u  /* places in the palette */
#define BETTER  14u
#define LETTERS 26u

static void line_print(FILE *script, const struct past *past, size_t cell, size_t on)
{
    fprintf(script, "$line%zu << EOD\n", on);
    for (size_t i = 0; i < past->count; i++) {
        const struct past_value *value = &past->runs[i].values[cell][on];
        if (i && past->runs[i].stretch != past->runs[i - 1].stretch)
            fputc('\n', script); /* no line from one machine to another */
        if (value->there)
            fprintf(script, "%zu %.17g\n", i, value->value);
    }
    fputs("EOD\n", script);
}

/* Rings around the changes for the worse, or for the better. */
static void rings_print(FILE *script, const struct past *past, size_t cell, bool worse)
{
    fprintf(script, "$ring%d << EOD\n", worse);
    for (size_t i = 0; i < past->count; i++)
        for (size_t on = 0; on < 2; on++) {
            const struct past_value *value = &past->runs[i].values[cell][on];
            if (value->change && value->worse == worse)
                fprintf(script, "%zu %.17g\n", i, value->value);
        }
    fputs("EOD\n", script);
}

/* A commit comes from anywhere: only what cannot end a quoted text. */
static void commit_print(FILE *script, const char *commit)
{
    for (size_t i = 0; commit[i] && i < (strncmp(commit, "run ", 4) ? DIGITS : DIGITS + 4); i++)
        fputc(isalnum((unsigned char)commit[i]) ? commit[i] : ' ', script);
}

/* "+10 % abcdef0", and a line down to the run; on the side where there is room. */
static void label_print(const struct sheet *sheet, const struct past *past, size_t at, size_t cell,
                        unsigned row)
{
    const struct past_value *values = past->runs[at].values[cell];
    const bool left = 2 * at < past->count, off = values[0].change;
    const double height = 0.95 - ROW * row;

    fprintf(sheet->script, "set label %u '%s%+.3g %% ", row + 1, off ? "" : "on ",
            values[!off].change->percent);
    commit_print(sheet->script, past->runs[at].commit);
    fprintf(sheet->script,
            "' at first %zu, graph %.2f %s offset %s,0 noenhanced front font ',11' textcolor rgb "
            "'%s'\n",
            at, height, left ? "left" : "right", left ? "0.4" : "-0.4", CHART_INK);
    fprintf(sheet->script,
            "set arrow %u from first %zu, graph 0 to first %zu, graph %.2f nohead dt 3 lc rgb "
            "'%s'\n",
            row + 1, at, at, height + 0.03, CHART_FAINT);
}

static void labels_print(const struct sheet *sheet, const struct past *past, size_t cell)
{
    unsigned rows = 0;

    fputs("unset label\nunset arrow\n", sheet->script);
    for (size_t i = past->count; i-- > 0 && rows < LABELS;)
        if (past->runs[i].values[cell][0].change || past->runs[i].values[cell][1].change)
            label_print(sheet, past, i, cell, rows++);
}

/* Lines between the machines, and a letter for each where there are several. */
static void stretches_print(const struct sheet *sheet, const struct past *past)
{
    for (size_t i = 0; past->stretches > 1 && i < past->count; i++) {
        if (i && past->runs[i].stretch == past->runs[i - 1].stretch)
            continue;
        fprintf(sheet->script,
                "set label %zu '%c' at first %zu, graph 0.05 left offset 0.3,0 font ',11' "
                "textcolor rgb '%s'\n",
                LABELS + 1 + i, (char)('A' + past->runs[i].stretch % LETTERS), i, CHART_FAINT);
        if (i)
            fprintf(sheet->script,
                    "set arrow %zu from first %g, graph 0 to first %g, graph 1 nohead lw 2 lc rgb "
                    "'%s'\n",
                    LABELS + 1 + i, (double)i - 0.5, (double)i - 0.5, CHART_FAINT);
    }
}

/* The days of the first and the last run, below the panels. */
static void days_print(FILE *script, const struct past *past)
{
    char days[2][TIME_MAX];

    time_text(past->runs[0].facts.time_us, days[0]);
    time_text(past->runs[past->count - 1].facts.time_us, days[1]);
    fprintf(script, "unset xtics\nset xlabel '%.10s to %.10s' offset 0,0.5 textcolor rgb '%s'\n",
            days[0], days[1], CHART_FAINT);
}

/* The least and the greatest of a panel's values; false where it has none. */
static bool range_find(const struct past *past, size_t cell, double range[2])
{
    bool any = false;

    for (size_t i = 0; i < past->count * 2; i++) {
        const struct past_value *value = &past->runs[i / 2].values[cell][i % 2];
        if (!value->there)
            continue;
        range[0] = any && range[0] < value->value ? range[0] : value->value;
        range[1] = any && range[1] > value->value ? range[1] : value->value;
        any = true;
    }
    return any;
}

static void panel_plot(const struct sheet *sheet, const struct past *past, size_t cell, bool named)
{
    const struct cell_parts parts = cell_split(past->wanted.cells[cell]);
    double range[2];
    char size[32] = "";

    range_find(past, cell, range);
    const double span = range[1] > range[0] ? range[1] - range[0] : 0.05 * range[1] + 1;
    for (size_t on = 0; on < 2; on++) {
        line_print(sheet->script, past, cell, on);
        rings_print(sheet->script, past, cell, on);
    }
    labels_print(sheet, past, cell);
    stretches_print(sheet, past);
    if (parts.size >= 0)
        snprintf(size, sizeof(size), ", %ld bytes", parts.size);
    /* room for the labels above, and for the letters below */
    fprintf(sheet->script, "set yrange [%.9g:%.9g]\nset title '", range[0] - 0.25 * span,
            range[1] + 0.75 * span);
    for (const char *at = parts.rung; *at; at++)
        fputc(isalnum((unsigned char)*at) ? *at : ' ', sheet->script);
    fprintf(sheet->script,
            "%s' noenhanced offset 0,-0.5 textcolor rgb '%s'\n"
            "set key %s\nplot "
            "$line0 using 1:2 with linespoints pt 7 ps 0.35 lw 1.6 lc rgb '%s' title 'isolation "
            "off', "
            "$line1 using 1:2 with linespoints pt 7 ps 0.35 lw 1.6 lc rgb '%s' title 'on', "
            "$ring1 using 1:2 with points pt 6 ps 1.3 lw 2 lc rgb '%s' notitle, "
            "$ring0 using 1:2 with points pt 6 ps 1.3 lw 2 lc rgb '%s' notitle\n",
            size, CHART_INK,
            named ? "at screen 0.5, screen 0.005 center bottom horizontal maxrows 1" : "off",
            CHART_SIDE(0), CHART_SIDE(1), chart_light[WORSE], chart_light[BETTER]);
}

static bool runs_script(const struct sheet *sheet, const struct past *past)
{
    size_t panels = 0;
    double range[2];

    for (size_t i = 0; past && i < PAST_CELLS; i++)
        panels += past->wanted.cells[i] && range_find(past, i, range);
    if (!panels)
        return false;
    const size_t columns = sheet->narrow ? 1 : panels == 4 ? 2 : panels < 3 ? panels : 3;
    const size_t rows = (panels + columns - 1) / columns;
    fprintf(sheet->script,
            "set multiplot layout %zu,%zu margins %s spacing %s\nset tics font ',11'\n"
            "set ylabel '%s' offset 1.5 font ',11'\nset xrange [-0.7:%g]\n",
            rows, columns, sheet->narrow ? "0.15,0.97,0.06,0.975" : "0.065,0.985,0.135,0.94",
            sheet->narrow ? "0,0.055" : "0.075,0.16", figure_unit(past->wanted.class),
            (double)past->count - 0.3);
    days_print(sheet->script, past);
    bool named = true;
    for (size_t i = 0; i < PAST_CELLS; i++) {
        if (!past->wanted.cells[i] || !range_find(past, i, range))
            continue;
        panel_plot(sheet, past, i, named);
        named = false;
    }
    fputs("unset multiplot\n", sheet->script);
    return true;
}

int chart_pasts(const char *verb, const char *option, const struct document *document,
                struct past pasts[2])
{
    static const char *const rungs[PAST_CELLS] = {"R0", "R1", "D4", "T2", "pipe", "open"};
    struct past_wanted wanted = {.class = document->class, .machine = document->machine};

    for (unsigned i = 0; i < PAST_CELLS; i++) {
        const struct figure *off = chart_smallest(document, rungs[i], false);
        const struct figure *figure = off ? off : chart_smallest(document, rungs[i], true);
        wanted.cells[i] = figure ? figure->cell : NULL;
    }
    const int status = past_load(verb, option, &wanted, &pasts[0]);
    if (status || !strcmp(figure_unit(document->class), "instructions"))
        return status;
    wanted.class = "icount";
    return past_load(verb, option, &wanted, &pasts[1]);
}

bool past_script(const struct sheet *sheet)
{
    return runs_script(sheet, sheet->data->past);
}

bool counted_script(const struct sheet *sheet)
{
    return runs_script(sheet, sheet->data->counted);
}

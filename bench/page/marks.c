/* SPDX-License-Identifier: MIT
 * Three cells that most tables have, isolation off, on and what it adds, and the notes that some of
 * them need: a count that is no whole number, isolation that seems to make a call cheaper. See
 * bench/page/report.h. */
#include <math.h>
#include <string.h>

#include "bench/judge/judge.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define BOOTS_LEAST 5u /* a side: fewer have no interval of 99 % */

bool report_exact(const struct report *report)
{
    return strcmp(figure_unit(report->document->class), "cycles") != 0;
}

static void fraction_add(struct marks *marks, const struct figure *figure)
{
    if (figure && figure->whole != floor(figure->whole) && marks->fractions < MARKS_MAX)
        marks->fraction[marks->fractions++] = figure;
}

/* The rows of one figure, a boot each. */
static size_t boots_of(const struct report *report, const struct figure *figure,
                       double wholes[JUDGE_BOOTS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; report->rows && i < report->rows->count; i++) {
        const struct figure *row = &report->rows->figures[i];
        if (row->pti_on == figure->pti_on && !strcmp(row->cell, figure->cell) &&
            count < JUDGE_BOOTS_MAX)
            wholes[count++] = row->whole;
    }
    return count;
}

bool report_interval(const struct report *report, const struct figure *const sides[2],
                     double interval[2])
{
    static double wholes[2][JUDGE_BOOTS_MAX];
    struct judgement judged;

    if (!sides[0] || !sides[1] || report_exact(report))
        return false;
    const size_t counts[2] = {boots_of(report, sides[0], wholes[0]),
                              boots_of(report, sides[1], wholes[1])};
    if (counts[0] < BOOTS_LEAST || counts[1] < BOOTS_LEAST ||
        judge_sides(wholes[0], counts[0], wholes[1], counts[1], &judge_default, &judged))
        return false;
    interval[0] = judged.low;
    interval[1] = judged.high;
    return true;
}

/* The cell of a difference, with its interval where boots vary. */
static void difference_cell(FILE *out, const struct report *report,
                            const struct figure *const sides[2])
{
    double interval[2];
    char texts[2][32];

    if (!report_interval(report, sides, interval)) {
        html_difference(out, sides[0], sides[1], figure_unit(report->document->class));
        return;
    }
    number_text(interval[0], texts[0], sizeof(texts[0]));
    number_text(interval[1], texts[1], sizeof(texts[1]));
    html_difference_begin(out, sides, figure_unit(report->document->class));
    fprintf(out, "<small>%s to %s</small></td>", texts[0], texts[1]);
}

void report_pair(FILE *out, const struct report *report, const struct figure *sides[2],
                 struct marks *marks)
{
    const char *unit = figure_unit(report->document->class);

    for (unsigned on = 0; on < 2; on++)
        html_number(out, sides[on], unit, sides[on] ? sides[on]->whole : 0);
    difference_cell(out, report, (const struct figure *const[2]){sides[0], sides[1]});
    if (!report_exact(report))
        return; /* cycles have fractions, and vary */
    fraction_add(marks, sides[0]);
    fraction_add(marks, sides[1]);
    if (sides[0] && sides[1] && sides[1]->whole < sides[0]->whole && marks->lesses < MARKS_MAX)
        marks->less[marks->lesses++] = sides[1];
}

static void regions_print(FILE *out, const struct figure *figure)
{
    char texts[2][32];

    html_text(out, figure->cell);
    fputs(figure->pti_on ? " on" : " off", out);
    if (!figure_has(figure->min) || !figure_has(figure->max) || !figure_has(figure->calls))
        return;
    number_text(figure->min, texts[0], sizeof(texts[0]));
    number_text(figure->max, texts[1], sizeof(texts[1]));
    fprintf(out, " (%.0f regions of %.0f call%s, %s to %s each)", figure->samples, figure->calls,
            figure->calls > 1 ? "s" : "", texts[0], texts[1]);
}

void report_marks(FILE *out, const struct marks *marks)
{
    for (unsigned i = 0; i < marks->fractions; i++) {
        fputs(i ? "; "
                : "<p class=\"note\">A fraction of an instruction is a mean: these regions "
                  "were not all alike, and the figure is the mean of their central 90 %, "
                  "less the empty region, divided by the calls in one: ",
              out);
        regions_print(out, marks->fraction[i]);
    }
    fputs(marks->fractions ? ".</p>\n" : "", out);
    for (unsigned i = 0; i < marks->lesses; i++) {
        fputs(i ? ", "
                : "<p class=\"note\">Less with isolation is no gain by isolation. Off and on "
                  "are two boots, exact each, whose memory and clock do not stand alike when "
                  "the region begins; where the path itself crosses seldom, that is all that "
                  "the difference shows: ",
              out);
        html_text(out, marks->less[i]->cell);
    }
    fputs(marks->lesses ? ".</p>\n" : "", out);
}

/* SPDX-License-Identifier: MIT
 * What moved against a base, on the report's first screen: the verdict of all, how many figures
 * went which way, and the worst of them; the others fold away, so that a change of everything is no
 * wall. The verdicts are tach compare's. See bench/page/report.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define SHOWN 10u /* rows that do not fold away */

static void counts_print(FILE *out, const struct comparison *comparison)
{
    const size_t *verdicts = comparison->verdicts;

    fprintf(out, "%zu slower, %zu faster, %zu equal", verdicts[VERDICT_REGRESSED],
            verdicts[VERDICT_IMPROVED], verdicts[VERDICT_EQUIVALENT]);
    if (!comparison->exact)
        fprintf(out, ", %zu not decided", verdicts[VERDICT_INCONCLUSIVE]);
    if (comparison->lone[0] || comparison->lone[1])
        fprintf(out, ", %zu only before, %zu only now", comparison->lone[0], comparison->lone[1]);
}

static const char *headline(const struct comparison *comparison)
{
    switch (comparison_verdict(comparison)) {
    case VERDICT_REGRESSED:
        return comparison->verdicts[VERDICT_REGRESSED] ? "slower" : "figures vanished";
    case VERDICT_IMPROVED:
        return "faster";
    case VERDICT_EQUIVALENT:
        return comparison->moved ? "nothing slower" : "nothing moved";
    default:
        return "not decided";
    }
}

void report_moved(FILE *out, const struct report *report)
{
    const struct comparison *comparison = report->comparison;

    if (!comparison) {
        const struct past *past = report->past;
        const bool judged = past && past->series;
        fprintf(out, "<li><b%s>%s</b>", judged && past->slower ? " class=\"alarm\"" : "",
                !judged        ? "not compared"
                : past->slower ? "slower lately"
                               : "nothing slower");
        report_lately(out, report);
        if (report->foreign) {
            fputs(" Figures of different machines or classes are never compared, so ", out);
            html_text(out, report->foreign);
            fputs(" says nothing here.</li>\n", out);
            return;
        }
        fputs(" Whether this run is slower than an earlier one: name that with "
              "<code>--against</code>.</li>\n",
              out);
        return;
    }
    const char *class =
        comparison_verdict(comparison) == VERDICT_REGRESSED ? " class=\"alarm\"" : "";
    if (comparison->moved || !comparison->exact)
        fprintf(out, "<li><b><a href=\"#moved\"%s>%s</a></b>", class, headline(comparison));
    else
        fprintf(out, "<li><b%s>%s</b>", class, headline(comparison));
    counts_print(out, comparison);
    fputs(" against ", out);
    html_text(out, comparison->sides[0].path);
    if (!comparison->exact)
        fprintf(out, ", %zu boots against %zu", comparison->sides[1].boots,
                comparison->sides[0].boots);
    fputs(". ", out);
    report_lately(out, report);
    fputs("</li>\n", out);
}

static void number_cell(FILE *out, double number, bool sign)
{
    char text[32];

    number_text(fabs(number), text, sizeof(text));
    fprintf(out, "<td>%s%s</td>", number < 0 ? "-" : sign ? "+" : "", text);
}

/* Base, head, shift, percent and interval of the whole. */
static void whole_cells(FILE *out, const struct comparison *comparison,
                        const struct compared *figure)
{
    const struct compared_metric *whole = &figure->metrics[METRIC_whole];
    const struct judgement *judged = &whole->judged;
    char texts[2][32];

    if (!whole->there) {
        fprintf(out, "<td>-</td><td>-</td><td>-</td><td>-</td>%s",
                comparison->exact ? "" : "<td>-</td>");
        return;
    }
    number_cell(out, judged->location[0], false);
    number_cell(out, judged->location[1], false);
    number_text(fabs(judged->shift), texts[0], sizeof(texts[0]));
    fprintf(out,
            "<td class=\"text\" data-judged=\"shift\">%c%s</td><td class=\"text\">%+.2f %%</td>",
            judged->shift < 0 ? '-' : '+', texts[0], judged->percent);
    if (!comparison->exact)
        fprintf(out, "<td>%+.2f to %+.2f %%</td>", judged->percent_low, judged->percent_high);
}

static void row_print(FILE *out, const struct comparison *comparison, const struct compared *figure)
{
    const bool worse = figure->verdict == VERDICT_REGRESSED || figure->on == ON_BASE_ONLY;

    fputs("<tr><td>", out);
    html_text(out, figure->name);
    fprintf(out, "</td><td class=\"text%s\">%s",
            worse                                 ? " alarm"
            : figure->verdict == VERDICT_IMPROVED ? " good"
                                                  : "",
            figure->on == ON_BASE_ONLY   ? "only before"
            : figure->on == ON_HEAD_ONLY ? "only now"
                                         : verdict_name(figure->verdict));
    const struct judgement *whole = &figure->metrics[METRIC_whole].judged;
    if (figure->verdict == VERDICT_INCONCLUSIVE && whole->boots_more)
        fprintf(out, "<small>%u more boots a side could say</small>", whole->boots_more);
    fputs("</td>", out);
    whole_cells(out, comparison, figure);
    fputs("<td class=\"text\">", out);
    html_text(out, figure->cause);
    if (figure->reading != READING_NONE)
        fprintf(out, " (%s)", reading_text(figure->reading));
    fputs("</td></tr>\n", out);
}

static void rows_print(FILE *out, const struct comparison *comparison,
                       const struct compared *const *rows, size_t count)
{
    html_table(out, "What moved",
               comparison->exact ? "figure|<verdict|before|now|<shift|<percent|<in"
                                 : "figure|<verdict|before|now|<shift|<percent|99 % interval|<in");
    for (size_t i = 0; i < count; i++)
        row_print(out, comparison, rows[i]);
    html_table_end(out);
}

/* By which rule, so that nobody has to guess. */
static void rule_print(FILE *out, const struct comparison *comparison)
{
    if (comparison->exact) {
        html_note(out, "Counted, so any difference is one of the path: there is no threshold.");
        return;
    }
    fprintf(out,
            "<p class=\"note\">Slower or faster: the %g %% interval over the boots excludes 0, and "
            "the shift is %g %% or more",
            100 * comparison->rule.confidence, 100 * comparison->rule.matters);
    if (comparison->rule.floor > 0)
        fprintf(out, " and above the A/A floor, %.2g %%", 100 * comparison->rule.floor);
    fprintf(out, "; over all figures together an error of %g %% (Holm).</p>\n",
            100 * comparison->rule.family);
}

static bool row_wanted(const struct comparison *comparison, const struct compared *figure)
{
    return figure->moved || figure->on != ON_BOTH ||
           (!comparison->exact && figure->verdict != VERDICT_EQUIVALENT);
}

void report_moved_table(FILE *out, const struct report *report)
{
    const struct comparison *comparison = report->comparison;
    const struct compared **rows = comparison ? comparison_order(comparison) : NULL;
    size_t count = 0;

    for (size_t i = 0; rows && i < comparison->count; i++)
        if (row_wanted(comparison, rows[i]))
            rows[count++] = rows[i];
    if (rows && (count || !comparison->exact)) {
        fputs("<h3 id=\"moved\">What moved", out);
        if (count > SHOWN)
            fprintf(out, ": the first %u of %zu", SHOWN, count);
        fputs("</h3>\n", out);
        rows_print(out, comparison, rows, count < SHOWN ? count : SHOWN);
        if (count > SHOWN) {
            fprintf(out, "<details><summary>The other %zu</summary>\n", count - SHOWN);
            rows_print(out, comparison, rows + SHOWN, count - SHOWN);
            fputs("</details>\n", out);
        }
        rule_print(out, comparison);
    }
    free(rows);
}

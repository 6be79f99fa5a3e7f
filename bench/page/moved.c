/* SPDX-License-Identifier: MIT
 * What moved against an earlier run, on the report's first screen: how many figures, which way, and
 * the largest of them; the others fold away, so that a change of everything is no wall. See
 * bench/page/report.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define SHOWN 10u /* rows that do not fold away */

static const char *json_say(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

/* By how much a row moved, in percent. What only one side has comes before everything; so does what
 * was nothing before. */
static double row_weight(const json_t *row)
{
    const double old = json_number_value(json_object_get(row, "old"));

    if (!json_object_get(row, "old") || old == 0)
        return HUGE_VAL;
    return fabs(json_number_value(json_object_get(row, "percent")));
}

/* qsort's order, the largest first; equal ones stay in the order of the matrix. */
static int rows_order(const void *a, const void *b)
{
    const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    const double from = row_weight(left), to = row_weight(right);

    if (from != to)
        return from < to ? 1 : -1;
    return strcmp(json_say(left, "name"), json_say(right, "name"));
}

static unsigned rows_slower(const json_t *moved, int sign)
{
    unsigned count = 0;
    size_t index;
    json_t *row;

    json_array_foreach(moved, index, row) count +=
        sign * json_number_value(json_object_get(row, "delta")) > 0;
    return count;
}

void report_moved(FILE *out, const struct report *report)
{
    const size_t count = json_array_size(report->moved);
    const bool exact = strcmp(figure_unit(report->document->class), "cycles") != 0;

    fputs("<li>", out);
    if (!report->moved) {
        fputs("<b>not compared</b>Whether anything got slower: name an earlier run with "
              "--against.</li>\n",
              out);
        return;
    }
    if (count)
        fprintf(out, "<b><a href=\"#moved\"%s>%zu figures moved</a></b>",
                exact ? " class=\"alarm\"" : "", count);
    else
        fputs("<b>nothing moved</b>Nothing got slower or faster ", out);
    if (count)
        fprintf(out, "%u up, %u down ", rows_slower(report->moved, 1),
                rows_slower(report->moved, -1));
    fputs("against ", out);
    html_text(out, report->against);
    fputs(exact ? ".</li>\n" : "; cycles vary from boot to boot, so this is no verdict.</li>\n",
          out);
}

static void json_cell(FILE *out, const json_t *row, const char *member)
{
    char text[32];
    const json_t *number = json_object_get(row, member);

    number_text(json_number_value(number), text, sizeof(text));
    fprintf(out, "<td>%s</td>", json_is_number(number) ? text : "-");
}

static void row_print(FILE *out, const json_t *row)
{
    fputs("<tr><td>", out);
    html_text(out, json_say(row, "name"));
    fputs("</td><td>", out);
    html_text(out, json_say(row, "metric"));
    fputs("</td>", out);
    json_cell(out, row, "old");
    json_cell(out, row, "new");
    json_cell(out, row, "percent");
    fputs("<td class=\"text\">", out);
    html_text(out, json_say(row, "phases"));
    fputs(*json_say(row, "only") ? "only in the " : "", out);
    html_text(out, json_say(row, "only"));
    fputs("</td></tr>\n", out);
}

static void rows_print(FILE *out, json_t *const *rows, size_t count)
{
    html_table(out, "What moved", "figure|metric|old|new|percent|<in");
    for (size_t i = 0; i < count; i++)
        row_print(out, rows[i]);
    html_table_end(out);
}

void report_moved_table(FILE *out, const struct report *report)
{
    const size_t count = json_array_size(report->moved);
    json_t **rows = count ? malloc(count * sizeof(json_t *)) : NULL;

    if (!rows)
        return;
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(report->moved, i);
    qsort(rows, count, sizeof(json_t *), rows_order);
    fputs("<h3 id=\"moved\">What moved", out);
    if (count > SHOWN)
        fprintf(out, ": the %u largest of %zu", SHOWN, count);
    fputs("</h3>\n", out);
    rows_print(out, rows, count < SHOWN ? count : SHOWN);
    if (count > SHOWN) {
        fprintf(out, "<details><summary>The other %zu</summary>\n", count - SHOWN);
        rows_print(out, rows + SHOWN, count - SHOWN);
        fputs("</details>\n", out);
    }
    free(rows);
}

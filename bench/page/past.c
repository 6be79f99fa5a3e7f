/* SPDX-License-Identifier: MIT
 * The report's section about the history: the last runs, what changed among them, and every number
 * that the charts show; and its word in the answers. The texts are those of whoever committed, so
 * each is escaped. See bench/page/report.h. */
#include <string.h>

#include "bench/history/number.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define CHANGES_SHOWN 12u /* rows that do not fold away */
#define SUBJECT_MAX   70u

static const char *const sides[2] = {"off", "on"};

static bool past_there(const struct past *past)
{
    return past && past->state == PAST_READ && past->count;
}

static char letter(const struct past_run *run)
{
    return (char)('A' + run->stretch % 26);
}

static void day_print(FILE *out, const struct past_run *run)
{
    char text[TIME_MAX];

    time_text(run->facts.time_us, text);
    fprintf(out, "%.10s", text);
}

void report_lately(FILE *out, const struct report *report)
{
    const struct past *past = report->past;

    if (!past || !past->series)
        return;
    if (!past->slower) {
        fprintf(out, "In the history nothing got slower among the last %u points.", HISTORY_RECENT);
        return;
    }
    fprintf(out,
            "In the history <a href=\"#history\">%zu of %zu figures</a> got slower among the last "
            "%u points, most ",
            past->slower, past->series, HISTORY_RECENT);
    html_text(out, past->worst ? past->worst : "");
    fprintf(out, ", %+.2f %% at ", past->worst_percent);
    html_text(out, past->worst_commit);
    fputc('.', out);
}

/* The name of a series, as tach history has it. */
static void name_print(FILE *out, const struct past *past, size_t cell, size_t on)
{
    html_text(out, past->wanted.cells[cell]);
    fprintf(out, "/pti:%s", sides[on]);
}

/* An attribute for who holds the page against the history. */
static void place_print(FILE *out, const struct past *past, size_t run, const size_t place[2])
{
    fputs(" data-past=\"", out);
    name_print(out, past, place[0], place[1]);
    fputs("\" data-run=\"", out);
    html_text(out, past->runs[run].facts.digest);
    fputc('"', out);
}

static void change_row(FILE *out, const struct past *past, size_t at, const size_t place[2])
{
    const struct past_run *run = &past->runs[at];
    const struct past_value *value = &run->values[place[0]][place[1]];
    char texts[2][32], subject[SUBJECT_MAX + 1];

    number_text(value->change->before, texts[0], sizeof(texts[0]));
    number_text(value->change->after, texts[1], sizeof(texts[1]));
    snprintf(subject, sizeof(subject), "%s", run->facts.subject);
    fputs("<tr><td>", out);
    html_text(out, past->wanted.cells[place[0]]);
    fprintf(out, "</td><td>%s</td><td>%s</td><td>%s</td><td class=\"%s\"", sides[place[1]],
            texts[0], texts[1], value->worse ? "alarm" : "good");
    place_print(out, past, at, place);
    fprintf(out, " data-change=\"percent\">%+.2f %%</td>", value->change->percent);
    if (past->stretches > 1)
        fprintf(out, "<td>%c</td>", letter(run));
    fputs("<td class=\"text\">", out);
    html_text(out, run->commit);
    fputs(", ", out);
    day_print(out, run);
    fputs("</td><td class=\"text\">", out);
    html_text(out, subject);
    fputs("</td></tr>\n", out);
}

static void changes_begin(FILE *out, const struct past *past)
{
    html_table(out, "Changes among the last runs",
               past->stretches > 1 ? "cell|isolation|before|after|change|machine|<commit|<subject"
                                   : "cell|isolation|before|after|change|<commit|<subject");
}

/* The newest first; those beyond CHANGES_SHOWN fold away. */
static void changes_table(FILE *out, const struct past *past)
{
    size_t shown = 0;

    for (size_t i = past->count; i-- > 0;)
        for (size_t k = 0; k < PAST_CELLS * 2; k++) {
            if (!past->runs[i].values[k / 2][k % 2].change)
                continue;
            if (shown == CHANGES_SHOWN) {
                html_table_end(out);
                fputs("<details><summary>Earlier changes</summary>\n", out);
            }
            if (shown % CHANGES_SHOWN == 0 && shown <= CHANGES_SHOWN)
                changes_begin(out, past);
            change_row(out, past, i, (const size_t[2]){k / 2, k % 2});
            shown++;
        }
    if (!shown) {
        html_note(out, "None of these figures changed among these runs.");
        return;
    }
    html_table_end(out);
    fputs(shown > CHANGES_SHOWN ? "</details>\n" : "", out);
}

/* Which letter is which machine, where there are several. */
static void machines_table(FILE *out, const struct past *past)
{
    if (past->stretches < 2)
        return;
    html_table(out, "Machines of the history", "machine|runs|<fingerprint");
    for (size_t i = 0, next; i < past->count; i = next) {
        for (next = i; next < past->count && past->runs[next].stretch == past->runs[i].stretch;)
            next++;
        fprintf(out, "<tr><td>%c</td><td>%zu</td><td class=\"text\">", letter(&past->runs[i]),
                next - i);
        html_text(out, past->runs[i].facts.machine);
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
}

static bool cell_there(const struct past *past, size_t cell)
{
    bool there = false;

    for (size_t i = 0; i < past->count * 2; i++)
        there |= past->runs[i / 2].values[cell][i % 2].there;
    return there;
}

static void run_row(FILE *out, const struct report *report, const struct past *past, size_t at)
{
    const struct past_run *run = &past->runs[at];
    char text[32];

    fputs("<tr><td>", out);
    html_text(out, run->commit);
    fputs(strcmp(run->facts.digest, report->digest) ? "" : "<small>this run</small>", out);
    fputs("</td><td>", out);
    day_print(out, run);
    fputs("</td>", out);
    if (past->stretches > 1)
        fprintf(out, "<td>%c</td>", letter(run));
    for (size_t k = 0; k < PAST_CELLS * 2; k++) {
        const struct past_value *value = &run->values[k / 2][k % 2];
        if (!cell_there(past, k / 2))
            continue;
        if (!value->there) {
            fputs("<td>-</td>", out);
            continue;
        }
        number_text(value->value, text, sizeof(text));
        fputs("<td", out);
        if (value->change)
            fprintf(out, " class=\"%s\"", value->worse ? "alarm" : "good");
        place_print(out, past, at, (const size_t[2]){k / 2, k % 2});
        fprintf(out, ">%s</td>", text);
    }
    fputs("</tr>\n", out);
}

static void runs_table(FILE *out, const struct report *report, const struct past *past)
{
    fprintf(out, "<details><summary>Each of these %zu runs</summary>\n", past->count);
    fputs("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Each run of the "
          "history\"><table>\n<tr><th scope=\"col\">commit</th><th scope=\"col\">day</th>",
          out);
    if (past->stretches > 1)
        fputs("<th scope=\"col\">machine</th>", out);
    for (size_t k = 0; k < PAST_CELLS * 2; k++) {
        if (!cell_there(past, k / 2))
            continue;
        const struct cell_parts parts = cell_split(past->wanted.cells[k / 2]);
        fputs("<th scope=\"col\">", out);
        html_text(out, parts.rung);
        if (parts.size >= 0)
            fprintf(out, ", %ld bytes", parts.size);
        fprintf(out, " %s</th>", sides[k % 2]);
    }
    fputs("</tr>\n", out);
    for (size_t i = past->count; i-- > 0;)
        run_row(out, report, past, i);
    html_table_end(out);
    fputs("</details>\n", out);
}

static void past_print(FILE *out, const struct report *report, const struct past *past,
                       enum chart chart)
{
    report_figure(
        out, report, chart,
        "The last runs in the order of their commits, the newest on the right; the axes do not "
        "begin at 0. A ring is a change, red for slower, green for faster; the newest of each "
        "panel have their commit and their size, isolation off where both lines changed. A line "
        "down parts machines, whose numbers are never compared.");
    changes_table(out, past);
    machines_table(out, past);
    runs_table(out, report, past);
}

/* Whether the page's own run is a point of it. */
static void own_say(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < report->past->count; i++)
        if (!strcmp(report->past->runs[i].facts.digest, report->digest))
            return;
    fputs("<p class=\"note\">This run is none of these points: <code>tach history add ", out);
    html_text(out, report->source);
    fputs("</code> appends it.</p>\n", out);
}

void report_history(FILE *out, const struct report *report)
{
    const struct past *past = report->past;

    html_section(out, "history", "History");
    if (past_there(past)) {
        past_print(out, report, past, CHART_past);
        own_say(out, report);
    } else if (past && past->state == PAST_UNREADABLE) {
        fputs("<p class=\"alarm\">The history could not be read: <code>tach history check</code> "
              "says why.</p>\n",
              out);
    } else {
        fputs("<p class=\"note\">No runs of this class are kept yet: <code>tach history add ", out);
        html_text(out, report->source);
        fputs("</code> begins a history, and each run that is added is a point here.</p>\n", out);
    }
    if (past_there(report->counted)) {
        fputs("<h3>Counted instructions beside them</h3>\n", out);
        past_print(out, report, report->counted, CHART_counted);
    }
    html_section_end(out);
}

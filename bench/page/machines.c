/* SPDX-License-Identifier: MIT
 * The report's section about a second machine that counts: every cell that both measured, off and
 * on, their difference and its cause, and isolation with PCID, which one of them has. Without a
 * second machine it is there for a run that has PCID. See bench/page/report.h. */
#include <math.h>
#include <string.h>

#include "bench/agree.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define ROWS_SHOWN 48u /* more than these: cells without any difference fold away */

/* A cell on both machines. Any figure may be NULL; a difference is there where both are. */
struct pair {
    const struct figure *run[2], *other[2]; /* by isolation */
    const struct figure *pcid, *without;    /* of one machine, isolation on */
    struct agreement agreement[2];
    bool differs;
};

/* What the whole table comes to. */
struct tally {
    size_t cells, figures, differ, unknown;
    bool causes[AGREE_COUNT];
    bool pcid;
};

static bool both_there(const struct pair *pair, int on)
{
    return pair->run[on] && pair->other[on];
}

static void pcid_find(const struct report *report, const char *cell, struct pair *pair)
{
    char name[MATRIX_NAME_MAX + sizeof(FIGURE_PCID)];

    snprintf(name, sizeof(name), "%s" FIGURE_PCID, cell);
    pair->pcid = document_find(report->document, name, true);
    pair->without = pair->run[1];
    if (pair->pcid || !report->beside)
        return;
    pair->pcid = document_find(&report->beside->document, name, true);
    pair->without = pair->other[1];
}

/* Whether a figure of the run begins a row, which is then filled. */
static bool pair_make(const struct report *report, const struct figure *figure, struct pair *out)
{
    const struct document *other = report->beside ? &report->beside->document : NULL;
    const bool first = !strcmp(report->document->class, "icount");
    char plain[MATRIX_NAME_MAX + 1];

    *out = (struct pair){0};
    for (int on = 0; on < 2; on++) {
        out->run[on] = document_find(report->document, figure->cell, on);
        out->other[on] = other ? document_find(other, figure->cell, on) : NULL;
        if (!both_there(out, on))
            continue;
        out->agreement[on] = agree_judge(first ? out->run[on] : out->other[on],
                                         first ? out->other[on] : out->run[on]);
        out->differs |= out->agreement[on].cause != AGREE_none;
    }
    pcid_find(report, figure->cell, out);
    if (figure_plain(figure->cell, plain) || figure != (out->run[0] ? out->run[0] : out->run[1]))
        return false;
    return other ? both_there(out, 0) || both_there(out, 1) : out->pcid != NULL;
}

static struct tally tally_make(const struct report *report)
{
    struct tally tally = {0};
    struct pair pair;

    for (size_t i = 0; i < report->document->count; i++) {
        if (!pair_make(report, &report->document->figures[i], &pair))
            continue;
        tally.cells++;
        tally.pcid |= pair.pcid != NULL;
        for (int on = 0; on < 2; on++) {
            if (!both_there(&pair, on))
                continue;
            const enum agree_cause cause = pair.agreement[on].cause;
            tally.figures++;
            tally.differ += cause != AGREE_none;
            tally.unknown += cause == AGREE_unknown;
            tally.causes[cause] = true;
        }
    }
    return tally;
}

static void name_attribute(FILE *out, const char *attribute, const struct figure *figure)
{
    char name[FIGURE_NAME_MAX];

    figure_name(figure, name);
    fprintf(out, " %s=\"", attribute);
    html_text(out, name);
    fputc('"', out);
}

/* A figure of the other run. */
static void other_cell(FILE *out, const struct figure *figure)
{
    char text[32];

    if (!figure) {
        fputs("<td>-</td>", out);
        return;
    }
    number_text(figure->whole, text, sizeof(text));
    fputs("<td", out);
    name_attribute(out, "data-beside", figure);
    fprintf(out, " data-member=\"instructions\">%s</td>", text);
}

/* What the other counts more than the run; marked where nobody knows why. */
static void difference_cell(FILE *out, const struct pair *pair, int on)
{
    char text[32];

    if (!both_there(pair, on)) {
        fputs("<td>-</td>", out);
        return;
    }
    const double delta = pair->other[on]->whole - pair->run[on]->whole;
    number_text(fabs(delta), text, sizeof(text));
    fputs("<td", out);
    name_attribute(out, "data-name", pair->run[on]);
    name_attribute(out, "data-beside", pair->other[on]);
    fprintf(out, " data-member=\"instructions\"%s>%s%s</td>",
            pair->agreement[on].cause == AGREE_unknown ? " class=\"alarm\"" : "",
            delta < 0   ? "-"
            : delta > 0 ? "+"
                        : "",
            text);
}

static void pcid_cells(FILE *out, const struct report *report, const struct pair *pair)
{
    const bool own = pair->pcid && document_find(report->document, pair->pcid->cell, true);
    char text[32];

    if (own)
        html_number(out, pair->pcid, "instructions", pair->pcid->whole);
    else
        other_cell(out, pair->pcid);
    if (own || !pair->pcid || !pair->without) {
        html_difference(out, pair->pcid ? pair->without : NULL, pair->pcid, "instructions");
        return;
    }
    const double delta = pair->pcid->whole - pair->without->whole;
    number_text(fabs(delta), text, sizeof(text));
    fputs("<td", out);
    name_attribute(out, "data-beside", pair->pcid);
    name_attribute(out, "data-beside-minus", pair->without);
    fprintf(out, " data-member=\"instructions\">%c%s</td>", delta < 0 ? '-' : '+', text);
}

static void cause_cell(FILE *out, const struct pair *pair)
{
    char texts[2][96] = {"", ""};
    bool unknown = false;

    for (int on = 0; on < 2; on++) {
        if (!both_there(pair, on))
            continue;
        agree_text(&pair->agreement[on], texts[on], sizeof(texts[on]));
        unknown |= pair->agreement[on].cause == AGREE_unknown;
    }
    const bool alike = !both_there(pair, 0) || !both_there(pair, 1) || !strcmp(texts[0], texts[1]);
    fprintf(out, "<td class=\"text%s\">", unknown ? " alarm" : "");
    if (alike)
        html_text(out, *texts[0] ? texts[0] : texts[1]);
    for (int on = 0; !alike && on < 2; on++) {
        fputs(on ? "; on: " : "off: ", out);
        html_text(out, *texts[on] ? texts[on] : "the same");
    }
    fputs("</td>", out);
}

static void row_print(FILE *out, const struct report *report, const struct pair *pair,
                      const struct tally *tally)
{
    const struct figure *either = pair->run[0] ? pair->run[0] : pair->run[1];

    fputs("<tr><td>", out);
    html_text(out, either->cell);
    fputs("</td>", out);
    for (int on = 0; on < 2; on++) {
        html_number(out, pair->run[on], "instructions", pair->run[on] ? pair->run[on]->whole : 0);
        if (!report->beside)
            continue;
        other_cell(out, pair->other[on]);
        difference_cell(out, pair, on);
    }
    if (tally->pcid)
        pcid_cells(out, report, pair);
    if (report->beside)
        cause_cell(out, pair);
    fputs("</tr>\n", out);
}

/* The rows that differ, those that do not, or (both) all of them. */
static void rows_print(FILE *out, const struct report *report, const struct tally *tally,
                       const bool wanted[2])
{
    const char *run = report->document->class;
    const char *other = report->beside ? report->beside->document.class : "";
    char heads[320];
    struct pair pair;

    if (report->beside)
        snprintf(heads, sizeof(heads),
                 "cell|off: %.16s|%.16s|difference|on: %.16s|%.16s|difference%s|<why", run, other,
                 run, other, tally->pcid ? "|on, PCID|which adds" : "");
    else
        snprintf(heads, sizeof(heads), "cell|isolation off|on|on, PCID|which adds");
    html_table(out, "Both machines", heads);
    for (size_t i = 0; i < report->document->count; i++)
        if (pair_make(report, &report->document->figures[i], &pair) && wanted[pair.differs])
            row_print(out, report, &pair, tally);
    html_table_end(out);
}

static void legend_print(FILE *out, const struct tally *tally)
{
    bool begun = false;

    for (unsigned cause = AGREE_none + 1; cause < AGREE_COUNT; cause++) {
        if (!tally->causes[cause])
            continue;
        fputs(begun ? " " : "<p class=\"note\">", out);
        html_text(out, agree_meaning((enum agree_cause)cause));
        begun = true;
    }
    if (begun)
        fputs("</p>\n", out);
}

static void lead_print(FILE *out, const struct report *report)
{
    const struct beside *beside = report->beside;

    fputs("<p class=\"lead\">The same cells on a machine that shares no code with the run's: ",
          out);
    html_text(out, beside->document.machine);
    fputs(", of ", out);
    html_text(out, beside->path);
    fputs(beside->same_build
              ? ", the same kernel and programs, byte by byte.</p>\n"
              : ". <span class=\"alarm\">It ran other images, so a difference may be one of the "
                "code.</span></p>\n",
          out);
}

void report_machines(FILE *out, const struct report *report)
{
    const struct tally tally = tally_make(report);
    const bool fold = report->beside && tally.cells > ROWS_SHOWN;

    if (!tally.cells)
        return;
    html_section(out, "machines",
                 report->beside ? "Two machines, one count" : "Isolation with PCID");
    if (report->beside)
        lead_print(out, report);
    if (tally.pcid && report->svgs[CHART_pcid][0])
        report_figure(out, report, CHART_pcid,
                      report->beside ? "Bars: the machine that has PCID; marks: the other one."
                                     : "What isolation adds without and with PCID.");
    rows_print(out, report, &tally, (const bool[2]){!fold, true});
    if (fold) {
        fputs("<details><summary>The cells without a difference</summary>\n", out);
        rows_print(out, report, &tally, (const bool[2]){true, false});
        fputs("</details>\n", out);
    }
    legend_print(out, &tally);
    if (tally.pcid)
        html_note(out, "With PCID a switch of page tables keeps what the TLB holds of the others. "
                       "It costs an instruction at each return to a user's page tables, and some "
                       "where a mapping is taken away, which must go from every PCID. That is all "
                       "that a count can show: what PCID saves are misses of the TLB, which take "
                       "time and no instruction, so only cycles of hardware show them.");
    html_section_end(out);
}

void report_agreement(FILE *out, const struct report *report)
{
    const struct tally tally = report->beside ? tally_make(report) : (struct tally){0};

    if (!report->beside)
        return;
    fputc(' ', out);
    html_text(out, report->beside->document.class);
    if (!tally.cells) {
        fputs(" beside it has no cell of this run.", out);
        return;
    }
    fprintf(out,
            " <a href=\"#machines\"%s>%s</a>: of %zu figures of both %zu are equal, %zu differ "
            "as documented",
            tally.unknown ? " class=\"alarm\"" : "", tally.unknown ? "disagrees" : "agrees",
            tally.figures, tally.figures - tally.differ, tally.differ - tally.unknown);
    if (tally.unknown)
        fprintf(out, ", <span class=\"alarm\">%zu unexplained</span>", tally.unknown);
    fputs(report->beside->same_build ? "." : "; it ran other images.", out);
}

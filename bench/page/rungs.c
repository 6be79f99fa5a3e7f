/* SPDX-License-Identifier: MIT
 * The report's sections about the rungs: each with the kernel's own counts beside what they must
 * be, and where a traced call of it spends its time. See bench/page/report.h. */
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"

/* The rungs with what a round trip must be: traps, and CR3 writes with isolation off and on. */
static const struct rung {
    const char *name;
    int traps, cr3_writes[2];
    const char *what;
} rungs[] = {
    {"R0", 1, {0, 2}, "null call"},
    {"R1", 1, {0, 2}, "file call, service in the kernel"},
    {"R1m", 1, {0, 2}, "the same, service loaded as a module"},
    {"D0", 6, {2, 12}, "send, wait, recv on both sides"},
    {"D1", 4, {2, 8}, "send, receive on both sides"},
    {"D2", 3, {2, 6}, "call; receive, reply"},
    {"D3", 2, {2, 4}, "call; reply_wait, in C"},
    {"D4", 2, {2, 4}, "call; reply_wait, in assembly"},
    {"T0", 3, {2, 6}, "file call at a user server: records, payload mapped"},
    {"T0c", 3, {2, 6}, "records, payload in the answer or copied"},
    {"T1", 2, {2, 4}, "records, answer and next record in one call"},
    {"T1h", 2, {2, 4}, "the same, each side hands over to the other"},
    {"T2", 2, {2, 4}, "file call at a user server, on D4's code"},
    {"notify", 2, {2, 4}, "notify a waiting thread, which answers"},
    {"fault", 2, {0, 4}, "page fault to a user handler and back"},
    {"pipe", 4, {2, 8}, "8 bytes through a pipe, and 8 back through another"},
    {"chan", 4, {2, 8}, "8 bytes through a channel, and 8 back"},
    {"irq-linked", 4, {0, 8}, "from an interrupt's raise to the kernel's first look at it"},
    {"irq-realtime", 4, {0, 8}, "to the first instruction of a real-time handler"},
    {"irq-thread", 4, {0, 8}, "to a thread that waits for it"},
    {"irq-notify", 5, {0, 10}, "to a thread that waits for its notification"},
    {"futex", 4, {0, 8}, "two threads wake each other"},
};
#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))

/* A count of the kernel beside what it must be; 0 where nothing was counted. */
static void count_cell(FILE *out, const struct figure *figure, const char *member, double number,
                       int expected)
{
    const bool there = figure && figure_has(number);

    html_number(out, figure, member, number);
    fprintf(out, "<td%s>%d</td>", there && number != expected ? " class=\"alarm\"" : "", expected);
}

static void ladder_row(FILE *out, const struct report *report, const struct rung *rung,
                       struct marks *marks)
{
    const struct figure *sides[2] = {chart_smallest(report->document, rung->name, false),
                                     chart_smallest(report->document, rung->name, true)};
    const struct figure *either = sides[0] ? sides[0] : sides[1];

    if (!either)
        return;
    fprintf(out, "<tr><td>%s</td>", rung->name);
    report_pair(out, report, sides, marks);
    count_cell(out, either, "traps", either->traps, rung->traps);
    for (unsigned on = 0; on < 2; on++)
        count_cell(out, sides[on], "cr3_writes", sides[on] ? sides[on]->cr3_writes : 0,
                   rung->cr3_writes[on]);
    fprintf(out, "<td class=\"text\">%s</td></tr>\n", rung->what);
}

void report_ladder(FILE *out, const struct report *report)
{
    struct marks marks = {.fractions = 0};

    html_section(out, "rungs", "The rungs");
    report_figure(out, report, CHART_ladder,
                  "Neighbouring rungs differ by one nameable thing. D0 to D4: from six traps a "
                  "round trip to two, then from C to assembly.");
    html_table(out, "The rungs at their smallest payload",
               "rung|isolation off|on|isolation adds|traps|expected|CR3 writes, off|expected|on|"
               "expected|<what");
    for (size_t i = 0; i < RUNGS; i++)
        ladder_row(out, report, &rungs[i], &marks);
    html_table_end(out);
    html_note(out, "Smallest payload, two address spaces. The kernel counts its traps and CR3 "
                   "writes itself; a boot whose counts are not as expected fails.");
    report_marks(out, &marks);
    html_section_end(out);
}

static void phases_row(FILE *out, const struct document *document, const char *rung, bool on)
{
    const struct figure *figure = chart_smallest(document, rung, on);
    char member[40];

    if (!figure || !figure_has(figure->traced))
        return;
    fprintf(out, "<tr><td>%s %s</td>", rung, on ? "on" : "off");
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        snprintf(member, sizeof(member), "phase_%s", span_phase_name((enum phase)i));
        html_number(out, figure, member, figure->phase[i]);
    }
    html_number(out, figure, "traced_whole", figure->traced);
    html_number(out, figure, "stamps", figure->stamps);
    html_number(out, figure, "stamp_cost", figure->stamp_cost);
    html_number(out, figure, "empty_region", figure->empty);
    html_number(out, figure, figure_unit(document->class), figure->whole);
    html_number(out, figure, "residue", figure->residue);
    html_number(out, figure, "traps", figure->traps);
    html_number(out, figure, "cr3_writes", figure->cr3_writes);
    fprintf(out, "<td class=\"text\">%s</td></tr>\n",
            figure_paths_differ(figure) ? "another path" : "");
}

/* What isolation adds to each phase of a rung. */
static void phases_delta(FILE *out, const struct document *document, const char *rung)
{
    const struct figure *off = chart_smallest(document, rung, false);
    const struct figure *on = chart_smallest(document, rung, true);
    char member[40];

    if (!off || !on || !figure_has(off->traced) || !figure_has(on->traced))
        return;
    fprintf(out, "<tr><td>%s adds</td>", rung);
    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        snprintf(member, sizeof(member), "phase_%s", span_phase_name((enum phase)i));
        html_change(out, (const struct figure *[2]){off, on}, member,
                    figure_has(on->phase[i]) && figure_has(off->phase[i])
                        ? on->phase[i] - off->phase[i]
                        : FIGURE_ABSENT);
    }
    html_change(out, (const struct figure *[2]){off, on}, "traced_whole", on->traced - off->traced);
    fputs("<td></td><td></td><td></td>", out);
    html_difference(out, off, on, figure_unit(document->class));
    fputs("<td></td><td></td><td></td><td></td></tr>\n", out);
}

static void phases_table(FILE *out, const struct document *document)
{
    char heads[512] = "rung";

    for (unsigned i = 0; i < PHASE_COUNT; i++) {
        strncat(heads, "|", sizeof(heads) - strlen(heads) - 1);
        strncat(heads, span_phase_name((enum phase)i), sizeof(heads) - strlen(heads) - 1);
    }
    strncat(heads, "|traced|stamps|cost|empty|untraced|residue|traps|CR3 writes|",
            sizeof(heads) - strlen(heads) - 1);
    html_table(out, "Phases of a call", heads);
    for (size_t i = 0; i < RUNGS; i++) {
        phases_row(out, document, rungs[i].name, false);
        phases_row(out, document, rungs[i].name, true);
        phases_delta(out, document, rungs[i].name);
    }
    html_table_end(out);
}

static void legend_print(FILE *out)
{
    fputs("<details><summary>What the phases span</summary>\n", out);
    html_table(out, "Phases", "phase|<spans");
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        fprintf(out, "<tr><td>%s</td><td class=\"text\">%s</td></tr>\n",
                span_phase_name((enum phase)i), span_phase_meaning((enum phase)i));
    html_table_end(out);
    fputs("</details>\n", out);
}

/* The cells whose residue is no cost of tracing, by name. */
static void paths_note(FILE *out, const struct document *document)
{
    unsigned count = 0;

    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        if (!figure_paths_differ(figure))
            continue;
        fputs(count++ ? ", "
                      : "<p class=\"note\">* The traced call ran another path than the "
                        "untraced one, so its residue is the difference of two paths and no "
                        "cost of tracing: ",
              out);
        html_text(out, figure->cell);
        fputs(figure->pti_on ? " on" : " off", out);
    }
    if (count)
        fputs(". The fast delivery of a fault has no stamps, so a traced one goes through C. "
              "Messages of D1 in several pieces alternate between two orders.</p>\n",
              out);
}

void report_phases(FILE *out, const struct report *report)
{
    html_section(out, "phases", "Where a call spends its time");
    report_figure(
        out, report, CHART_phases,
        "The median traced call of each rung at its smallest payload. The phases add up "
        "to the traced whole, stamps included. Off and on stand side by side; the table has "
        "the difference of each phase below them.");
    phases_table(out, report->document);
    html_note(out,
              "residue = traced - stamps x cost of one - empty region - untraced: what tracing "
              "adds beyond its stamps, which is one instruction for each trap and each CR3 write "
              "that the kernel counts.");
    paths_note(out, report->document);
    legend_print(out);
    html_section_end(out);
}

/* SPDX-License-Identifier: MIT
 * The first screen of the report: what scheme routing costs, what isolation costs, whether anything
 * moved, and whether the machine can be believed, in words and one figure. Every number in the
 * words is a difference of two figures of the table below them. */
#include <math.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define PAYLOAD 8 /* bytes: the smallest that every route carries */

void report_figure(FILE *out, const struct report *report, enum chart chart, const char *caption)
{
    if (!report->svgs[chart][0]) {
        fputs("<p class=\"note\">Nothing of this figure was measured.</p>\n", out);
        return;
    }
    fputs("<figure>\n", out);
    for (unsigned form = 0; form < REPORT_FORMS; form++)
        html_svg(out, chart, report_forms[form], report->svgs[chart][form]);
    fprintf(out, "<figcaption>%s</figcaption>\n</figure>\n", caption);
}

static void big_difference(FILE *out, const struct figure *from, const struct figure *to,
                           const char *unit)
{
    char text[32];

    const double delta = to->whole - from->whole;
    number_text(fabs(delta), text, sizeof(text));
    fprintf(out, "<b>%c%s <small>%s</small></b>", delta < 0 ? '-' : '+', text, unit);
}

/* "T2 149 against D4 129" */
static void against_print(FILE *out, const char *a, const struct figure *to, const char *b,
                          const struct figure *from)
{
    char texts[2][32];

    number_text(to->whole, texts[0], sizeof(texts[0]));
    number_text(from->whole, texts[1], sizeof(texts[1]));
    fprintf(out, "%s %s against %s %s", a, texts[0], b, texts[1]);
}

static void routing_item(FILE *out, const struct report *report, const char *direct,
                         const char *what)
{
    const struct figure *sides[2][2];
    char text[32];

    for (int on = 0; on < 2; on++) {
        sides[on][0] = chart_at(report->document, direct, PAYLOAD, on);
        sides[on][1] = chart_at(report->document, "T2", PAYLOAD, on);
    }
    const int on = !sides[0][0] || !sides[0][1];
    if (!sides[on][0] || !sides[on][1])
        return;
    fputs("<li>", out);
    big_difference(out, sides[on][0], sides[on][1], figure_unit(report->document->class));
    fprintf(out, "%s: ", what);
    against_print(out, "T2", sides[on][1], direct, sides[on][0]);
    fprintf(out, ", %d bytes, isolation %s", PAYLOAD, on ? "on" : "off");
    if (!on && sides[1][0] && sides[1][1]) {
        number_text(sides[1][1]->whole - sides[1][0]->whole, text, sizeof(text));
        fprintf(out, " (on: %s)", text);
    }
    fputs(".</li>\n", out);
}

static void isolation_item(FILE *out, const struct report *report)
{
    const struct figure *off = chart_at(report->document, "T2", PAYLOAD, false);
    const struct figure *on = chart_at(report->document, "T2", PAYLOAD, true);
    const struct figure *null_off = chart_smallest(report->document, "R0", false);
    const struct figure *null_on = chart_smallest(report->document, "R0", true);
    char text[32];

    if (!off || !on)
        return;
    fputs("<li>", out);
    big_difference(out, off, on, figure_unit(report->document->class));
    fputs("is what page-table isolation adds to a scheme-routed call: ", out);
    against_print(out, "on", on, "off", off);
    if (null_off && null_on) {
        number_text(null_on->whole - null_off->whole, text, sizeof(text));
        fprintf(out, "; to a null call %s", text);
    }
    fputs(".</li>\n", out);
}

/* The boots of the run that passed, of how many; false where the document came without them. */
static bool boots_count(const json_t *machine, size_t *passed, size_t *all)
{
    const json_t *boots = json_object_get(machine, "boots");
    size_t index;
    json_t *boot;

    *passed = 0;
    *all = json_array_size(boots);
    json_array_foreach(boots, index, boot) *passed += json_is_true(json_object_get(boot, "passed"));
    return *all > 0;
}

/* Whether this machine can be believed: what its class means, and whether its boots passed. A boot
 * passes only where the calibration fits the class and the kernel's counts fit the rung. */
static void belief_item(FILE *out, const struct report *report)
{
    const struct document *document = report->document;
    const bool whole = !strcmp(document->complete, "yes");
    const bool exact = strcmp(figure_unit(document->class), "cycles") != 0;
    const bool measured = exact || !strcmp(document->class, "kvm");
    size_t passed, all;

    fprintf(out, "<li><b%s>", whole && measured ? "" : " class=\"alarm\"");
    fputs(!whole ? "incomplete" : exact ? "exact" : measured ? "measured" : "no verdict", out);
    fputs("</b>", out);
    if (boots_count(report->machine, &passed, &all))
        fprintf(out, "%zu of %zu boots passed, calibration and counts of traps included. ", passed,
                all);
    if (exact)
        fputs("Counted instructions: the same on every run; caches, TLBs and the price of a CR3 "
              "write are not in them.</li>\n",
              out);
    else
        fputs(measured ? "Cycles of hardware that passed the probe.</li>\n"
                       : "Functional only: its cycles are no machine's.</li>\n",
              out);
}

static void answer_row(FILE *out, const struct report *report, const char *rung, long size,
                       const char *title)
{
    const struct figure *off = chart_at(report->document, rung, size, false);
    const struct figure *on = chart_at(report->document, rung, size, true);
    const char *unit = figure_unit(report->document->class);

    if (!off && !on)
        return;
    fprintf(out, "<tr><td>%s</td>", title);
    html_number(out, off, "kernel", off ? off->kernel : 0);
    html_number(out, on, "kernel", on ? on->kernel : 0);
    html_number(out, off, unit, off ? off->whole : 0);
    html_number(out, on, unit, on ? on->whole : 0);
    html_difference(out, off, on, unit);
    fputs("</tr>\n", out);
}

void report_answer(FILE *out, const struct report *report)
{
    const struct document *document = report->document;

    fputs("<h1>What does it cost to put a service somewhere?</h1>\n<p>Class ", out);
    html_text(out, document->class);
    fputs(strcmp(figure_unit(document->class), "cycles")
              ? ": instructions a round trip, counted exactly, as the client sees it."
              : ": cycles a round trip, as the client sees it.",
          out);
    fputs(strcmp(document->complete, "yes")
              ? " <span class=\"alarm\">Not every boot of this run passed.</span></p>\n"
              : " Every boot passed.</p>\n",
          out);
    fputs("<ul class=\"answers\">\n", out);
    routing_item(out, report, "D4", "scheme routing over a direct message to the same server");
    routing_item(out, report, "R1", "a server instead of the same service in the kernel");
    isolation_item(out, report);
    report_moved(out, report);
    belief_item(out, report);
    fputs("</ul>\n", out);
    report_figure(out, report, CHART_answer,
                  "One round trip by each route. R1 and T2 read 8 bytes through the scheme name "
                  "space; D4 sends them as a message; R0 enters the kernel and leaves it.");
    html_table(out, "Direct against scheme-routed",
               "route|kernel, off|on|whole, off|on|isolation adds");
    answer_row(out, report, "R0", -1, "R0 null call");
    answer_row(out, report, "R1", PAYLOAD, "R1 scheme, service in the kernel");
    answer_row(out, report, "D4", PAYLOAD, "D4 message to a server");
    answer_row(out, report, "T2", PAYLOAD, "T2 scheme, service at a server");
    html_table_end(out);
    html_note(out, "kernel: from the system call to its return, both crossings added; whole: the "
                   "client's stubs and the server's loop included, the empty region taken off. off "
                   "and on: page-table isolation.");
    report_moved_table(out, report);
}

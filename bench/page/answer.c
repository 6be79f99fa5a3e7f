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

static void big_difference(FILE *out, const struct report *report,
                           const struct figure *const sides[2])
{
    char text[32], bounds[2][32];
    double interval[2];

    const double delta = sides[1]->whole - sides[0]->whole;
    number_text(fabs(delta), text, sizeof(text));
    fprintf(out, "<b>%c%s <small>%s</small></b>", delta < 0 ? '-' : '+', text,
            figure_unit(report->document->class));
    if (!report_interval(report, sides, interval))
        return;
    number_text(interval[0], bounds[0], sizeof(bounds[0]));
    number_text(interval[1], bounds[1], sizeof(bounds[1]));
    fprintf(out, "(99 %%: %s to %s) ", bounds[0], bounds[1]);
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
    big_difference(out, report, sides[on]);
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
    big_difference(out, report, (const struct figure *const[2]){off, on});
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

/* How far equal runs differ here: the line below which no difference is a finding. */
static void floor_print(FILE *out, const struct report *report)
{
    if (report_exact(report))
        fputs("A/A floor 0: equal runs count the same; caches, TLBs and the price of a CR3 write "
              "are not in the count.",
              out);
    else if (report->floors)
        fprintf(out, "A/A floor %.2g %%: equal runs differed by no more.",
                100 * report->floors->floor);
    else
        fputs("A/A floor not known: <code>tach compare --aa</code> measures it.", out);
}

/* Whether this machine can be believed: what its class means, and whether its boots passed. A boot
 * passes only where the calibration fits the class and the kernel's counts fit the rung. */
static void belief_item(FILE *out, const struct report *report)
{
    const struct document *document = report->document;
    const bool whole = !strcmp(document->complete, "yes"), exact = report_exact(report);
    const bool measured = figure_measured(document->class);
    size_t passed, all;

    fprintf(out, "<li><b%s>", whole && measured ? "" : " class=\"alarm\"");
    fputs(!whole ? "incomplete" : exact ? "exact" : measured ? "measured" : "no verdict", out);
    fputs("</b>", out);
    html_text(out, document->class);
    fputs(exact                               ? ", counted instructions. "
          : !strcmp(document->class, "metal") ? ", cycles of the machine itself. "
          : measured                          ? ", cycles of hardware that passed the probe. "
                                              : ", functional only: its cycles are no machine's. ",
          out);
    if (boots_count(report->machine, &passed, &all))
        fprintf(out, "%zu of %zu boots passed, calibration and counts of traps included. ", passed,
                all);
    if (report_lacks(report))
        fputs("<a class=\"alarm\" href=\"#received\">Cells, phases or parts are missing</a>. ",
              out);
    floor_print(out, report);
    report_agreement(out, report);
    report_doubts(out, report);
    fputs("</li>\n", out);
}

static void answer_row(FILE *out, const struct report *report, const char *rung, const char *title)
{
    const long size = strcmp(rung, "R0") ? PAYLOAD : -1;
    const struct figure *sides[2] = {chart_at(report->document, rung, size, false),
                                     chart_at(report->document, rung, size, true)};
    struct marks marks = {.fractions = 0};

    if (!sides[0] && !sides[1])
        return;
    fprintf(out, "<tr><td>%s</td>", title);
    for (unsigned on = 0; on < 2; on++)
        html_number(out, sides[on], "kernel", sides[on] ? sides[on]->kernel : 0);
    report_pair(out, report, sides, &marks);
    fputs("</tr>\n", out);
}

/* A fact of the context, where it is a text. */
static void fact_print(FILE *out, const json_t *context, const char *name, const char *before)
{
    const char *text = json_string_value(json_object_get(context, name));

    if (!text || !*text)
        return;
    fputs(before, out);
    html_text(out, text);
}

void report_title(FILE *out, const struct report *report)
{
    const struct document *document = report->document;

    fputs("<h1>What does it cost to put a service somewhere?</h1>\n<p>", out);
    fputs(report_exact(report)
              ? "Instructions a round trip, counted exactly, as the client sees it."
              : "Cycles a round trip, as the client sees it.",
          out);
    fputs(strcmp(document->complete, "yes")
              ? " <span class=\"alarm\">Not every boot of this run passed.</span>"
              : " Every boot passed.",
          out);
    fputs("<br/>Machine: ", out);
    html_text(out, document->machine);
    if (report_is_received(report))
        report_origin(out, report);
    else
        fact_print(out, document->context, "cpu", "; host ");
    fact_print(out, document->context, "date", "; ");
    fact_print(out, document->context, "revision", "; revision ");
    fputs(".</p>\n", out);
}

void report_answer(FILE *out, const struct report *report)
{
    fputs("<section id=\"answers\" aria-label=\"The answers\">\n", out);
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
    answer_row(out, report, "R0", "R0 null call");
    answer_row(out, report, "R1", "R1 scheme, service in the kernel");
    answer_row(out, report, "D4", "D4 message to a server");
    answer_row(out, report, "T2", "T2 scheme, service at a server");
    html_table_end(out);
    html_note(out, "kernel: from the system call to its return, both crossings added; whole: the "
                   "client's stubs and the server's loop included, the empty region taken off. off "
                   "and on: page-table isolation.");
    if (!report_exact(report) && report->rows)
        html_note(out,
                  "Beneath a difference: its 99 % interval over the boots, where there are five "
                  "or more.");
    report_moved_table(out, report);
    html_section_end(out);
}

/* SPDX-License-Identifier: MIT
 * The report's section about boots that came over a line: the captures, what they lack, and what
 * each boot said of the machine below it. A run that was made on this host has none of it. See
 * bench/page/report.h. */
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

bool report_is_received(const struct report *report)
{
    return json_is_array(json_object_get(report->document->context, "tach_from"));
}

/* Texts of a list, with this between them. */
static void texts_print(FILE *out, const json_t *list, const char *between)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        fputs(i ? between : "", out);
        html_text(out, text ? text : "");
    }
}

void report_origin(FILE *out, const struct report *report)
{
    fputs("; received in ", out);
    texts_print(out, json_object_get(report->document->context, "tach_from"), ", ");
}

bool report_lacks(const struct report *report)
{
    return json_array_size(json_object_get(report->document->context, "tach_missing")) > 0;
}

static void missing_list(FILE *out, const struct report *report)
{
    fputs("<p>Missing:</p>\n<ul>\n<li>", out);
    texts_print(out, json_object_get(report->document->context, "tach_missing"), "</li>\n<li>");
    fputs("</li>\n</ul>\n", out);
}

static void captures_table(FILE *out, const json_t *captures)
{
    size_t index;
    json_t *capture;

    html_table(out, "Captures", "<capture|bytes|boots|<sha256");
    json_array_foreach(captures, index, capture)
    {
        const char *path = json_string_value(json_object_get(capture, "path"));
        const char *digest = json_string_value(json_object_get(capture, "sha256"));
        fputs("<tr><td class=\"text\">", out);
        html_text(out, path ? path : "");
        fprintf(out, "</td><td>%lld</td><td>%lld</td><td class=\"text\">",
                (long long)json_integer_value(json_object_get(capture, "size")),
                (long long)json_integer_value(json_object_get(capture, "boots")));
        html_text(out, digest ? digest : "");
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
}

/* A number of the machine below; a dash where it was not read. */
static void below_print(FILE *out, const json_t *machine, const char *member)
{
    const json_t *number = json_object_get(machine, member);
    char text[32] = "-";

    if (json_is_number(number))
        snprintf(text, sizeof(text), "%.4g", json_number_value(number));
    fprintf(out, "<td>%s</td>", text);
}

static void boots_table(FILE *out, const json_t *boots)
{
    size_t index;
    json_t *boot;

    html_table(out, "What lay below each boot", "boot|seconds|SMIs|clock by nominal|guest");
    json_array_foreach(boots, index, boot)
    {
        const json_t *machine = json_object_get(boot, "machine");
        const char *name = json_string_value(json_object_get(boot, "boot"));
        if (!json_is_object(machine))
            continue;
        fputs("<tr><td>", out);
        html_text(out, name ? name : "");
        fputs("</td>", out);
        below_print(out, boot, "seconds");
        below_print(out, machine, "smis");
        below_print(out, machine, "clock_by_nominal");
        fprintf(out, "<td>%s</td></tr>\n",
                json_is_true(json_object_get(machine, "guest")) ? "yes" : "no");
    }
    html_table_end(out);
    html_note(out, "From the first cell to the END, by the boot itself. SMIs interrupt a boot from "
                   "below; the clock is the core's by its nominal one, and should be one number "
                   "over all boots. A dash: the CPU does not say.");
}

void report_received(FILE *out, const struct report *report)
{
    if (!report_is_received(report))
        return;
    html_section(out, "received", "Received over a line");
    captures_table(out, json_object_get(report->machine, "tach_captures"));
    html_note(out, "Nothing of the machine is known but what its boots said.");
    if (report_lacks(report))
        missing_list(out, report);
    boots_table(out, json_object_get(report->machine, "boots"));
    html_section_end(out);
}

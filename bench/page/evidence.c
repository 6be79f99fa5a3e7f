/* SPDX-License-Identifier: MIT
 * The report's last sections: what each boot measured of the machine itself, what other systems
 * need, and everything that is needed to do it again. See bench/page/report.h. */
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/peers.h"
#include "bench/table.h"

static void value_print(FILE *out, const json_t *value)
{
    char text[32];

    if (json_is_string(value)) {
        html_text(out, json_string_value(value));
    } else if (json_is_number(value)) {
        number_text(json_number_value(value), text, sizeof(text));
        fputs(text, out);
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "yes" : "no", out);
    } else {
        fputs("-", out);
    }
}

/* A measurement of a boot: 0 ticks mean that it was not taken. */
static void ticks_print(FILE *out, const json_t *calibration, const char *member)
{
    const json_t *ticks = json_object_get(calibration, member);

    fputs("<td>", out);
    value_print(out, json_integer_value(ticks) ? ticks : NULL);
    fputs("</td>", out);
}

static void member_print(FILE *out, const json_t *object, const char *member)
{
    fputs("<td>", out);
    value_print(out, json_object_get(object, member));
    fputs("</td>", out);
}

void report_calibration(FILE *out, const struct report *report)
{
    static const char *const members[] = {"empty_ring3", "empty",      "loop_ring3", "loop_ring0",
                                          "quantum",     "stamp_cost", "rdtsc_cost", "out_cost",
                                          "cr3_cost",    "gap_max",    "gap_watch"};
    const json_t *boots = json_object_get(report->machine, "boots");
    size_t index;
    json_t *boot;

    html_section(out, "calibration", "Calibration");
    if (!json_is_array(boots)) {
        html_note(out, "This document came without the facts of its boots.");
        html_section_end(out);
        return;
    }
    html_table(out, "Calibration of each boot",
               "boot|empty, ring 3|ring 0|loop, ring 3|ring 0|step|stamp|rdtsc|out|CR3|gap|watch");
    json_array_foreach(boots, index, boot)
    {
        fputs("<tr>", out);
        member_print(out, boot, "boot");
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
            ticks_print(out, json_object_get(boot, "calibration"), members[i]);
        fputs("</tr>\n", out);
    }
    html_table_end(out);
    html_note(out, "In ticks, measured by each boot: an empty region in ring 3 and ring 0, 1000 "
                   "turns of a loop in both, the step of the counter, one trace stamp, rdtsc, one "
                   "out, one CR3 write, and the largest gap in a watched stretch.");
    html_section_end(out);
}

static void host_rows(FILE *out, const json_t *host)
{
    const json_t *rows = json_object_get(host, "benchmarks");
    size_t index;
    json_t *row;

    if (!json_array_size(rows))
        return;
    fputs("<h3>This host's own Linux</h3>\n", out);
    html_table(out, "This host's own Linux", "operation|time|unit");
    json_array_foreach(rows, index, row)
    {
        fputs("<tr>", out);
        member_print(out, row, "name");
        member_print(out, row, "real_time");
        member_print(out, row, "time_unit");
        fputs("</tr>\n", out);
    }
    html_table_end(out);
    fputs("<p class=\"note\">", out);
    const json_t *figures = json_object_get(json_object_get(host, "context"), "figures");
    if (json_is_string(figures)) {
        fputs("These figures are ", out);
        html_text(out, json_string_value(figures));
        fputs(". ", out);
    }
    fputs("They were measured on the host, not in the guest: they stand beside the figures above, "
          "not among them. Hardware counters of this host: ",
          out);
    value_print(out, json_object_get(json_object_get(host, "context"), "hardware_counters"));
    fputs(".</p>\n", out);
}

void report_peers(FILE *out, const struct report *report)
{
    const bool exact = !strcmp(report->document->class, "icount");
    char text[32];

    if (!exact && !report->host)
        return;
    html_section(out, "reference", "Reference lines");
    if (exact) {
        html_table(out, "Linux 6.1 on the same emulator",
                   "Linux 6.1, round trip|bytes|instructions");
        for (size_t i = 0; i < peer_point_count; i++) {
            number_text(peer_points[i].whole, text, sizeof(text));
            fprintf(out, "<tr><td>%s</td><td>%ld</td><td>%s</td></tr>\n", peer_points[i].name,
                    peer_points[i].size, text);
        }
        html_table_end(out);
        html_note(out, "Debian's 6.1.0 cloud kernel under the same emulator, counted the same way, "
                       "isolation off.");
    }
    host_rows(out, report->host);
    html_section_end(out);
}

static void facts_table(FILE *out, const json_t *facts)
{
    const char *name;
    json_t *value;

    html_table(out, "Facts of the run", "fact|<value");
    json_object_foreach((json_t *)facts, name, value)
    {
        if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value))
            continue;
        fputs("<tr><td>", out);
        html_text(out, name);
        fputs("</td><td class=\"text\">", out);
        value_print(out, value);
        fputs("</td></tr>\n", out);
    }
    html_table_end(out);
}

static void images_table(FILE *out, const json_t *images)
{
    size_t index;
    json_t *image;

    html_table(out, "Images", "image|bytes|sha256");
    json_array_foreach(images, index, image)
    {
        fputs("<tr>", out);
        member_print(out, image, "path");
        member_print(out, image, "size");
        member_print(out, image, "sha256");
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

static void boots_list(FILE *out, const json_t *boots)
{
    const char *reason;
    size_t index;
    json_t *boot;

    json_array_foreach(boots, index, boot)
    {
        fputs("<details><summary>", out);
        value_print(out, json_object_get(boot, "boot"));
        fputs(json_is_true(json_object_get(boot, "passed")) ? ", passed" : ", FAILED", out);
        fputs("</summary>\n", out);
        reason = json_string_value(json_object_get(boot, "reason"));
        if (reason && *reason) {
            fputs("<p class=\"alarm\">", out);
            html_text(out, reason);
            fputs("</p>\n", out);
        }
        fputs("<pre>", out);
        value_print(out, json_object_get(boot, "command"));
        fputs("</pre></details>\n", out);
    }
}

/* The commands that make such a run. */
static void again_print(FILE *out, const struct report *report)
{
    if (report_is_received(report)) {
        fputs("<pre>make iso\nbuild/tach collect --live --until 1 --port DEVICE FILE\n"
              "build/tach run --from FILE",
              out);
    } else {
        fputs("<pre>make\nbuild/tach run --class ", out);
        html_text(out, report->document->class);
    }
    fputs(" --out DIR\nbuild/tach compare ", out);
    html_text(out, report->source);
    fputs(" DIR\nbuild/tach report DIR</pre>\n", out);
}

void report_provenance(FILE *out, const struct report *report)
{
    html_section(out, "provenance", "Provenance, and how to run it again");
    facts_table(out, report->document->context);
    if (report->machine) {
        if (!report_is_received(report))
            images_table(out, json_object_get(report->machine, "images"));
        boots_list(out, json_object_get(report->machine, "boots"));
    }
    again_print(out, report);
    html_section_end(out);
}

/* SPDX-License-Identifier: MIT
 * The report's last sections: what each boot measured of the machine itself, what other systems
 * need, and everything that is needed to do it again. See bench/report.h. */
#include <string.h>

#include "bench/html.h"
#include "bench/peers.h"
#include "bench/report.h"
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
    static const char *const members[][2] = {{"empty_ring3", "empty, ring 3"},
                                             {"empty", "ring 0"},
                                             {"loop_ring3", "loop, ring 3"},
                                             {"loop_ring0", "ring 0"},
                                             {"quantum", "step"},
                                             {"stamp_cost", "stamp"},
                                             {"rdtsc_cost", "rdtsc"},
                                             {"out_cost", "out"},
                                             {"cr3_cost", "CR3"},
                                             {"gap_max", "gap"},
                                             {"gap_watch", "watch"}};
    const json_t *boots = json_object_get(report->machine, "boots");
    size_t index;
    json_t *boot;

    fputs("<h2>Calibration</h2>\n", out);
    if (!json_is_array(boots)) {
        fputs("<p class=\"note\">This document came without the facts of its boots.</p>\n", out);
        return;
    }
    fputs("<div class=\"wide\"><table>\n<tr><th>boot</th>", out);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        fprintf(out, "<th>%s</th>", members[i][1]);
    fputs("</tr>\n", out);
    json_array_foreach(boots, index, boot)
    {
        fputs("<tr>", out);
        member_print(out, boot, "boot");
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
            ticks_print(out, json_object_get(boot, "calibration"), members[i][0]);
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n<p class=\"note\">In ticks, measured by each boot: an empty region in "
          "ring 3 and ring 0, 1000 turns of a loop in both, the step of the counter, one trace "
          "stamp, rdtsc, one out, one CR3 write, and the largest gap in a watched stretch.</p>\n",
          out);
}

static void host_rows(FILE *out, const json_t *host)
{
    const json_t *rows = json_object_get(host, "benchmarks");
    size_t index;
    json_t *row;

    if (!json_array_size(rows))
        return;
    fputs("<h3>This host's own Linux</h3>\n<div class=\"wide\"><table>\n<tr><th>operation</th>"
          "<th>time</th><th>unit</th></tr>\n",
          out);
    json_array_foreach(rows, index, row)
    {
        fputs("<tr>", out);
        member_print(out, row, "name");
        member_print(out, row, "real_time");
        member_print(out, row, "time_unit");
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n<p class=\"note\">Wall time on the host, not in the guest: beside the "
          "figures above, not among them. Hardware counters of this host: ",
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
    fputs("<h2>Reference lines</h2>\n", out);
    if (exact) {
        fputs("<div class=\"wide\"><table>\n<tr><th>Linux 6.1, round trip</th><th>bytes</th>"
              "<th>instructions</th></tr>\n",
              out);
        for (size_t i = 0; i < peer_point_count; i++) {
            number_text(peer_points[i].whole, text, sizeof(text));
            fprintf(out, "<tr><td>%s</td><td>%ld</td><td>%s</td></tr>\n", peer_points[i].name,
                    peer_points[i].size, text);
        }
        fputs("</table></div>\n<p class=\"note\">Debian's 6.1.0 cloud kernel under the same "
              "emulator, counted the same way, isolation off.</p>\n",
              out);
    }
    host_rows(out, report->host);
}

static void facts_table(FILE *out, const json_t *facts, const char *title)
{
    const char *name;
    json_t *value;

    fprintf(out, "<div class=\"wide\"><table>\n<tr><th>%s</th><th></th></tr>\n", title);
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
    fputs("</table></div>\n", out);
}

static void images_table(FILE *out, const json_t *images)
{
    size_t index;
    json_t *image;

    fputs("<div class=\"wide\"><table>\n<tr><th>image</th><th>bytes</th><th>sha256</th></tr>\n",
          out);
    json_array_foreach(images, index, image)
    {
        fputs("<tr>", out);
        member_print(out, image, "path");
        member_print(out, image, "size");
        member_print(out, image, "sha256");
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
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

void report_provenance(FILE *out, const struct report *report)
{
    fputs("<h2>Provenance, and how to run it again</h2>\n", out);
    facts_table(out, report->document->context, "fact");
    if (report->machine) {
        images_table(out, json_object_get(report->machine, "images"));
        boots_list(out, json_object_get(report->machine, "boots"));
    }
    fputs("<pre>make\nbuild/tach run --class ", out);
    html_text(out, report->document->class);
    fputs(" --out DIR\nbuild/tach compare ", out);
    html_text(out, report->source);
    fputs(" DIR\nbuild/tach report DIR</pre>\n", out);
}

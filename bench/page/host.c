/* SPDX-License-Identifier: MIT
 * The report's word about the host: what speaks against cycles that were measured on it, why there
 * are none, and what each boot was given of it (machine.json). See bench/page/report.h. */
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"
#include "bench/tune/tune.h"

#define LOAD_CALM 0.2 /* of a CPU's worth of others' work for each CPU */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

static bool got(const json_t *item)
{
    return json_is_true(json_object_get(item, "got"));
}

/* What boot K was given of one thing; NULL where nobody looked. */
static const json_t *item_of(const json_t *boot, const char *name)
{
    return json_object_get(json_object_get(boot, "host"), name);
}

static void doubt_begin(FILE *out, unsigned *doubts)
{
    fputs((*doubts)++ ? "; " : " <span class=\"alarm\">Doubts:</span> ", out);
}

static void doubt(FILE *out, unsigned *doubts, const char *words, const char *text)
{
    doubt_begin(out, doubts);
    fputs(words, out);
    html_text(out, text);
}

/* The clock and the company of the core. */
static void clock_doubts(FILE *out, const json_t *machine, unsigned *doubts)
{
    const char *governor = text_of(machine, "governor");

    if (*governor && strcmp(governor, "performance"))
        doubt(out, doubts, "governor ", governor);
    if (strcmp(text_of(machine, "turbo"), "off"))
        doubt(out, doubts, "turbo ",
              *text_of(machine, "turbo") ? text_of(machine, "turbo") : "unknown");
    if (!strcmp(text_of(machine, "smt"), "on"))
        doubt(out, doubts, "SMT on, so that a sibling may share the core", "");
    if (json_is_true(json_object_get(machine, "guest")))
        doubt(out, doubts, "nested, as the host is a guest itself", "");
}

static void load_doubt(FILE *out, const json_t *machine, unsigned *doubts)
{
    const double load = json_number_value(json_array_get(json_object_get(machine, "load"), 0));
    const double cpus = json_number_value(json_object_get(machine, "cpus"));

    if (!(load > LOAD_CALM * cpus))
        return;
    doubt_begin(out, doubts);
    fprintf(out, "load %.3g on %.0f CPUs at its start", load, cpus);
}

/* The first boot that did not get something speaks for all. */
static void place_doubt(FILE *out, const struct report *report, const char *name, unsigned *doubts)
{
    size_t index;
    json_t *boot;

    json_array_foreach(json_object_get(report->machine, "boots"), index, boot)
    {
        const json_t *item = item_of(boot, name);
        if (got(item))
            continue;
        doubt(out, doubts, !strcmp(name, "pin") ? "not pinned" : "no priority",
              item && *text_of(item, "what") ? ": " : "");
        html_text(out, text_of(item, "what"));
        return;
    }
}

void report_doubts(FILE *out, const struct report *report)
{
    const char *reason = text_of(report->document->context, "tach_reason");
    static const char refused[] = "KVM is refused: ";
    unsigned doubts = 0;

    if (!strncmp(reason, refused, strlen(refused))) {
        fputs(" No cycles: ", out);
        html_text(out, reason);
        fputs(".", out);
    }
    if (strcmp(report->document->class, "kvm") || !report->machine)
        return;
    place_doubt(out, report, "pin", &doubts);
    place_doubt(out, report, "priority", &doubts);
    clock_doubts(out, report->machine, &doubts);
    load_doubt(out, report->machine, &doubts);
    fputs(doubts ? ". <a href=\"#host\">The host</a> says more."
                 : " Nothing of the host is in doubt.",
          out);
}

/* Whether boot K is the first that was told this of a thing, and how many were told the same. */
static size_t alike(const json_t *boots, size_t k, const char *name)
{
    const json_t *item = item_of(json_array_get(boots, k), name);
    size_t count = 0, index;
    json_t *boot;

    json_array_foreach(boots, index, boot)
    {
        const json_t *other = item_of(boot, name);
        if (!other || got(other) != got(item) ||
            strcmp(text_of(other, "what"), text_of(item, "what")))
            continue;
        if (index < k)
            return 0;
        count++;
    }
    return count;
}

static void item_row(FILE *out, const char *name, const json_t *item, size_t boots)
{
    fprintf(out, "<tr><td>%s</td><td>%s</td><td class=\"text\">", name, got(item) ? "yes" : "no");
    html_text(out, json_is_true(json_object_get(item, "wanted")) ? text_of(item, "what")
                                                                 : "not asked for");
    fputs("</td>", out);
    fprintf(out, boots ? "<td>%zu</td></tr>\n" : "<td>all</td></tr>\n", boots);
}

static void items_table(FILE *out, const struct report *report)
{
    static const char *const names[] = {
#define X(member, name) name,
        TUNE_ITEMS(X)
#undef X
    };
    const json_t *boots = json_object_get(report->machine, "boots");

    html_table(out, "What the boots were given", "asked of the host|got|<what, or why not|boots");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (size_t k = 0; k < json_array_size(boots); k++) {
            const json_t *item = item_of(json_array_get(boots, k), names[i]);
            const size_t count = item ? alike(boots, k, names[i]) : 0;
            if (count)
                item_row(out, names[i], item, count);
        }
    item_row(out, "governor", json_object_get(json_object_get(report->machine, "tune"), "governor"),
             0);
    html_table_end(out);
}

static void time_cell(FILE *out, const json_t *host, const char *member)
{
    const json_t *time = json_object_get(host, member);
    char text[32] = "-";

    if (json_is_number(time))
        number_text(json_number_value(time), text, sizeof(text));
    fprintf(out, "<td>%s</td>", text);
}

static void times_table(FILE *out, const json_t *boots)
{
    size_t index;
    json_t *boot;

    html_table(out, "Where the guest's thread spent its time",
               "boot|CPU|ran, ms|waited for its CPU|taken by an outer host");
    json_array_foreach(boots, index, boot)
    {
        const json_t *host = json_object_get(boot, "host");
        if (!host)
            continue;
        fputs("<tr><td>", out);
        html_text(out, text_of(boot, "boot"));
        fputs("</td>", out);
        time_cell(out, host, "cpu");
        time_cell(out, host, "ran_ms");
        time_cell(out, host, "waited_ms");
        time_cell(out, host, "stolen_ms");
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

void report_host(FILE *out, const struct report *report)
{
    const json_t *tune = json_object_get(report->machine, "tune");

    if (!json_is_object(tune))
        return;
    html_section(out, "host", "The host, and how quiet it was");
    items_table(out, report);
    times_table(out, json_object_get(report->machine, "boots"));
    html_note(out,
              "As read back from QEMU's threads, every few milliseconds until each boot's end. "
              "A boot of class kvm that was kept from its CPU for more than a tenth of its time, "
              "or saw a gap of more than 100 us while it watched its clock, is in no figure.");
    html_section_end(out);
}

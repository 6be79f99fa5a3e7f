/* SPDX-License-Identifier: MIT
 * The report's sections about where a service is put and what surrounds it: placement by route by
 * isolation, each step explained by the kernel's counts; the same beside Linux; a crowded machine;
 * mitigations; interrupts; live moves. A section whose cells a run has not is not there. See
 * bench/report.h. */
#include <stdio.h>
#include <string.h>

#include "bench/html.h"
#include "bench/report.h"
#include "bench/table.h"

#define PAYLOAD 8 /* bytes */

struct place {
    const char *rung, *service, *step;
};

/* Each row differs from the one above by the thing that the last column names. */
static const struct place places[] = {
    {"R1", "linked", "a function call behind one trap"},
    {"R1m", "module", "loaded text, not linked text"},
    {"D4", "server, message", "another space: a trap, two switches"},
    {"T2", "server, scheme", "a descriptor instead of a TID"},
    {"T1h", "server, records", "C, and records in memory"},
    {"T1", "no hand-over", "the ready queue"},
    {"T0c", "two calls", "one more trap"},
    {"T0", "mapped", "page tables instead of a copy"},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static const struct figure *at(const struct report *report, const char *rung, bool on)
{
    return chart_at(report->document, rung, PAYLOAD, on);
}

static void place_row(FILE *out, const struct report *report, const struct place *place,
                      const struct figure *above)
{
    const struct figure *off = at(report, place->rung, false), *on = at(report, place->rung, true);
    const char *unit = figure_unit(report->document->class);

    if (!off && !on)
        return;
    fprintf(out, "<tr><td>%s</td><td class=\"text\">%s</td>", place->rung, place->service);
    html_number(out, off, unit, off ? off->whole : 0);
    html_number(out, on, unit, on ? on->whole : 0);
    html_difference(out, off, on);
    html_difference(out, above, off);
    html_number(out, off, "traps", off ? off->traps : 0);
    html_number(out, off, "copied_bytes", off ? off->copied_bytes : 0);
    html_number(out, off, "cr3_writes", off ? off->cr3_writes : 0);
    html_number(out, on, "cr3_writes", on ? on->cr3_writes : 0);
    fprintf(out, "<td class=\"text\">%s</td></tr>\n", place->step);
}

void report_placement(FILE *out, const struct report *report)
{
    const struct figure *above = NULL;

    if (!at(report, "R1", false) || !at(report, "T2", false))
        return;
    fputs("<h2>Placement, route, isolation</h2>\n", out);
    report_figure(out, report, CHART_placement,
                  "One read of 8 bytes (D4: a message of 8 bytes), from the service in the kernel "
                  "to the classic scheme whose server reads records. The axis is logarithmic.");
    fputs("<div class=\"wide\"><table>\n<tr><th>rung</th><th class=\"text\">service</th>"
          "<th>off</th><th>on</th><th>isolation</th><th>step</th>"
          "<th>traps</th><th>copied</th><th>CR3 off</th><th>on</th><th class=\"text\">the step "
          "is</th></tr>\n",
          out);
    for (size_t i = 0; i < PLACES; i++) {
        place_row(out, report, &places[i], above);
        above = at(report, places[i].rung, false) ? at(report, places[i].rung, false) : above;
    }
    fputs("</table></div>\n<p class=\"note\">step: against the row above, isolation off. A service "
          "in the kernel gives up memory safety: that is what the difference to a server "
          "buys.</p>\n",
          out);
}

/* What Linux needs for the like. */
static const struct beside {
    const char *cell, *what, *peer;
    int whole;
} besides[] = {
    {"R0", "null system call", "null", 209},
    {"ram/size:64", "read of 64 bytes of a file, service linked", "tmpfs pread", 1335},
    {"open", "open, read, close; service linked", "tmpfs", 7064},
    {"pipe", "8 bytes through a pipe and back", "pipe", 10553},
    {"chan", "8 bytes through a channel and back", "unix stream", 17322},
    {"futex", "two threads wake each other", "futex", 7114},
};

void report_beside(FILE *out, const struct report *report)
{
    unsigned rows = 0;

    if (strcmp(report->document->class, "icount"))
        return; /* the peers were counted on that emulator, in that way */
    for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++) {
        const struct figure *off = document_find(report->document, besides[i].cell, false);
        char text[32];
        if (!off)
            continue;
        if (!rows++)
            fputs("<h2>Beside Linux</h2>\n<div class=\"wide\"><table>\n<tr><th>cell</th>"
                  "<th>Tach</th><th>Linux 6.1</th><th>factor</th><th class=\"text\">what</th>"
                  "<th class=\"text\">Linux: </th></tr>\n",
                  out);
        fputs("<tr><td>", out);
        html_text(out, besides[i].cell);
        fputs("</td>", out);
        html_number(out, off, "instructions", off->whole);
        snprintf(text, sizeof(text), "%.1f", off->whole > 0 ? besides[i].whole / off->whole : 0);
        fprintf(out,
                "<td>%d</td><td>%s</td><td class=\"text\">%s</td><td class=\"text\">%s</td></tr>\n",
                besides[i].whole, text, besides[i].what, besides[i].peer);
    }
    if (rows)
        fputs("</table></div>\n<p class=\"note\">Whole round trips, isolation off, on the same "
              "emulator, counted the same way. Linux does more: it is a reference, no "
              "verdict.</p>\n",
              out);
}

/* Columns of a table whose cells are a base name and variants of it. */
struct variants {
    const char *title, *note;
    const char *const *bases;
    const char *const *suffixes; /* the first is empty */
    const char *const *heads;
    enum chart chart; /* CHART_COUNT: none */
};

static const struct figure *variant(const struct report *report, const char *base,
                                    const char *suffix, bool on)
{
    char cell[MATRIX_NAME_MAX + 1];

    snprintf(cell, sizeof(cell), "%.20s%.18s", base, suffix);
    return document_find(report->document, cell, on);
}

static bool variants_there(const struct report *report, const struct variants *v)
{
    for (unsigned i = 0; v->bases[i]; i++)
        for (unsigned k = 1; v->suffixes[k]; k++)
            if (variant(report, v->bases[i], v->suffixes[k], false))
                return true;
    return false;
}

static void variants_print(FILE *out, const struct report *report, const struct variants *v)
{
    const char *unit = figure_unit(report->document->class);

    if (!variants_there(report, v))
        return;
    fprintf(out, "<h2>%s</h2>\n", v->title);
    if (v->chart != CHART_COUNT)
        report_figure(out, report, v->chart, v->note);
    fputs("<div class=\"wide\"><table>\n<tr><th>cell</th><th>isolation</th>", out);
    for (unsigned k = 0; v->heads[k]; k++)
        fprintf(out, "<th>%s</th>", v->heads[k]);
    fputs("</tr>\n", out);
    for (unsigned i = 0; v->bases[i]; i++)
        for (unsigned on = 0; on < 2; on++) {
            if (!variant(report, v->bases[i], "", on))
                continue;
            fprintf(out, "<tr><td>%s</td><td>%s</td>", v->bases[i], on ? "on" : "off");
            for (unsigned k = 0; v->suffixes[k]; k++) {
                const struct figure *figure = variant(report, v->bases[i], v->suffixes[k], on);
                html_number(out, figure, unit, figure ? figure->whole : 0);
            }
            fputs("</tr>\n", out);
        }
    fputs("</table></div>\n", out);
    if (v->chart == CHART_COUNT)
        fprintf(out, "<p class=\"note\">%s</p>\n", v->note);
}

void report_surroundings(FILE *out, const struct report *report)
{
    static const char *const crowd_bases[] = {
        "D4/size:0/space:two", "T2/size:8", "R1/size:8", "open", "notify", NULL};
    static const char *const crowds[] = {"", "/crowd:tasks", "/crowd:schemes", "/crowd:fds", NULL};
    static const char *const crowd_heads[] = {"alone", "4,000 tasks", "1,000 schemes",
                                              "60,000 descriptors", NULL};
    static const char *const mitig_bases[] = {
        "R0", "R1/size:8", "T2/size:8", "D4/size:0/space:two", "D4/size:48/space:two", NULL};
    static const char *const mitigs[] = {"",           "/mitig:fence", "/mitig:verw", "/mitig:ibpb",
                                         "/mitig:rsb", "/mitig:all",   NULL};
    static const char *const mitig_heads[] = {"none", "fence", "verw", "ibpb", "rsb", "all", NULL};
    static const struct variants tables[] = {
        {"Does it grow?",
         "The same operation alone, and beside many tasks, schemes or open descriptors.",
         crowd_bases, crowds, crowd_heads, CHART_growth},
        {"Mitigations",
         "fence: LFENCE behind SWAPGS; verw: before the way out; ibpb and rsb: when another task "
         "is "
         "to run. Each brings the fence along. In instructions their price is not what a CPU pays.",
         mitig_bases, mitigs, mitig_heads, CHART_COUNT},
    };

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        variants_print(out, report, &tables[i]);
}

/* A list of cells, each with what it is. */
static void cells_print(FILE *out, const struct report *report, const char *title,
                        const char *const (*rows)[2])
{
    const char *unit = figure_unit(report->document->class);
    bool begun = false;

    for (unsigned i = 0; rows[i][0]; i++) {
        const struct figure *off = document_find(report->document, rows[i][0], false);
        const struct figure *on = document_find(report->document, rows[i][0], true);
        if (!off && !on)
            continue;
        if (!begun)
            fprintf(out,
                    "<h2>%s</h2>\n<div class=\"wide\"><table>\n<tr><th>cell</th><th>off</th>"
                    "<th>on</th><th>isolation</th><th class=\"text\">what</th></tr>\n",
                    title);
        begun = true;
        fprintf(out, "<tr><td>%s</td>", rows[i][0]);
        html_number(out, off, unit, off ? off->whole : 0);
        html_number(out, on, unit, on ? on->whole : 0);
        html_difference(out, off, on);
        fprintf(out, "<td class=\"text\">%s</td></tr>\n", rows[i][1]);
    }
    if (begun)
        fputs("</table></div>\n", out);
}

void report_events(FILE *out, const struct report *report)
{
    static const char *const interrupts[][2] = {
        {"irq-linked", "from the raise of an interrupt to the kernel's first look at it"},
        {"irq-realtime", "to the first instruction of a real-time handler in ring 3"},
        {"irq-thread", "to a thread that waits for the line"},
        {"irq-notify", "to a thread that waits for its notification"},
        {NULL, NULL}};
    static const char *const moves[][2] = {
        {"move/size:4096/to:module", "linked to module, 4 KiB of content: freeze to thaw"},
        {"move/size:65536/to:module", "the same, 64 KiB"},
        {"move/size:4096/to:linked", "module to linked, 4 KiB"},
        {"move/size:65536/to:linked", "64 KiB"},
        {"move/size:4096/to:server", "linked to a user server, 4 KiB"},
        {"move/size:65536/to:server", "64 KiB"},
        {"move/size:4096/to:kernel", "a user server back into the kernel, 4 KiB"},
        {"move/size:65536/to:kernel", "64 KiB"},
        {NULL, NULL}};

    cells_print(out, report, "Interrupts", interrupts);
    cells_print(out, report, "Live moves: how long a service is nowhere", moves);
}

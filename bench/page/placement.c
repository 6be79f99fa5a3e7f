/* SPDX-License-Identifier: MIT
 * The report's section about where a service is put: one operation by placement, route and
 * isolation, each step explained by the kernel's own counts; and the like on Linux. A section whose
 * cells a run has not is not there. See bench/page/report.h. */
#include <stdio.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define PAYLOAD 8 /* bytes */

static const struct place {
    const char *rung, *where, *route, *step;
} places[] = {
    {"R1", "kernel, linked", "scheme", "a trap, a descriptor, a function call"},
    {"R1m", "kernel, module", "scheme", "text that was loaded instead of linked"},
    {"D4", "user server", "message to its TID",
     "another address space: one trap more, two switches of page tables"},
    {"T2", "user server", "scheme, in registers", "a descriptor instead of a TID: the naming"},
    {"T1h", "user server", "scheme, records in memory", "C in place of assembly, and a record"},
    {"T1", "user server", "records, no hand-over", "through the ready queue"},
    {"T0c", "user server", "records, two calls a request", "the answer is a call of its own"},
    {"T0", "user server", "records, payload mapped", NULL}, /* said by map_reason */
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static const struct figure *at(const struct report *report, const char *rung, bool on)
{
    return chart_at(report->document, rung, PAYLOAD, on);
}

/* Whole pages are shared with the server; what is no whole page is copied into a fresh one. */
static const char *map_reason(const struct figure *figure)
{
    return figure && figure_has(figure->copied_bytes) && figure->copied_bytes <= 0
               ? "page tables instead of a copy"
               : "a page mapped and unmapped for bytes that fill none, copied as well";
}

static void place_row(FILE *out, const struct report *report, const struct place *place,
                      struct marks *marks)
{
    const struct figure *sides[2] = {at(report, place->rung, false), at(report, place->rung, true)};
    const struct figure *off = sides[0] ? sides[0] : sides[1], *above = NULL;
    const char *unit = figure_unit(report->document->class);

    if (!off)
        return;
    for (const struct place *p = places; p != place; p++)
        above = at(report, p->rung, false) ? at(report, p->rung, false) : above;
    fprintf(out, "<tr><td>%s</td><td class=\"text\">%s <span class=\"rung\">%s</span></td>",
            place->where, place->route, place->rung);
    report_pair(out, report, sides, marks);
    html_difference(out, above, sides[0], unit);
    fprintf(out, "<td class=\"text\">%s</td>", place->step ? place->step : map_reason(off));
    html_number(out, off, "traps", off->traps);
    html_number(out, sides[0], "cr3_writes", sides[0] ? sides[0]->cr3_writes : 0);
    html_number(out, sides[1], "cr3_writes", sides[1] ? sides[1]->cr3_writes : 0);
    html_number(out, off, "copied_bytes", off->copied_bytes);
    fputs("</tr>\n", out);
}

void report_placement(FILE *out, const struct report *report)
{
    struct marks marks = {.fractions = 0};

    if (!at(report, "R1", false) || !at(report, "T2", false))
        return;
    html_section(out, "placement", "Placement, route, isolation");
    fputs(
        "<p class=\"lead\">The same read of 8 bytes from the same service. What changes from line "
        "to line is where the service runs and how the call reaches it; what changes from column "
        "to column is whether the kernel keeps its pages out of user page tables.</p>\n",
        out);
    report_figure(out, report, CHART_placement,
                  "One dot a figure, isolation off above on. On this axis a distance is a factor: "
                  "the last lines cost tens of times the first.");
    html_table(out, "Cost by placement, route and isolation",
               "service in|<reached by|isolation off|on|isolation adds|step from the line above|"
               "<which is|traps|CR3 writes, off|on|bytes copied by the kernel");
    for (size_t i = 0; i < PLACES; i++)
        place_row(out, report, &places[i], &marks);
    html_table_end(out);
    html_note(out,
              "Round trips as the client sees them. D4 sends its 8 bytes as a message. Bytes that "
              "travel in registers are not counted as copied. A service in the kernel gives up "
              "memory safety: that is what the step to a server buys.");
    report_marks(out, &marks);
    html_section_end(out);
}

/* What Linux needs for the like. */
static const struct peer_row {
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
#define BESIDES (sizeof(besides) / sizeof(besides[0]))

static void beside_row(FILE *out, const struct peer_row *beside, const struct figure *off)
{
    char name[FIGURE_NAME_MAX];

    fprintf(out, "<tr><td>%s</td>", beside->cell);
    html_number(out, off, "instructions", off->whole);
    figure_name(off, name);
    fprintf(out, "<td>%d</td><td data-name=\"", beside->whole);
    html_text(out, name);
    fprintf(out,
            "\" data-member=\"instructions\" data-peer=\"%d\">%.1f</td><td class=\"text\">%s</td>"
            "<td class=\"text\">%s</td></tr>\n",
            beside->whole, off->whole > 0 ? beside->whole / off->whole : 0, beside->what,
            beside->peer);
}

void report_beside(FILE *out, const struct report *report)
{
    unsigned rows = 0;

    if (strcmp(report->document->class, "icount"))
        return; /* the peers were counted on that emulator, in that way */
    for (size_t i = 0; i < BESIDES; i++) {
        const struct figure *off = document_find(report->document, besides[i].cell, false);
        if (!off)
            continue;
        if (!rows++) {
            html_section(out, "linux", "Beside Linux");
            html_table(out, "Linux on the same emulator",
                       "cell|Tach|Linux 6.1|factor|<what|<Linux by");
        }
        beside_row(out, &besides[i], off);
    }
    if (!rows)
        return;
    html_table_end(out);
    html_note(out, "Whole round trips, isolation off, on the same emulator, counted the same way. "
                   "Linux does more: it is a reference, no verdict.");
    html_section_end(out);
}

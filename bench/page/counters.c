/* SPDX-License-Identifier: MIT
 * The report's section of the CPU's own counters, only where a figure has any: what each cell needs
 * beside its ticks, and why a column is empty. See bench/page/report.h. */
#include "bench/counters.h"
#include "bench/kept.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "traces/body.h"

static void row_print(FILE *out, const struct figure *figure)
{
    fputs("<tr><td>", out);
    html_text(out, figure->cell);
    fprintf(out, "</td><td class=\"text\">%s</td>", figure->pti_on ? "on" : "off");
#define X(member, json, head) html_number(out, figure, json, figure->member);
    COUNTER_FIGURES(X)
#undef X
    fputs("</tr>\n", out);
}

/* One line a kind that some boot lacks, with that boot's reason. */
static void lacks_print(FILE *out, const struct kept *kept)
{
    for (uint32_t kind = COUNTER_CYCLES; kind <= COUNTER_L1D_MISSES; kind++)
        for (size_t i = 0; i < kept->count; i++) {
            const char *why = counters_lack(kept->boots[i].boot, kind);
            if (!why)
                continue;
            fprintf(out, "<p class=\"note\">No %s: %s.</p>\n", body_counter_name(kind), why);
            break;
        }
}

void report_counters(FILE *out, const struct report *report)
{
    if (!counters_any(report->document))
        return;
    html_section(out, "counters", "Counters: what the CPU says of itself");
    html_table(out, "The CPU's counters, a call",
               "cell|<isolation"
#define X(member, json, head) "|" head
               COUNTER_FIGURES(X)
#undef X
    );
    for (size_t i = 0; i < report->document->count; i++)
        if (counters_had(&report->document->figures[i]))
            row_print(out, &report->document->figures[i]);
    html_table_end(out);
    html_note(out,
              "Each from a pass of its own behind the timed ones, both rings and both sides, "
              "less an empty region of as many turns; so the ticks are that pass's. Core "
              "cycles by ticks is the core's clock by its nominal one. DTLB walks are of loads "
              "and stores, L1D misses lines brought in. A dash was not counted; below 0 the "
              "empty region had more. Of a move all is counted that its caller waits for, not "
              "only the gap in which nobody answers. The cells of interrupts have no pass: their "
              "span begins inside of the kernel and ends in ring 3, where no counter is read.");
    lacks_print(out, report->kept);
    html_section_end(out);
}

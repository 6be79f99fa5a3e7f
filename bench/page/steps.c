/* SPDX-License-Identifier: MIT
 * Both ladders at every payload: each rung as a difference from the one above it, with what the
 * kernel counted less of. A step that goes up is explained, or named as what it is. See
 * bench/page/report.h. */
#include <math.h>
#include <string.h>

#include "bench/crossover.h"
#include "bench/page/html.h"
#include "bench/page/report.h"
#include "bench/table.h"

#define RUNGS       5u
#define REASON_ROOM 160u
#define UNMAPPED    "T0c" /* the rung that copies what the one above it maps */

static const struct ladder {
    const char *name, *label, *heads, *rungs[RUNGS];
    long registers;   /* bytes of payload that its last rung carries in registers */
    const char *miss; /* what the last rung does beyond them */
} ladders[] = {
    {"messages",
     "Steps of the messages",
     "bytes|isolation|D0|<D1|<D2|<D3|<D4",
     {"D0", "D1", "D2", "D3", "D4"},
     48,
     "D3, and the guards of D4 that say so"},
    {"schemes",
     "Steps of the schemes",
     "bytes|isolation|T0|<T0c|<T1|<T1h|<T2",
     {"T0", "T0c", "T1", "T1h", "T2"},
     40,
     "a message in place of a record, in C"},
};

/* Why a rung costs less than the one above it where all counts are the same. */
static const char *const reasons[][2] = {
    {"T0c", "no mapping"},     {"T1h", "hands over: no ready queue"},
    {"D4", "assembly, not C"}, {"T2", "registers and assembly, no record"},
    {"T1", "one call"},
};

struct step {
    const struct ladder *ladder;
    const struct figure *above, *below;
    const char *rung;
    long size;
};

static void count_add(char *reason, double less, const char *what)
{
    const size_t used = strlen(reason);

    if (less != 0)
        snprintf(reason + used, REASON_ROOM - used, "%s%g %s%s %s", used ? ", " : "", fabs(less),
                 what, fabs(less) == 1 ? "" : "s", less > 0 ? "less" : "more");
}

/* The counts that differ, by the kernel. */
static void counts_say(const struct step *step, char reason[REASON_ROOM])
{
    const struct figure *a = step->above, *b = step->below;

    reason[0] = 0;
    if (figure_has(a->traps) && figure_has(b->traps))
        count_add(reason, a->traps - b->traps, "trap");
    if (figure_has(a->cr3_writes) && figure_has(b->cr3_writes))
        count_add(reason, a->cr3_writes - b->cr3_writes, "CR3 write");
    if (figure_has(a->copied_bytes) && figure_has(b->copied_bytes))
        count_add(reason, a->copied_bytes - b->copied_bytes, "copied byte");
}

/* What mapping means goes before the counts. */
static void mapped_say(const char *words, char reason[REASON_ROOM])
{
    char counts[REASON_ROOM];

    memcpy(counts, reason, sizeof(counts));
    snprintf(reason, REASON_ROOM, "%s%.100s", words, counts);
}

/* True where the step is understood: it goes down, or it goes up for a reason that is known. */
static bool reason_find(const struct step *step, char reason[REASON_ROOM])
{
    const struct figure *a = step->above, *b = step->below;
    const bool last = step->rung == step->ladder->rungs[RUNGS - 1];
    const bool up = b->whole > a->whole;

    counts_say(step, reason);
    if (last && step->size > step->ladder->registers && (up || !*reason))
        snprintf(reason, REASON_ROOM, "%s", step->ladder->miss);
    else if (!strcmp(step->rung, UNMAPPED) && a->copied_bytes <= 0 && b->copied_bytes > 0)
        mapped_say(up ? "mapping pays: the copy is " : "no page mapped; ", reason);
    else if (!strcmp(step->rung, UNMAPPED) && !up)
        mapped_say("no page mapped; ", reason);
    else if (up)
        return false;
    for (size_t i = 0; !*reason && i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (!strcmp(reasons[i][0], step->rung))
            snprintf(reason, REASON_ROOM, "%s", reasons[i][1]);
    return true;
}

static void step_cell(FILE *out, const struct step *step, const char *unit)
{
    char reason[REASON_ROOM], names[2][FIGURE_NAME_MAX], text[32];

    if (!step->above || !step->below) {
        fputs("<td class=\"text\">-</td>", out);
        return;
    }
    const bool known = reason_find(step, reason);
    const double delta = step->below->whole - step->above->whole;
    figure_name(step->above, names[0]);
    figure_name(step->below, names[1]);
    number_text(fabs(delta), text, sizeof(text));
    fputs("<td class=\"text\"><span data-name=\"", out);
    html_text(out, names[1]);
    fputs("\" data-minus=\"", out);
    html_text(out, names[0]);
    fprintf(out, "\" data-member=\"%s\"%s>%c%s</span><small>%s%s</small></td>", unit,
            known ? "" : " class=\"alarm\"", delta < 0 ? '-' : '+', text, reason,
            known ? "" : " dearer, and no count says why");
}

static void ladder_row(FILE *out, const struct report *report, const struct ladder *ladder,
                       const struct figure *top)
{
    const char *unit = figure_unit(report->document->class);
    const struct figure *above = top;
    const long size = cell_split(top->cell).size;

    fprintf(out, "<tr><td>%ld</td><td>%s</td>", size, top->pti_on ? "on" : "off");
    html_number(out, top, unit, top->whole);
    for (unsigned i = 1; i < RUNGS; i++) {
        const struct figure *below =
            chart_at(report->document, ladder->rungs[i], size, top->pti_on);
        step_cell(out, &(struct step){ladder, above, below, ladder->rungs[i], size}, unit);
        above = below;
    }
    fputs("</tr>\n", out);
}

static void ladder_table(FILE *out, const struct report *report, const struct ladder *ladder,
                         bool pti_on)
{
    long sizes[CROSSOVER_SIZES_MAX];
    const size_t n = crossover_sizes(report->document, sizes);

    html_table(out, ladder->label, ladder->heads);
    for (size_t k = 0; k < n; k++) {
        const struct figure *top = chart_at(report->document, ladder->rungs[0], sizes[k], pti_on);
        if (top)
            ladder_row(out, report, ladder, top);
    }
    html_table_end(out);
}

static bool ladder_there(const struct report *report, const struct ladder *ladder)
{
    return chart_smallest(report->document, ladder->rungs[0], false) ||
           chart_smallest(report->document, ladder->rungs[0], true);
}

void report_steps(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < sizeof(ladders) / sizeof(ladders[0]); i++) {
        const struct ladder *ladder = &ladders[i];
        if (!ladder_there(report, ladder))
            continue;
        fprintf(out, "<h3 id=\"steps-%s\">The ladder of the %s: each step a difference</h3>\n",
                ladder->name, ladder->name);
        ladder_table(out, report, ladder, false);
        fputs("<details><summary>The same with isolation on</summary>\n", out);
        ladder_table(out, report, ladder, true);
        fputs("</details>\n", out);
    }
    html_note(
        out, "The first rung is whole; each further one is what it costs less than the rung to its "
             "left, and what the kernel counted less of. Two rungs may change order where their "
             "means differ in kind: T0 maps whole pages where T0c copies them, and beyond its "
             "registers D4 takes D3's road after it has looked.");
}

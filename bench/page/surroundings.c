/* SPDX-License-Identifier: MIT
 * The report's sections about what surrounds a call: a crowded machine, mitigations, interrupts,
 * services that move. A section whose cells a run has not is not there. See bench/page/report.h. */
#include <stdio.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/page/report.h"

/* A table whose rows are base cells, and whose columns are the base and its variants as
 * differences from it. */
struct variants {
    const char *id, *title, *label, *heads, *note;
    const char *const *bases;
    const char *const *suffixes;
    enum chart chart; /* CHART_COUNT: none */
    const char *caption;
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
        for (unsigned k = 0; v->suffixes[k]; k++)
            if (variant(report, v->bases[i], v->suffixes[k], false) ||
                variant(report, v->bases[i], v->suffixes[k], true))
                return true;
    return false;
}

static void variants_row(FILE *out, const struct report *report, const struct variants *v,
                         const struct figure *base)
{
    const char *unit = figure_unit(report->document->class);

    fputs("<tr><td>", out);
    html_text(out, base->cell);
    fprintf(out, "</td><td>%s</td>", base->pti_on ? "on" : "off");
    html_number(out, base, unit, base->whole);
    for (unsigned k = 0; v->suffixes[k]; k++)
        html_difference(out, base, variant(report, base->cell, v->suffixes[k], base->pti_on), unit);
    fputs("</tr>\n", out);
}

static void variants_print(FILE *out, const struct report *report, const struct variants *v)
{
    if (!variants_there(report, v))
        return;
    html_section(out, v->id, v->title);
    if (v->chart != CHART_COUNT)
        report_figure(out, report, v->chart, v->caption);
    html_table(out, v->label, v->heads);
    for (unsigned i = 0; v->bases[i]; i++)
        for (unsigned on = 0; on < 2; on++) {
            const struct figure *base = variant(report, v->bases[i], "", on);
            if (base)
                variants_row(out, report, v, base);
        }
    html_table_end(out);
    html_note(out, v->note);
    html_section_end(out);
}

void report_growth(FILE *out, const struct report *report)
{
    static const char *const bases[] = {
        "D4/size:0/space:two", "T2/size:8", "R1/size:8", "open", "notify", NULL};
    static const char *const suffixes[] = {"/crowd:tasks", "/crowd:schemes", "/crowd:fds", NULL};
    static const struct variants growth = {
        "growth",
        "Does it grow?",
        "What crowds add",
        "cell|isolation|alone|4,000 tasks add|1,000 schemes add|60,000 descriptors add",
        "The tasks wait, the descriptors are the caller's own. 0: the operation does not look at "
        "how many there are.",
        bases,
        suffixes,
        CHART_growth,
        "The same operation alone, and beside many tasks, schemes or open descriptors; isolation "
        "off. The first bar of each group has its cost, the others what is added to it."};

    variants_print(out, report, &growth);
}

void report_mitigations(FILE *out, const struct report *report)
{
    static const char *const bases[] = {
        "R0", "R1/size:8", "T2/size:8", "D4/size:0/space:two", "D4/size:48/space:two", NULL};
    static const char *const suffixes[] = {"/mitig:fence", "/mitig:verw", "/mitig:ibpb",
                                           "/mitig:rsb",   "/mitig:all",  NULL};
    static const struct variants mitigations = {
        "mitigations",
        "Mitigations: what each adds",
        "What mitigations add",
        "cell|isolation|none|fence adds|verw adds|ibpb adds|rsb adds|all add",
        "fence: LFENCE behind SWAPGS; verw: before the way out; ibpb and rsb: when another task is "
        "to run. Each brings the fence along, so the columns do not add up to the last. A dash: "
        "the CPU has it not. In instructions their price is not what a CPU pays.",
        bases,
        suffixes,
        CHART_COUNT,
        NULL};

    variants_print(out, report, &mitigations);
}

/* A list of cells, each with what it is. */
struct cells {
    const char *id, *title, *note;
    const char *const (*rows)[2];
};

static void cells_print(FILE *out, const struct report *report, const struct cells *cells)
{
    struct marks marks = {.fractions = 0};
    bool begun = false;

    for (unsigned i = 0; cells->rows[i][0]; i++) {
        const struct figure *sides[2] = {document_find(report->document, cells->rows[i][0], false),
                                         document_find(report->document, cells->rows[i][0], true)};
        if (!sides[0] && !sides[1])
            continue;
        if (!begun) {
            html_section(out, cells->id, cells->title);
            html_table(out, cells->title, "cell|isolation off|on|isolation adds|<what");
        }
        begun = true;
        fprintf(out, "<tr><td>%s</td>", cells->rows[i][0]);
        report_pair(out, report, sides, &marks);
        fprintf(out, "<td class=\"text\">%s</td></tr>\n", cells->rows[i][1]);
    }
    if (!begun)
        return;
    html_table_end(out);
    html_note(out, cells->note);
    report_marks(out, &marks);
    html_section_end(out);
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
    static const struct cells lists[] = {
        {"interrupts", "Interrupts", "One way: from the raise to who it is for.", interrupts},
        {"moves", "Live moves: how long a service is nowhere",
         "From the freeze of the service to its first answer in the new place; calls that come "
         "meanwhile wait that long.",
         moves},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        cells_print(out, report, &lists[i]);
}

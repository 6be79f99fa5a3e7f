/* SPDX-License-Identifier: MIT
 * A comparison as Markdown for a merge request: the verdict, a table of what moved, the rest
 * folded, and how it was made. Invariant: no byte of a name, a path or a machine acts as Markdown,
 * HTML, a mention or a link. See bench/compare.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/compare/parts.h"

#define SHOWN 20u /* rows that do not fold away */

/* Text that stays text: letters, digits and what no Markdown reads as its own; the rest of ASCII as
 * entities, '@' too, which would call people, as \xNN like all other bytes. */
void markdown_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < ' ' || byte > '~' || byte == '@')
            fprintf(out, "&#92;x%02x", byte);
        else if (strchr(" /:=+-.,%()", byte) || (byte >= '0' && byte <= '9') ||
                 (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'))
            fputc(byte, out);
        else
            fprintf(out, "&#%u;", byte);
    }
}

static void row_print(FILE *out, const struct compared *figure, enum metric metric)
{
    const struct compared_metric *m = &figure->metrics[metric];
    char values[96], shift[48], evidence[160];

    values_text(&m->judged, values, sizeof(values));
    signed_text(m->judged.shift, shift, sizeof(shift));
    metric_evidence(m, evidence, sizeof(evidence));
    fprintf(out, "| %s | ",
            m->exact && !metric_moved(m) ? "equal" : verdict_name(m->judged.verdict));
    markdown_text(out, figure->name);
    fprintf(out, " | %s | %s | %s", metric_name(metric), values, shift);
    if (m->judged.location[0] != 0)
        fprintf(out, " (%+.2f %%)", m->judged.percent);
    fprintf(out, " | %s | ", evidence);
    if (metric == METRIC_whole)
        fputs(figure->cause, out);
    if (metric == METRIC_whole && figure->reading)
        fprintf(out, "%s%s", figure->cause[0] ? "; " : "", reading_text(figure->reading));
    fputs(" |\n", out);
}

static void figure_print(FILE *out, const struct compared *figure)
{
    if (figure->on != ON_BOTH) {
        fprintf(out, "| %s | ", figure->on == ON_BASE_ONLY ? "vanished" : "new");
        markdown_text(out, figure->name);
        fputs(" | | | | | |\n", out);
        return;
    }
    for (enum metric metric = 0; metric < METRIC_PHASE; metric++)
        if (metric_moved(&figure->metrics[metric]) ||
            (metric == METRIC_whole && figure->metrics[metric].there))
            row_print(out, figure, metric);
}

static void figures_print(FILE *out, const struct compared *const *figures, size_t count)
{
    fputs("\n| verdict | figure | metric | base, head | change | evidence | in |\n"
          "| --- | --- | --- | ---: | ---: | --- | --- |\n",
          out);
    for (size_t i = 0; i < count; i++)
        figure_print(out, figures[i]);
}

static void folded_print(FILE *out, const struct compared *const *figures, size_t count,
                         const char *what)
{
    if (!count)
        return;
    fprintf(out, "\n<details><summary>%zu %s</summary>\n", count, what);
    figures_print(out, figures, count);
    fputs("\n</details>\n", out);
}

static void fact_print(FILE *out, const char *name, const char *text)
{
    if (!*text)
        return;
    fprintf(out, "- %s: ", name);
    markdown_text(out, text);
    fputc('\n', out);
}

static void side_print(FILE *out, const char *name, const struct compared_side *side)
{
    fprintf(out, "- %s: ", name);
    markdown_text(out, side->path);
    fprintf(out, ", %zu boots", side->boots);
    if (side->excluded)
        fprintf(out, ", %zu excluded", side->excluded);
    fputs(side->complete ? "" : ", **not every boot passed**", out);
    if (*side->revision) {
        fputs(", revision ", out);
        markdown_text(out, side->revision);
    }
    fputc('\n', out);
}

static void facts_print(FILE *out, const struct comparison *comparison, const char *command)
{
    fputc('\n', out);
    fact_print(out, "class", comparison->class);
    fact_print(out, "machine", comparison->machine);
    side_print(out, "base", &comparison->sides[0]);
    side_print(out, "head", &comparison->sides[1]);
    if (!comparison->exact)
        fprintf(out, "- %.3g %% matters; floor of this machine: %.2g %%%s\n",
                100 * comparison->rule.matters, 100 * comparison->rule.floor,
                comparison->rule.floor > 0 ? "" : " (not known: `tach compare --aa` measures it)");
    if (command)
        fact_print(out, "made by", command);
}

/* The verdict in a word, for a heading. */
static const char *heading(const struct comparison *comparison)
{
    switch (comparison_verdict(comparison)) {
    case VERDICT_REGRESSED:
        return "regressed";
    case VERDICT_IMPROVED:
        return "improved";
    case VERDICT_EQUIVALENT:
        return comparison->moved   ? "no worse, but moved"
               : comparison->exact ? "equal"
                                   : "equivalent";
    default:
        return "inconclusive";
    }
}

int comparison_markdown(FILE *out, const struct comparison *comparison, const char *command)
{
    const struct compared **order = comparison_order(comparison);
    size_t moved = 0, open = 0;
    char summary[256];

    if (!order)
        return -1;
    for (size_t i = 0; i < comparison->count; i++) {
        moved += order[i]->moved;
        open += !order[i]->moved && order[i]->verdict == VERDICT_INCONCLUSIVE;
    }
    summary_text(comparison, summary, sizeof(summary));
    fprintf(out, "### tach: %s\n\n%s.\n", heading(comparison), summary);
    /* By rank those that moved and those that are open are mixed: the three are told apart. */
    const struct compared **sorted = calloc(comparison->count + 1, sizeof(*sorted));
    size_t at[3] = {0, moved, moved + open};
    for (size_t i = 0; sorted && i < comparison->count; i++) {
        const bool undecided = order[i]->verdict == VERDICT_INCONCLUSIVE;
        sorted[at[order[i]->moved ? 0 : undecided ? 1 : 2]++] = order[i];
    }
    if (sorted) {
        const size_t shown = moved < SHOWN ? moved : SHOWN;
        if (shown)
            figures_print(out, sorted, shown);
        folded_print(out, sorted + shown, moved - shown, "more that moved");
        folded_print(out, sorted + moved, open, "inconclusive");
        folded_print(out, sorted + moved + open, comparison->count - moved - open,
                     comparison->exact ? "equal" : "equivalent");
        facts_print(out, comparison, command);
    }
    const int failed = sorted ? 0 : -1;
    free(sorted);
    free(order);
    return failed;
}

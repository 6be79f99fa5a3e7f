/* SPDX-License-Identifier: MIT
 * The report's section about the crossing model: what a trap, a CR3 write and a byte cost here, how
 * well that explains the cells, and which it does not. See bench/page/report.h. */
#include <string.h>

#include "bench/crossing.h"
#include "bench/page/html.h"
#include "bench/page/report.h"

static void terms_table(FILE *out, const struct crossing *crossing, const char *unit)
{
    html_table(out, "Terms of the crossing model", "term|each costs|+-|<which is");
    for (unsigned i = 0; i < crossing->model.term_count; i++) {
        const struct model_term *term = &crossing->model.terms[i];
        fprintf(out, "<tr><td>%s</td>", term->name);
        if (term->used)
            fprintf(out, "<td data-judged=\"%s\">%.2f</td><td>%.2f</td>", term->name, term->value,
                    term->error);
        else
            fputs("<td>-</td><td>-</td>", out);
        fprintf(out, "<td class=\"text\">%s%s</td></tr>\n", crossing_meaning((enum crossing_term)i),
                term->used ? "" : "; these cells do not tell it from the others");
    }
    html_table_end(out);
    fprintf(out,
            "<p class=\"note\">Least squares over %zu cells, isolation off and on together: R<sup>2"
            "</sup> %.5f, residuals %.2f %s. A price whose +- is as large as itself is not told "
            "by these cells.%s</p>\n",
            crossing->count, crossing->model.r2, crossing->model.residual, unit,
            strcmp(unit, "cycles") ? " In instructions a CR3 write costs one, whatever it does to "
                                     "the TLB."
                                   : "");
}

static void cells_table(FILE *out, const struct crossing *crossing, size_t from, size_t to,
                        const char *unit)
{
    html_table(out, "Cells and the model", "cell|measured|model|residual");
    for (size_t i = from; i < to; i++) {
        const struct crossing_cell *cell = &crossing->cells[i];
        fputs("<tr><td>", out);
        html_text(out, cell->figure->cell);
        fprintf(out, " %s</td>", cell->figure->pti_on ? "on" : "off");
        html_number(out, cell->figure, unit, cell->figure->whole);
        fprintf(out, "<td>%.2f</td><td data-judged=\"model\">%+.2f</td></tr>\n", cell->fitted,
                cell->residual);
    }
    html_table_end(out);
}

void report_model(FILE *out, const struct report *report)
{
    const char *unit = figure_unit(report->document->class);
    struct crossing crossing;

    if (!crossing_fit(report->document, &crossing)) {
        html_section(out, "model", "What a crossing costs");
        terms_table(out, &crossing, unit);
        if (crossing.odd) {
            fprintf(out, "<h3>Not explained: off by more than %g of the residuals</h3>\n",
                    CROSSING_ODD);
            cells_table(out, &crossing, 0, crossing.odd, unit);
        }
        fputs("<details><summary>The cells that it explains</summary>\n", out);
        cells_table(out, &crossing, crossing.odd, crossing.count, unit);
        fputs("</details>\n", out);
        html_section_end(out);
    }
    crossing_free(&crossing);
}

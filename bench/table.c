/* SPDX-License-Identifier: MIT
 * The table of a document for people; see bench/table.h. */
#include "bench/table.h"

#include <math.h>
#include <string.h>

#include "traces/say.h"

void number_text(double number, char *out, size_t size)
{
    if (number == floor(number) && fabs(number) < 9e15)
        snprintf(out, size, "%.0f", number);
    else
        snprintf(out, size, "%.2f", number);
}

static void column_print(FILE *out, const struct figure *figure)
{
    char text[32] = "-";

    if (figure)
        number_text(figure->whole, text, sizeof(text));
    fprintf(out, " %12s", text);
}

static void difference_print(FILE *out, const struct figure *off, const struct figure *on)
{
    char text[32] = "-";

    if (off && on) {
        number_text(on->whole - off->whole, text + 1, sizeof(text) - 1);
        text[0] = '+';
        if (text[1] == '-')
            memmove(text, text + 1, sizeof(text) - 1);
    }
    fprintf(out, " %12s", text);
}

/* Whether any figure is of isolation with PCID. */
static bool pcid_has(const struct document *document)
{
    char plain[MATRIX_NAME_MAX + 1];

    for (size_t i = 0; i < document->count; i++)
        if (figure_plain(document->figures[i].cell, plain))
            return true;
    return false;
}

/* Isolation with PCID beside a cell without, and what it adds to none. */
static void pcid_print(FILE *out, const struct document *document, const char *cell,
                       const struct figure *off)
{
    char name[MATRIX_NAME_MAX + sizeof(FIGURE_PCID)];

    snprintf(name, sizeof(name), "%s" FIGURE_PCID, cell);
    const struct figure *on = document_find(document, name, true);
    fputs("  ", out);
    column_print(out, on);
    difference_print(out, off, on);
}

void table_print(FILE *out, const struct document *document)
{
    const bool pcid = pcid_has(document);

    fprintf(out, "%s a round trip, whole\n\n%-28s %12s %12s %12s%s\n", figure_unit(document->class),
            "cell", "pti off", "pti on", "difference", pcid ? "  pti on, PCID   difference" : "");
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const struct figure *off = document_find(document, figure->cell, false);
        const struct figure *on = document_find(document, figure->cell, true);
        char plain[MATRIX_NAME_MAX + 1];
        if (figure != (off ? off : on) || figure_plain(figure->cell, plain))
            continue;
        const int width = (int)strlen(figure->cell);
        say_name(out, figure->cell);
        fprintf(out, "%*s", width < 28 ? 28 - width : 0, "");
        column_print(out, off);
        column_print(out, on);
        difference_print(out, off, on);
        if (pcid)
            pcid_print(out, document, figure->cell, off);
        fputc('\n', out);
    }
}

static void pair_row(FILE *out, const struct figure *base, const struct figure *head)
{
    char name[FIGURE_NAME_MAX], text[32];

    figure_name(base, name);
    const int width = (int)strlen(name);
    say_name(out, name);
    fprintf(out, "%*s", width < 40 ? 40 - width : 0, "");
    column_print(out, base);
    column_print(out, head);
    number_text(head->whole - base->whole, text, sizeof(text));
    fprintf(out, " %12s", text);
    if (base->whole > 0)
        fprintf(out, " %+9.2f %%", 100 * (head->whole - base->whole) / base->whole);
    fputc('\n', out);
}

void table_pair_print(FILE *out, const struct document sides[RUN_SIDES])
{
    fprintf(out, "%s a round trip, whole\n\n%-40s %12s %12s %12s\n", figure_unit(sides[0].class),
            "figure", run_sides[0], run_sides[1], "difference");
    for (size_t i = 0; i < sides[0].count; i++) {
        const struct figure *base = &sides[0].figures[i];
        const struct figure *head = document_find(&sides[1], base->cell, base->pti_on);
        if (head)
            pair_row(out, base, head);
    }
}

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
    fprintf(out, " %12s\n", text);
}

void table_print(FILE *out, const struct document *document)
{
    fprintf(out, "%s a round trip, whole\n\n%-28s %12s %12s %12s\n", figure_unit(document->class),
            "cell", "pti off", "pti on", "difference");
    for (size_t i = 0; i < document->count; i++) {
        const struct figure *figure = &document->figures[i];
        const struct figure *off = document_find(document, figure->cell, false);
        const struct figure *on = document_find(document, figure->cell, true);
        if (figure != (off ? off : on))
            continue;
        const int width = (int)strlen(figure->cell);
        say_name(out, figure->cell);
        fprintf(out, "%*s", width < 28 ? 28 - width : 0, "");
        column_print(out, off);
        column_print(out, on);
        difference_print(out, off, on);
    }
}

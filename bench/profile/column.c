/* SPDX-License-Identifier: MIT
 * See column.h. */
#include "bench/profile/column.h"

#include <string.h>

#include "bench/screen.h"

#define COLUMNS    100u /* of who reads a file, or a page */
#define ROOM_LEAST 10u
#define CUT        ".."

unsigned column_room(FILE *out, unsigned used)
{
    const unsigned width = screen_width(out);
    const unsigned all = width ? width : COLUMNS;

    return all > used + ROOM_LEAST ? all - used : ROOM_LEAST;
}

void column_line(FILE *out, unsigned used, const char *text)
{
    const unsigned room = column_room(out, used);

    if (strlen(text) <= room)
        fprintf(out, "%s\n", text);
    else
        fprintf(out, "%.*s" CUT "\n", (int)(room - strlen(CUT)), text);
}

/* SPDX-License-Identifier: MIT
 * The line editor: backspace, ^U, ^C, and an echo, for a terminal that does nothing by itself.
 * Invariant: text holds at most LINE_BYTES_MAX printable bytes; the echo shows exactly them.
 * Called by console.c. */
#include "servers/console/console.h"
#include "servers/lib/print.h"

#define CTRL_C 0x03
#define CTRL_U 0x15
#define DELETE 0x7F

static bool printable(char c)
{
    return c >= ' ' && c < DELETE;
}

static void erase(struct line *line)
{
    if (line->used-- <= LINE_BYTES_MAX)
        print("\b \b");
}

static enum line_state line_end(struct line *line, enum line_state state)
{
    if (state == LINE_DONE && line->used > LINE_BYTES_MAX)
        state = LINE_LONG;
    line->text[line->used < LINE_BYTES_MAX ? line->used : LINE_BYTES_MAX] = 0;
    line->used = 0;
    print(state == LINE_BROKEN ? "^C\n" : "\n");
    return state;
}

enum line_state line_add(struct line *line, char c)
{
    bool second = c == '\n' && line->after_return;
    line->after_return = c == '\r';
    if (second)
        return LINE_OPEN;
    if (c == '\n' || c == '\r')
        return line_end(line, LINE_DONE);
    if (c == CTRL_C)
        return line_end(line, LINE_BROKEN);
    if ((c == '\b' || c == DELETE) && line->used)
        erase(line);
    while (c == CTRL_U && line->used)
        erase(line);
    if (!printable(c))
        return LINE_OPEN;
    if (line->used < LINE_BYTES_MAX) {
        line->text[line->used] = c;
        print("%c", c);
    }
    line->used++;
    return LINE_OPEN;
}

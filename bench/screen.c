/* SPDX-License-Identifier: MIT
 * Lines that fit the screen; see bench/screen.h. */
#include "bench/screen.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "traces/say.h"

#define LEAST 20u /* columns for text; where a screen leaves fewer, lines are not broken */

unsigned screen_width(FILE *stream)
{
    struct winsize size;

    if (!isatty(fileno(stream)) || ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

/* Bytes of the text that go into one line: up to the last space that fits. */
static size_t line_length(const char *text, size_t room)
{
    size_t length = room;

    if (strlen(text) <= room)
        return strlen(text);
    while (length > 0 && text[length] != ' ')
        length--;
    return length ? length : room;
}

void screen_wrap(FILE *stream, unsigned indent, const char *text)
{
    const unsigned width = screen_width(stream);
    const size_t room = width >= indent + LEAST ? width - indent : strlen(text);

    for (size_t length; *text; text += strspn(text, " ")) {
        length = line_length(text, room);
        say_text(stream, text, length);
        fputc('\n', stream);
        text += length;
        if (*text)
            fprintf(stream, "%*s", (int)indent, "");
    }
}

/* SPDX-License-Identifier: MIT
 * See sysfile.h. One buffer, so one caller at a time. */
#include "kernel/test/guest/lib/sysfile.h"

#include "servers/lib/file.h"
#include "servers/lib/string.h"

static char text[4097];

/* The next line of *at, ended by a NUL instead of its newline; 0 at the end. */
static char *line_next(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (!end)
        return 0;
    *end = 0;
    *at = end + 1;
    return line;
}

static long number_of(const char *digits)
{
    long n = 0;

    while (*digits >= '0' && *digits <= '9')
        n = n * 10 + (*digits++ - '0');
    return n;
}

static char *text_read(const char *path)
{
    if (file_text(path, text, sizeof(text)) < 0)
        text[0] = 0;
    return text;
}

bool sysfile_line(const char *path, const char *line)
{
    char *at = text_read(path), *have;

    while ((have = line_next(&at)))
        if (!strcmp(have, line))
            return true;
    return false;
}

long sysfile_number(const char *path, const char *name)
{
    size_t n = strlen(name);
    char *at = text_read(path), *have;

    while ((have = line_next(&at)))
        if (!strncmp(have, name, n) && have[n] == ' ')
            return number_of(have + n + 1);
    return -1;
}

long sysfile_task(const char *name)
{
    size_t n = strlen(name);
    long tid = -1;
    char *at = text_read("sys:tasks"), *have;

    while ((have = line_next(&at))) {
        const char *space = strchr(have, ' ');
        bool dead = strlen(have) > 5 && !strcmp(have + strlen(have) - 5, " dead");
        if (space && !dead && !strncmp(space + 1, name, n) && space[1 + n] == ' ')
            tid = number_of(have);
    }
    return tid;
}

/* SPDX-License-Identifier: MIT
 * Looks up one word of the command line. Words are parted by blanks; the last of equal names wins,
 * so that a user can append to a line that a tool made. */
#include "kernel/hal/bootword.h"

#include "kernel/hal/hal.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The value's first character if the word at `word` is name=..., else 0. */
static const char *word_value(const char *word, const char *name)
{
    for (; *name != '\0'; name++, word++)
        if (*word != *name)
            return NULL;
    return *word == '=' ? word + 1 : NULL;
}

static void value_copy(char *to, const char *from, size_t size)
{
    size_t i = 0;
    for (; i + 1 < size && from[i] != '\0' && !is_blank(from[i]); i++)
        to[i] = from[i];
    to[i] = '\0';
}

bool bootword(const char *name, char *value, size_t size)
{
    const char *found = NULL;
    const char *p = hal_boot->cmdline;
    while (*p != '\0') {
        while (is_blank(*p))
            p++;
        const char *here = word_value(p, name);
        if (here != NULL)
            found = here;
        while (*p != '\0' && !is_blank(*p))
            p++;
    }
    if (found == NULL || size == 0)
        return false;
    value_copy(value, found, size);
    return true;
}

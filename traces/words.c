/* SPDX-License-Identifier: MIT
 * See words.h. */
#include "traces/words.h"

#include <string.h>

const char *words_find(const char *cmdline, const char *name, size_t *length)
{
    const char *found = NULL;
    const size_t size = strlen(name);

    *length = 0;
    for (const char *at = cmdline; *at; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (strncmp(at, name, size) != 0)
            continue;
        found = at + size;
        *length = strcspn(found, " ");
    }
    return found;
}

bool words_is(const char *cmdline, const char *name, const char *value)
{
    size_t length;
    const char *text = words_find(cmdline, name, &length);

    return text && length == strlen(value) && memcmp(text, value, length) == 0;
}

/* A number of at most three digits at *text, which is moved behind it; 0: none. */
static unsigned number_take(const char **text, const char *end)
{
    unsigned number = 0;

    for (; *text < end && **text >= '0' && **text <= '9' && number <= WORDS_PARTS_MAX; ++*text)
        number = number * 10 + (unsigned)(**text - '0');
    return number <= WORDS_PARTS_MAX ? number : 0;
}

bool words_part(const char *cmdline, unsigned *part, unsigned *of)
{
    size_t length;
    const char *text = words_find(cmdline, "part=", &length), *end = text + length;

    *part = *of = 0;
    if (!text)
        return false;
    const unsigned k = number_take(&text, end);
    if (text == end || *text++ != '/')
        return false;
    const unsigned n = number_take(&text, end);
    if (!k || k > n || text != end)
        return false;
    *part = k;
    *of = n;
    return true;
}

/* SPDX-License-Identifier: MIT
 * Words of a line, see word.h.
 * Invariant: nothing is written past size bytes. Called by init, console and host tests. */
#include "servers/lib/word.h"
#include "servers/lib/string.h"

struct span {
    const char *begin;
    uint64_t length; /* 0: the line is at its end */
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span span_next(const char **at)
{
    const char *begin = *at;
    while (blank(*begin))
        begin++;
    const char *end = begin;
    while (*end && !blank(*end))
        end++;
    *at = end;
    return (struct span){begin, (uint64_t)(end - begin)};
}

static bool span_copy(struct span s, char *word, uint64_t size)
{
    if (s.length >= size)
        return false;
    memcpy(word, s.begin, s.length);
    word[s.length] = 0;
    return true;
}

bool word_next(const char **at, char *word, uint64_t size)
{
    struct span s;
    word[0] = 0;
    while ((s = span_next(at)).length)
        if (span_copy(s, word, size))
            return true;
    return false;
}

bool word_value(const char *line, const char *key, char *value, uint64_t size)
{
    uint64_t skip = strlen(key) + 1;
    bool found = false;
    struct span s;
    while ((s = span_next(&line)).length)
        if (s.length >= skip && !memcmp(s.begin, key, skip - 1) && s.begin[skip - 1] == '=')
            found |= span_copy((struct span){s.begin + skip, s.length - skip}, value, size);
    return found;
}

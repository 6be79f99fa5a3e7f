/* SPDX-License-Identifier: MIT
 * The names of cells: RUNG, or RUNG/size:BYTES, or RUNG/size:BYTES/space:one|two, or
 * RUNG/size:BYTES/to:WHERE, as the rung asks, and /mitig:NAME or /crowd:NAME behind any of them.
 * Invariant: pure; a name is taken whole or refused. Called by main.c and by host tests. */
#include "bench/guest/bench.h"
#include "servers/lib/string.h"

/* Decimal digits up to the end of the part, at most PAYLOAD_MAX. */
static bool size_parse(const char *text, const char *end, uint64_t *size)
{
    *size = 0;
    if (text == end)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *size = *size * 10 + (uint64_t)(*text - '0');
        if (*size > PAYLOAD_MAX)
            return false;
    }
    return true;
}

static bool is_word(const char *text, const char *end, const char *word)
{
    uint64_t length = strlen(word);
    return (uint64_t)(end - text) == length && !memcmp(text, word, length);
}

/* The word behind mitig: or crowd:, once; cell_set_up knows what it means. */
static bool word_parse(const char *text, const char *end, char out[CELL_WORD])
{
    uint64_t length = (uint64_t)(end - text);
    if (*out || !length || length >= CELL_WORD)
        return false;
    memcpy(out, text, length);
    return true;
}

/* One part behind a slash. */
static bool part_parse(const char *text, const char *end, struct work *w, unsigned *has)
{
    if (end - text > 6 && !memcmp(text, "mitig:", 6))
        return word_parse(text + 6, end, w->mitig);
    if (end - text > 6 && !memcmp(text, "crowd:", 6))
        return word_parse(text + 6, end, w->crowd);
    if (end - text > 3 && !memcmp(text, "to:", 3)) {
        *has |= HAS_TO;
        return word_parse(text + 3, end, w->to);
    }
    bool size = end - text > 5 && !memcmp(text, "size:", 5);
    unsigned what = size ? HAS_SIZE : HAS_SPACE;
    bool again = *has & what;

    *has |= what;
    if (size)
        return !again && size_parse(text + 5, end, &w->size);
    w->one = is_word(text, end, "space:one");
    return !again && (w->one || is_word(text, end, "space:two"));
}

static const char *part_end(const char *text, const char *end)
{
    while (text < end && *text != '/')
        text++;
    return text;
}

/* Payloads that travel in pieces are whole pieces. */
static bool size_fits(const struct work *w)
{
    return w->size <= MSG_COPY_MAX || w->size % MSG_COPY_MAX == 0;
}

long cell_parse(const char *name, uint64_t length, struct work *w)
{
    const char *end = name + length, *at = part_end(name, end);
    unsigned has = 0;

    *w = (struct work){.fd = -1, .region = {.turns = 1}};
    memcpy(w->name, name, length < CELL_NAME_MAX ? length : CELL_NAME_MAX);
    if (length > CELL_NAME_MAX)
        return -T_ENAMETOOLONG;
    w->rung = rung_find(name, (uint64_t)(at - name));
    while (at < end) {
        const char *next = part_end(at + 1, end);
        if (!part_parse(at + 1, next, w, &has))
            return -T_ENOENT;
        at = next;
    }
    return w->rung && has == w->rung->has && size_fits(w) ? 0 : -T_ENOENT;
}

/* SPDX-License-Identifier: MIT
 * The parser of rc, see rc.h.
 * Invariant: text holds the words one after the other, each with a NUL, so word[] needs no copy. */
#include "servers/init/rc.h"

#include <stdbool.h>

#include "servers/lib/string.h"
#include "servers/lib/word.h"

struct rc_form {
    const char *word;
    enum rc_kind kind;
    uint32_t least, most; /* words after it */
    const char *reason;
};

static const struct rc_form forms[] = {
    {"serve", RC_SERVE, 1, 2,
     "serve takes a NAME or PATH and a SCHEME, which a NAME may leave out"},
    {"run", RC_RUN, 1, RC_WORDS_MAX, "run takes a PATH and at most 7 arguments"},
};

static void rc_bad(struct rc_line *out, const char *reason)
{
    out->kind = RC_BAD;
    out->reason = reason;
}

/* A number of milliseconds, or 0: it is none. */
static uint32_t rc_time(const char *text)
{
    uint32_t ms = 0;
    for (; *text >= '0' && *text <= '9' && ms <= RC_TIME_MAX_MS; text++)
        ms = ms * 10 + (uint32_t)(*text - '0');
    return *text || ms > RC_TIME_MAX_MS ? 0 : ms;
}

/* Takes the options off the end of a serve line. */
static void rc_options(struct rc_line *out)
{
    const char *value;
    while (out->count && (value = strchr(out->word[out->count - 1], '='))) {
        const char *word = out->word[--out->count];
        uint32_t *to = 0;
        if (!strncmp(word, "ping=", 5))
            to = &out->ping_ms;
        else if (!strncmp(word, "ready=", 6))
            to = &out->ready_ms;
        if (!to || *to)
            rc_bad(out, to ? "option given twice" : "serve knows the options ping= and ready=");
        else if (!(*to = rc_time(value + 1)))
            rc_bad(out, "an option takes 1 to 60000 ms");
        out->word[out->count] = 0;
    }
}

static void rc_form(struct rc_line *out, const char *first)
{
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(first, forms[i].word) != 0)
            continue;
        out->kind = forms[i].kind;
        if (out->kind == RC_SERVE)
            rc_options(out);
        bool unnamed = forms[i].kind == RC_SERVE && out->count == 1 && strchr(out->word[0], ':');
        if (out->count < forms[i].least || out->count > forms[i].most || unnamed)
            rc_bad(out, forms[i].reason);
        return;
    }
    rc_bad(out, "unknown word");
}

/* Splits `line`; its words go to out->text, those after the first to out->word. */
static void rc_words(const char *line, struct rc_line *out)
{
    const char *first = out->text;
    char *to = out->text;
    uint64_t room = sizeof(out->text);
    for (uint32_t n = 0; word_next(&line, to, room); n++) {
        if (n > RC_WORDS_MAX) {
            rc_bad(out, "too many words");
            return;
        }
        if (n > 0)
            out->word[out->count++] = to;
        room -= strlen(to) + 1;
        to += strlen(to) + 1;
    }
    out->word[out->count] = 0;
    if (first[0] && first[0] != '#')
        rc_form(out, first);
}

const char *rc_parse(const char *text, struct rc_line *out)
{
    char line[RC_LINE_MAX + 1];
    uint64_t length = 0;
    memset(out, 0, sizeof(*out));
    while (text[length] && text[length] != '\n')
        length++;
    const char *next = text[length] ? text + length + 1 : 0;
    if (length > RC_LINE_MAX && *text != '#') {
        rc_bad(out, "line too long");
        return next;
    }
    if (*text == '#')
        return next;
    memcpy(line, text, length);
    line[length] = 0;
    rc_words(line, out);
    return next;
}

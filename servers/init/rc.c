/* SPDX-License-Identifier: MIT
 * The parser of rc, see rc.h.
 * Invariant: text holds the words one after the other, each with a NUL, so word[] needs no copy. */
#include "servers/init/rc.h"
#include "servers/lib/string.h"
#include "servers/lib/word.h"

struct rc_form {
    const char *word;
    enum rc_kind kind;
    uint32_t least, most; /* words after it */
    const char *reason;
};

static const struct rc_form forms[] = {
    {"serve", RC_SERVE, 1, 2, "serve takes a NAME and perhaps a SCHEME"},
    {"run", RC_RUN, 1, RC_WORDS_MAX, "run takes a PATH and at most 7 arguments"},
};

static void rc_bad(struct rc_line *out, const char *reason)
{
    out->kind = RC_BAD;
    out->reason = reason;
}

static void rc_form(struct rc_line *out, const char *first)
{
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(first, forms[i].word) != 0)
            continue;
        out->kind = forms[i].kind;
        if (out->count < forms[i].least || out->count > forms[i].most)
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

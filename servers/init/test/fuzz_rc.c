/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the rc parser and of the boot words: any text ends, no byte outside of it is
 * read, and what a line claims lies in the line. */
#include <stdlib.h>
#include <string.h>

#include "servers/init/rc.h"
#include "servers/lib/word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void line_check(const struct rc_line *line)
{
    require(line->count <= RC_WORDS_MAX && line->word[line->count] == 0);
    require((line->kind == RC_BAD) == (line->reason != 0));
    require(line->ping_ms <= RC_TIME_MAX_MS && line->ready_ms <= RC_TIME_MAX_MS);
    for (uint32_t i = 0; i < line->count; i++) {
        require(line->word[i] >= line->text && line->word[i] < line->text + sizeof(line->text));
        require(strlen(line->word[i]) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), value[32];
    memcpy(text, data, size);
    text[size] = 0;
    struct rc_line line;
    for (const char *at = text; at;) {
        const char *next = rc_parse(at, &line);
        line_check(&line);
        require(!next || next > at);
        at = next;
    }
    if (word_value(text, "bench", value, sizeof(value)))
        require(strlen(value) < sizeof(value));
    free(text);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * One line of initfs:/etc/rc, taken apart:
 *   serve NAME [SCHEME] [ping=MS] [ready=MS]
 *   run PATH [ARGUMENT]...
 *   # ...                  a comment; empty lines are skipped
 * What they mean stands in rc itself. Times are 1 to 60000 ms.
 * Invariant: pure; a line is good as a whole or RC_BAD with a reason. Used by init and tests. */
#ifndef TACH_SERVERS_INIT_RC_H
#define TACH_SERVERS_INIT_RC_H

#include <stdint.h>

#define RC_TIME_MAX_MS 60000u
#define RC_LINE_MAX    255u
#define RC_WORDS_MAX   8u

enum rc_kind { RC_EMPTY, RC_SERVE, RC_RUN, RC_BAD };

struct rc_line {
    enum rc_kind kind;
    const char *reason;                 /* RC_BAD: what is wrong */
    uint32_t count;                     /* words after the first, options not counted */
    uint32_t ping_ms, ready_ms;         /* RC_SERVE: the options, 0: not given */
    const char *word[RC_WORDS_MAX + 1]; /* into text; 0-terminated */
    char text[RC_LINE_MAX + 2];         /* the words, and room for an empty one at the end */
};

/* Takes the line that begins at text (at its end is a newline or NUL). The next line's beginning,
 * or 0 after the last. */
const char *rc_parse(const char *text, struct rc_line *out);

#endif

/* SPDX-License-Identifier: MIT
 * What the parts of the debug console share: lines that are being typed, and commands.
 * Invariant: whatever is typed costs at most a line of text, never the console. */
#ifndef TACH_SERVERS_CONSOLE_CONSOLE_H
#define TACH_SERVERS_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_BYTES_MAX 127u
#define WORDS_MAX      9u /* the command and eight more */

/* line.c: one line while it is typed; used counts on past the end of text. */
struct line {
    char text[LINE_BYTES_MAX + 1];
    uint64_t used;
    bool after_return; /* a newline now is the second half of the end of a line */
};

/* What became of the line with one more byte. */
enum line_state { LINE_OPEN, LINE_DONE, LINE_LONG, LINE_BROKEN };

/* Takes a byte and echoes it. LINE_DONE: text is the line; LINE_LONG: it had more bytes than fit;
 * LINE_BROKEN: ^C. After these three the next byte begins a line. */
enum line_state line_add(struct line *line, char c);

/* commands.c: runs one line; what is wrong with it is printed. */
void command_run(const char *line);

/* Prints the whole file: 0, or its error, which is printed too. */
long file_show(const char *path);

/* actions.c: commands that do more than to show a file. word[count] is 0. */
struct words {
    unsigned count;
    const char *word[WORDS_MAX + 1];
};
void action_svc(const struct words *w);
void action_mbox(const struct words *w);
void action_peek(const struct words *w);
void action_cat(const struct words *w);
void action_hex(const struct words *w);
void action_place(const struct words *w);
void action_mitig(const struct words *w);
void action_trace(const struct words *w);
void action_kill(const struct words *w);
void action_off(const struct words *w);

/* programs.c: children of the console. */
void action_run(const struct words *w);
void action_bench(const struct words *w);
/* Reports those that ended since the last call. */
void programs_reap(void);

#endif

/* SPDX-License-Identifier: MIT
 * The table of commands: a name, how many words may follow, help, and what it does: show a file or
 * an action. Invariant: an action gets as many words as its row says. Called by console.c. */
#include "servers/console/console.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/word.h"

struct command {
    const char *name, *usage, *help;
    unsigned least, most; /* words after the name */
    void (*run)(const struct words *w);
    const char *path; /* run 0: the file to show */
};

static void action_help(const struct words *w);

static const struct command commands[] = {
    {"help", "[COMMAND]", "this list, or one line of it", 0, 1, action_help, 0},
    {"ps", "", "the tasks", 0, 0, 0, "sys:tasks"},
    {"mem", "", "page frames, used and free", 0, 0, 0, "sys:memory"},
    {"schemes", "", "the schemes and who serves them", 0, 0, 0, "sys:schemes"},
    {"names", "", "the names that the nameserver knows", 0, 0, 0, "name:"},
    {"svc", "", "the services, and the servers that init looks after", 0, 0, action_svc, 0},
    {"place", "[NAME WHERE]", "placements, or move NAME: linked, module, server", 0, 2,
     action_place, 0},
    {"mbox", "TID", "who waits at that task's mailbox, and for what", 1, 1, action_mbox, 0},
    {"fds", "", "the descriptors in use", 0, 0, 0, "sys:fds"},
    {"irq", "", "the interrupt lines", 0, 0, 0, "sys:irq"},
    {"counters", "", "the kernel's counters", 0, 0, 0, "sys:counters"},
    {"boot", "", "the boot words, and what machine was found", 0, 0, 0, "sys:boot"},
    {"trace", "on|off|dump [N]", "the trace variants; the oldest N (32) records", 1, 2,
     action_trace, 0},
    {"mitig", "[NAME on|off]", "mitigations, or switch one", 0, 2, action_mitig, 0},
    {"bench", "CELL", "measure one cell, such as D4/size:0", 1, 1, action_bench, 0},
    {"peek", "ADDRESS", "64 bytes of the kernel's memory, hexadecimal", 1, 1, action_peek, 0},
    {"cat", "PATH", "a file's text, such as initfs:/etc/rc", 1, 1, action_cat, 0},
    {"hex", "PATH", "a file's bytes, hexadecimal", 1, 1, action_hex, 0},
    {"run", "PATH [WORD]...", "a program; its end is waited for, 30 s at most", 1, 8, action_run,
     0},
    {"kill", "TID", "end a task", 1, 1, action_kill, 0},
    {"off", "[pass|fail]", "turn the machine off", 0, 1, action_off, 0},
    {"exit", "[pass|fail]", "the same", 0, 1, action_off, 0},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return &commands[i];
    print("%s: no such command; help lists them\n", name);
    return 0;
}

static void help_print(const struct command *c)
{
    char call[40];
    print_to(call, sizeof(call), "%s %s", c->name, c->usage);
    print("%-24s%s\n", call, c->help);
}

static void action_help(const struct words *w)
{
    const struct command *one = w->count > 1 ? command_find(w->word[1]) : 0;
    if (one)
        help_print(one);
    for (unsigned i = 0; w->count < 2 && i < COMMANDS; i++)
        help_print(&commands[i]);
}

long file_show(const char *path)
{
    char piece[512];
    long fd = file_open(path, O_RDONLY), got = fd;
    while (fd >= 0 && (got = file_read((int)fd, piece, sizeof(piece))) > 0)
        file_write_all(1, piece, (uint64_t)got);
    if (fd >= 0)
        file_close((int)fd);
    if (got < 0)
        print("%s: %s\n", path, error_text(got));
    return got;
}

/* False: there are more words than any command takes. */
static bool words_split(const char *line, char text[LINE_BYTES_MAX + 2], struct words *w)
{
    char *to = text;
    while (w->count <= WORDS_MAX &&
           word_next(&line, to, LINE_BYTES_MAX + 2 - (uint64_t)(to - text))) {
        if (w->count == WORDS_MAX)
            return false;
        w->word[w->count++] = to;
        to += strlen(to) + 1;
    }
    return true;
}

void command_run(const char *line)
{
    char text[LINE_BYTES_MAX + 2];
    struct words w = {0};
    bool whole = words_split(line, text, &w);
    const struct command *c = w.count ? command_find(w.word[0]) : 0;
    if (!c)
        return;
    if (!whole || w.count - 1 < c->least || w.count - 1 > c->most)
        print("usage: %s %s\n", c->name, c->usage);
    else if (c->run)
        c->run(&w);
    else
        file_show(c->path);
}

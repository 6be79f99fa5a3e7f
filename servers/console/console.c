/* SPDX-License-Identifier: MIT
 * The debug console, TID 3: reads lines from the serial line through debug: and answers them from
 * the files of sys:. The serial line has no interrupt, so it is looked at every POLL_NS.
 * Invariant: a line that is too long or not known costs one line of text, never the console. */
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

#define LINE_MAX 127u
#define POLL_NS  20000000u
#define IDLE_NS  3600000000000u

struct command {
    const char *name, *help;
    void (*run)(const struct command *self, const char *argument);
    const char *path;
};

static void command_help(const struct command *self, const char *argument);

static void command_show(const struct command *self, const char *argument)
{
    char piece[512];
    long fd = file_open(self->path, O_RDONLY), got = fd;
    (void)argument;
    while (fd >= 0 && (got = file_read((int)fd, piece, sizeof(piece))) > 0)
        file_write_all(1, piece, (uint64_t)got);
    if (fd >= 0)
        file_close((int)fd);
    if (got < 0)
        print("%s: %s\n", self->path, error_text(got));
}

static void command_exit(const struct command *self, const char *argument)
{
    bool fail = strcmp(argument, "fail") == 0;
    if (*argument && !fail && strcmp(argument, "pass") != 0) {
        print("exit: pass or fail, not %s\n", argument);
        return;
    }
    long error = file_put(self->path, fail ? "off FAIL" : "off PASS");
    print("exit: %s\n", error_text(error));
}

static const struct command commands[] = {
    {"help", "this list", command_help, 0},
    {"ps", "the tasks", command_show, "sys:tasks"},
    {"schemes", "the schemes and who serves them", command_show, "sys:schemes"},
    {"svc", "the services and their placement", command_show, "sys:svc"},
    {"counters", "the kernel's counters", command_show, "sys:counters"},
    {"memory", "pages used and free", command_show, "sys:memory"},
    {"boot", "the boot words", command_show, "sys:boot"},
    {"exit", "turn the machine off: exit [pass|fail]", command_exit, "sys:power"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void command_help(const struct command *self, const char *argument)
{
    (void)self, (void)argument;
    for (unsigned i = 0; i < COMMANDS; i++)
        print("%-10s%s\n", commands[i].name, commands[i].help);
}

static void line_run(const char *line)
{
    char name[LINE_MAX + 1], argument[LINE_MAX + 1];
    if (!word_next(&line, name, sizeof(name)))
        return;
    word_next(&line, argument, sizeof(argument));
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        commands[i].run(&commands[i], argument);
        return;
    }
    print("%s: no such command; try help\n", name);
}

struct line {
    char text[LINE_MAX + 1];
    uint64_t used; /* counts on past the end of text */
};

/* True: the line is complete. */
static bool line_add(struct line *line, char c)
{
    if (c == '\n' || c == '\r') {
        line->text[line->used < LINE_MAX ? line->used : LINE_MAX] = 0;
        return true;
    }
    if ((c == '\b' || c == 0x7F) && line->used)
        line->used--;
    else if (c >= ' ' && c < 0x7F && line->used++ < LINE_MAX)
        line->text[line->used - 1] = c;
    return false;
}

static void line_done(struct line *line)
{
    if (line->used > LINE_MAX)
        print("line too long: at most %u characters\n", LINE_MAX);
    else
        line_run(line->text);
    line->used = 0;
}

/* A machine that measures or tests is left alone: no timer of ours, no text. */
static bool quiet_boot(void)
{
    static char boot[BOOT_CMDLINE + 1], value[BOOT_CMDLINE];
    file_text("sys:boot", boot, sizeof(boot));
    return word_value(boot, "bench", value, sizeof(value)) ||
           word_value(boot, "test", value, sizeof(value));
}

__attribute__((noreturn)) static void idle(void)
{
    for (;;)
        sys_sleep(sys_clock(CLOCK_NS) + IDLE_NS);
}

/* What was typed since the last look; an error ends the console, and it is started anew. */
static long typed_read(char typed[FILE_INLINE_MAX])
{
    long got = file_read(0, typed, FILE_INLINE_MAX);
    if (got == -T_EAGAIN || got == 0) {
        sys_sleep(sys_clock(CLOCK_NS) + POLL_NS);
        return 0;
    }
    return got;
}

int main(int argc, char **argv, char **envp)
{
    static struct line line;
    char typed[FILE_INLINE_MAX];
    long got;
    (void)argc, (void)argv, (void)envp;
    if (quiet_boot())
        idle();
    print("tach console: help lists the commands\n> ");
    while ((got = typed_read(typed)) >= 0) {
        for (long i = 0; i < got; i++) {
            if (!line_add(&line, typed[i]))
                continue;
            line_done(&line);
            print("> ");
        }
    }
    print("console: cannot read: %s\n", error_text(got));
    return 1;
}

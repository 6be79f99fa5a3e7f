/* SPDX-License-Identifier: MIT
 * The debug console, TID 3: takes lines from the serial line through debug: and answers them,
 * mostly from the files of sys:. It blocks in its read, so an idle console costs nothing.
 * Invariant: a machine that measures or tests, or is told console=off, is left alone. */
#include "servers/console/console.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

#define IDLE_NS 3600000000000u

static bool quiet_boot(void)
{
    static char boot[BOOT_CMDLINE + 1], value[BOOT_CMDLINE];
    file_text("sys:boot", boot, sizeof(boot));
    return word_value(boot, "bench", value, sizeof(value)) ||
           word_value(boot, "test", value, sizeof(value)) ||
           (word_value(boot, "console", value, sizeof(value)) && !strcmp(value, "off"));
}

__attribute__((noreturn)) static void idle(void)
{
    for (;;)
        sys_sleep(sys_clock(CLOCK_NS) + IDLE_NS);
}

static void line_done(const struct line *line, enum line_state state)
{
    if (state == LINE_LONG)
        print("line too long: at most %u characters\n", LINE_BYTES_MAX);
    else if (state == LINE_DONE)
        command_run(line->text);
    programs_reap();
    print("> ");
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
    while ((got = file_read(0, typed, sizeof(typed))) > 0)
        for (long i = 0; i < got; i++) {
            enum line_state state = line_add(&line, typed[i]);
            if (state != LINE_OPEN)
                line_done(&line, state);
        }
    print("console: cannot read: %s\n", error_text(got));
    return 1;
}

/* SPDX-License-Identifier: MIT
 * The first program out of initfs: runs initfs:/etc/rc, starts the servers that boot words ask for
 * (place.NAME=server, place.NAME=module), then the measurement (bench=CELLS) or the test
 * (test=NAME[,ARGUMENT]), after which it turns the machine off with PASS or FAIL; without either it
 * looks after its servers for ever. Invariant: what init waits for, it waits for in loop_until. */
#include "servers/init/init.h"
#include "servers/init/rc.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/place.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"
#include "servers/lib/word.h"

#define RC_PATH      "initfs:/etc/rc"
#define RC_BYTES_MAX 8192u

static char boot_line[BOOT_CMDLINE + 1];
static char boot_value[BOOT_CMDLINE];
static char rc_text[RC_BYTES_MAX];

__attribute__((noreturn)) static void machine_off(bool pass)
{
    long error = file_put("sys:power", pass ? "off PASS" : "off FAIL");
    print("init: cannot turn the machine off: %s\n", error_text(error));
    sys_exit(1);
}

static long program_start(const char *const *argv)
{
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    long tid = exec_spawn(&what);
    if (tid < 0)
        print("init: cannot run %s: %s\n", argv[0], error_text(tid));
    return tid;
}

static uint64_t run(const char *const *argv)
{
    char text[48];
    long tid = program_start(argv);
    if (tid < 0)
        return 1;
    uint64_t status = loop_until(tid);
    status_text(status, text);
    if (status)
        print("init: %s %s\n", argv[0], text);
    return status;
}

static void module_add(const char *name)
{
    long error = place_module(name);
    if (error < 0)
        print("init: initfs:/lib/%s.kmod: %s\n", name, error_text(error));
}

static void rc_run(void)
{
    struct rc_line line;
    const char *at = rc_text;
    long got = file_text(RC_PATH, rc_text, sizeof(rc_text));
    if (got < 0)
        print("init: %s: %s\n", RC_PATH, error_text(got));
    for (unsigned number = 1; got > 0 && at; number++) {
        at = rc_parse(at, &line);
        if (line.kind == RC_BAD)
            print("init: %s:%u: %s\n", RC_PATH, number, line.reason);
        else if (line.kind == RC_SERVE)
            servers_add(&(struct server_wish){line.word[0], line.word[line.count - 1], line.ping_ms,
                                              line.ready_ms, ""});
        else if (line.kind == RC_RUN)
            run(line.word);
    }
    if (got == RC_BYTES_MAX - 1)
        print("init: %s: longer than %u bytes, the rest is left out\n", RC_PATH, RC_BYTES_MAX - 1);
}

/* Whether there are user servers. place.NAME=server[,PRIORITY[,LEVEL]] or module, each in its turn;
 * linked is the kernel's to do.
 */
static bool placed_serve(void)
{
    bool any = false;
    char word[64];
    const char *at = boot_line;
    while (word_next(&at, word, sizeof(word))) {
        char *value = strchr(word, '=');
        if (strncmp(word, "place.", 6) != 0 || !value)
            continue;
        *value++ = 0;
        if (!strcmp(value, "module"))
            module_add(word + 6);
        else if (!strncmp(value, "server", 6) && (any = true))
            servers_add(&(struct server_wish){word + 6, word + 6, 0, 0, value[6] ? value + 7 : ""});
    }
    return any;
}

/* The program that the boot line asks for, if it does, decides how the machine ends. */
static void asked_run(bool servers)
{
    char path[80];
    if (word_value(boot_line, "bench", boot_value, sizeof(boot_value))) {
        const char *const argv[] = {"initfs:/bin/bench", boot_value, 0};
        machine_off(run(argv) == 0);
    }
    if (!word_value(boot_line, "test", boot_value, sizeof(boot_value)))
        return;
    char *more = strchr(boot_value, ',');
    if (more)
        *more++ = 0;
    const char *const argv[] = {path, more, 0};
    if (print_to(path, sizeof(path), "initfs:/bin/test-%s", boot_value) >= sizeof(path)) {
        print("init: test=: %s\n", error_text(T_ENAMETOOLONG));
        machine_off(false);
    }
    bool known = held_read(), good = run(argv) == 0;
    machine_off(good && known && held_same(servers));
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    for (int i = 0; i < argc; i++)
        print("init: argv[%d] %s\n", i, argv[i]);
    if (file_text("sys:boot", boot_line, sizeof(boot_line)) < 0)
        print("init: sys:boot: not readable\n");
    if (sys_taskctl(0, TASK_DEATHS, (struct taskctl){.a = NOTIFY_CHILD}) < 0)
        print("init: no notices of deaths\n");
    files_serve();
    rc_run();
    asked_run(placed_serve());
    loop_until(0);
    return 1;
}

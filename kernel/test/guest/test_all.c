/* SPDX-License-Identifier: MIT
 * Every other test in one boot, for machines whose start takes seconds. Each is a program of its
 * own, so one that dies does not hide the rest. */
#include "kernel/test/guest/lib/guest.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"
#include "servers/lib/string.h"

/* time first: most tasks at once, and pools keep the pages that later tests need of them. */
static const char *const tests[] = {"time",    "memory",  "hazard",    "leak",   "probe",
                                    "message", "mailbox", "file",      "life",   "threads",
                                    "names",   "signals", "interrupt", "object", "sysmem",
                                    "race",    "irq",     "rights",    "timing"};

static void run(const char *name)
{
    bool lengthy = !strcmp(name, "message") || !strcmp(name, "mailbox");
    char path[40];
    const char *argv[] = {path, lengthy ? "short" : 0, 0};
    const struct exec what = {.path = path, .args = {argv, 0}, .ready_write = -1};

    print_to(path, sizeof(path), "initfs:/bin/test-%s", name);
    uint64_t status = guest_wait(exec_spawn(&what));
    if (!CHECK_EQ(status, 0))
        print("     %s\n", name);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        run(tests[i]);
    return guest_end("all");
}

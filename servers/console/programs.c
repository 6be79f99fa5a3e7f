/* SPDX-License-Identifier: MIT
 * Programs that the console starts. It waits for each, but not for ever: one that takes longer goes
 * on by itself, and its end is reported before a later prompt.
 * Invariant: every child is reaped, here. */
#include "servers/console/console.h"
#include "servers/lib/exec.h"
#include "servers/lib/print.h"
#include "servers/lib/syscall.h"

#define RUN_LIMIT_NS  30000000000ull
#define RUN_LIMIT_S   30u
#define PROGRAM_BENCH "initfs:/bin/bench"

static void status_print(long tid, uint64_t status)
{
    const char *how = "ended with status";
    if (status >= 512)
        how = "died by signal";
    else if (status >= 256)
        how = "died by exception";
    print("%ld %s %lu\n", tid, how, status % 256);
}

static void program_run(const char *const *argv)
{
    const struct exec what = {.path = argv[0], .args = {argv, 0}, .ready_write = -1};
    uint64_t status = 0;
    long tid = exec_spawn(&what);
    if (tid < 0) {
        print("%s: %s\n", argv[0], error_text(tid));
        return;
    }
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = RUN_LIMIT_NS});
    long dead = sys_waitpid((uint32_t)tid, 0, &status);
    sys_taskctl(0, TASK_DEADLINE, (struct taskctl){.a = 0});
    if (dead == tid)
        status_print(tid, status);
    else
        print("%ld still runs after %u s; kill %ld ends it\n", tid, RUN_LIMIT_S, tid);
}

void action_run(const struct words *w)
{
    program_run(w->word + 1);
}

void action_bench(const struct words *w)
{
    const char *const argv[] = {PROGRAM_BENCH, w->word[1], "say", 0};
    program_run(argv);
}

void programs_reap(void)
{
    uint64_t status;
    long tid;
    while ((tid = sys_waitpid(TID_ANY, WAIT_NO_BLOCK, &status)) > 0)
        status_print(tid, status);
}

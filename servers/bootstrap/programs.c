/* SPDX-License-Identifier: MIT
 * The critical tasks: started once, restarted in the same TID slot when they die, at most
 * RESTART_MAX times in RESTART_WINDOW_NS; then reported as failed and left alone.
 * Invariant: the table's order is the order of the start; the daemon is first, because all others
 * are read through it. Called by bootstrap.c. */
#include "servers/bootstrap/bootstrap.h"
#include "servers/lib/exec.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/restart.h"
#include "servers/lib/syscall.h"

struct program {
    const char *name;
    const char *path; /* 0: the initfs daemon, which comes out of no file */
    uint32_t slot;    /* 0: any */
    long tid;
    struct restart restart;
};

static struct program programs[] = {
    {.name = "initfs"},
    {.name = "nameserver", .path = "initfs:/bin/nameserver", .slot = TID_NAMESERVER},
    {.name = "console", .path = "initfs:/bin/console", .slot = TID_CONSOLE},
    {.name = "init", .path = "initfs:/bin/init"},
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void program_start(struct program *p)
{
    const char *const argv[] = {p->path, 0};
    const struct exec what = {.path = p->path,
                              .args = {argv, 0},
                              .flags = SPAWN_CRITICAL,
                              .slot = p->slot,
                              .ready_write = -1};
    p->tid = p->path ? exec_spawn(&what) : daemon_start();
    if (p->tid < 0)
        print("bootstrap: cannot start %s: %s\n", p->name, error_text(p->tid));
}

/* Without initfs or init nothing will ever happen any more: the machine says so and stops. */
static void program_failed(const struct program *p)
{
    print("bootstrap: %s failed for good\n", p->name);
    if (!p->path || !p->slot)
        file_put("sys:power", "off FAIL");
}

static void status_print(const char *name, uint64_t status)
{
    if (status >= 512)
        print("bootstrap: %s died by signal %lu\n", name, status - 512);
    else if (status >= 256)
        print("bootstrap: %s died by exception %lu\n", name, status - 256);
    else
        print("bootstrap: %s ended with status %lu\n", name, status);
}

/* Not in the table: an orphan of a program, nothing to do. */
static void program_died(long tid, uint64_t status)
{
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct program *p = &programs[i];
        if (p->tid != tid)
            continue;
        status_print(p->name, status);
        p->tid = -T_ECHILD;
        if (restart_allow(&p->restart, sys_clock(CLOCK_NS)))
            program_start(p);
        if (p->tid < 0)
            program_failed(p);
    }
}

static void children_reap(void)
{
    uint64_t status;
    long tid;
    while ((tid = sys_waitpid(TID_ANY, WAIT_NO_BLOCK, &status)) > 0)
        program_died(tid, status);
}

void programs_supervise(void)
{
    struct msg m = {0};
    if (sys_taskctl(0, TASK_SUPERVISE, (struct taskctl){0}) < 0)
        print("bootstrap: cannot supervise\n");
    for (unsigned i = 0; i < PROGRAMS; i++) {
        program_start(&programs[i]);
        if (programs[i].tid < 0 && !programs[i].slot) /* initfs or init: nothing can go on */
            __builtin_trap();                         /* the kernel ends the boot */
    }
    for (;;) {
        children_reap();
        long status = sys_reply_wait(&m);
        if (status < 0 && !m.caller)
            __builtin_trap();
        /* A message to the bootstrap means nothing: an empty answer frees its sender. */
        m = (struct msg){.caller = status >= 0 && (uint8_t)status == KIND_CALL ? m.caller : 0};
    }
}

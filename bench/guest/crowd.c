/* SPDX-License-Identifier: MIT
 * A crowded machine, for cells that ask whether a path costs the same there: tasks that wait, root
 * schemes, or open descriptors. Invariant: at most one crowd stands; it stays for the next cells
 * that want the same one, since making it takes longer than they do. Called by cells.c and main.c.
 */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/string.h"
#include "servers/lib/syscall.h"

#define TASKS       4000u
#define SCHEMES     1000u
#define DESCRIPTORS 60000u
#define PAGE_BYTES  4096u
#define CROWD_LEVEL 1u

void crowd_member(void); /* loops.asm: receives for ever, without a stack */

static uint32_t made[DESCRIPTORS]; /* TIDs or descriptors */
static unsigned made_count;

/* A task of one page of this program's text, shared, and one thread, which waits. */
static long task_make(unsigned i)
{
    const uint64_t rip = (uint64_t)crowd_member, page = rip & ~(PAGE_BYTES - 1ull);
    (void)i;
    long tid = sys_spawn(CROWD_LEVEL << 8, 0, sys_name("crowd"));
    if (tid < 0)
        return tid;
    long error = sys_taskctl((uint32_t)tid, TASK_SHARE,
                             (struct taskctl){page, PAGE_BYTES, page, PROT_READ | PROT_EXEC});
    if (error >= 0)
        error = sys_taskctl((uint32_t)tid, TASK_START, (struct taskctl){.a = rip});
    if (error >= 0)
        return tid;
    sys_kill((uint32_t)tid, SIGKILL);
    return error;
}

static void task_unmake(uint32_t tid)
{
    uint64_t status;
    sys_kill(tid, SIGKILL);
    sys_waitpid(tid, 0, &status);
}

static long scheme_make(unsigned i)
{
    char path[SCHEME_NAME_MAX + 2];
    print_to(path, sizeof(path), ":crowd%u", i);
    return file_open(path, O_RDWR | O_CREAT | O_EXCL);
}

static long descriptor_make(unsigned i)
{
    (void)i;
    return file_open("zero:", O_RDONLY);
}

static void descriptor_unmake(uint32_t fd)
{
    file_close((int)fd);
}

static const struct crowd {
    const char *name;
    unsigned count;
    long (*make)(unsigned i);
    void (*unmake)(uint32_t one);
} crowds[] = {
    {"tasks", TASKS, task_make, task_unmake},
    {"schemes", SCHEMES, scheme_make, descriptor_unmake},
    {"fds", DESCRIPTORS, descriptor_make, descriptor_unmake},
};

static const struct crowd *present;

void crowd_end(void)
{
    for (unsigned i = 0; present && i < made_count; i++)
        present->unmake(made[i]);
    made_count = 0;
    present = 0;
}

static long crowd_make(void)
{
    while (made_count < present->count) {
        long one = present->make(made_count);
        if (one < 0)
            return one;
        made[made_count++] = (uint32_t)one;
    }
    sys_yield(); /* tasks wait from now on */
    return 0;
}

long crowd_use(const char *name)
{
    if (present && !strcmp(present->name, name))
        return 0;
    crowd_end();
    for (unsigned i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++)
        if (!strcmp(crowds[i].name, name))
            present = &crowds[i];
    if (!present)
        return *name ? -T_ENOENT : 0;
    long error = crowd_make();
    if (error < 0)
        crowd_end();
    return error;
}

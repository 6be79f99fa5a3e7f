/* SPDX-License-Identifier: MIT
 * `sys:`, the kernel's state as files, and `root:`, the list of names. A file is a snapshot taken
 * at open, at most 64 KiB, always whole lines; a few files take words that change what they show.
 */
#include "kernel/core/counters.h"
#include "kernel/core/irq.h"
#include "kernel/core/look.h"
#include "kernel/core/module.h"
#include "kernel/core/place.h"
#include "kernel/core/services.h"
#include "kernel/core/snapshot.h"
#include "kernel/core/task.h"
#include "kernel/core/text.h"
#include "kernel/core/trace.h"
#include "kernel/core/wire.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/mitig.h"
#include "kernel/hal/page.h"

/* path[length] is that name: compared byte by byte, for the path may be longer. */
static bool named(const char *name, const char *path, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (name[i] != path[i] || !name[i])
            return false;
    return !name[length];
}

static long path_write(const char *word, uint64_t n)
{
    bool fast = n >= 4 && !memcmp(word, "fast", 4);

    if (!fast && (n < 5 || memcmp(word, "plain", 5)))
        return -T_EINVAL;
    hal_entry_select(fast, hal_config.trace);
    return (long)n;
}

static long trace_switch(const char *word, uint64_t n)
{
    bool on = n >= 2 && !memcmp(word, "on", 2);

    if (!on && (n < 3 || memcmp(word, "off", 3)))
        return -T_EINVAL;
    hal_entry_select(hal_config.fastpath, on);
    trace_clear();
    return (long)n;
}

/* Isolation on or off, and every thread with it: the caller leaves by the new rules already. */
static enum err isolation_switch(bool on)
{
    enum err e = hal_isolation_select(on);

    for (struct list *l = task_list.next; !e && l != &task_list; l = l->next) {
        struct task *task = list_entry(l, struct task, link);
        if (task->dying)
            continue;
        space_isolate(&task->space);
        for (struct list *m = task->threads.next; m != &task->threads; m = m->next)
            thread_refresh(list_entry(m, struct thread, siblings));
    }
    return e;
}

/* "NAME on", "NAME off"; NAME may be all, or pti. */
static long mitig_write(const char *word, uint64_t n)
{
    uint64_t name = 0;
    uint8_t bits = 0;

    while (name < n && word[name] != ' ')
        name++;
    for (unsigned i = 0; i < mitigation_count; i++)
        if (named(mitigations[i].name, word, name) || named("all", word, name))
            bits |= mitigations[i].bit;
    bool on = n - name >= 3 && !memcmp(word + name, " on", 3);
    bool off = n - name >= 4 && !memcmp(word + name, " off", 4);
    bool pti = named("pti", word, name);
    if ((!bits && !pti) || (!on && !off))
        return -T_EINVAL;
    if (pti) {
        enum err e = isolation_switch(on);
        return e ? -(long)e : (long)n;
    }
    if (named("all", word, name))
        bits &= mitig_state.able;
    enum err e = mitig_set(on ? mitig_state.on | bits : mitig_state.on & (uint8_t)~bits);
    return e ? -(long)e : (long)n;
}

/* A test's switch: while it is on `fail` nobody gets memory. */
static long alloc_write(const char *word, uint64_t n)
{
    bool fail = n >= 4 && !memcmp(word, "fail", 4);

    if (!fail && (n < 2 || memcmp(word, "ok", 2)))
        return -T_EINVAL;
    page_fails = fail;
    return (long)n;
}

static long power_write(const char *word, uint64_t n)
{
    if (n >= 8 && !memcmp(word, "off PASS", 8))
        wire_exit(EXIT_PASS, 0);
    if (n >= 8 && !memcmp(word, "off FAIL", 8))
        wire_exit(EXIT_FAIL, 0);
    return -T_EINVAL;
}

static const struct {
    const char *name;
    void (*report)(struct text *text);
    long (*write)(const char *word, uint64_t n);
    unsigned right; /* to write: one of RIGHT_*, 0: level 0 */
} sys_files[] = {
    {"counters", report_counters, 0, 0},
    {"held", report_held, 0, 0},
    {"tasks", report_tasks, 0, 0},
    {"schemes", report_schemes, 0, 0},
    {"fds", report_fds, 0, 0},
    {"svc", report_services, 0, 0},
    {"irq", report_irq, 0, 0},
    {"memory", report_memory, 0, 0},
    {"boot", report_boot, 0, 0},
    {"ranges", report_ranges, 0, 0},
    {"machine", report_machine, 0, 0},
    {"mitig", report_mitigations, mitig_write, RIGHT_MITIG},
    {"path", report_path, path_write, RIGHT_MITIG},
    {"trace", report_trace, trace_switch, RIGHT_MITIG},
    {"power", 0, power_write, 0},
    {"alloc", report_alloc, alloc_write, 0},
    {"place", report_place, place_write, RIGHT_PLACE},
    {"module", report_modules, 0, RIGHT_PLACE},
    {"pmu", report_pmu, 0, 0},
};
#define SYS_FILES (sizeof(sys_files) / sizeof(sys_files[0]))

/* sys:NAME/THING */
static const struct {
    const char *name;
    long (*look)(struct text *text, const char *thing, uint64_t length);
    bool level0; /* for nobody else */
} sys_things[] = {{"mbox", look_mbox, false}, {"peek", look_peek, true}};
#define SYS_THINGS (sizeof(sys_things) / sizeof(sys_things[0]))

static long thing_open(struct svc_req *req, const char *path, uint64_t length)
{
    uint64_t name = 0;
    struct text *text;

    while (name < length && path[name] != '/')
        name++;
    for (unsigned n = 0; name < length && n < SYS_THINGS; n++) {
        if (!named(sys_things[n].name, path, name))
            continue;
        if (sys_things[n].level0 && req->level)
            return -T_EPERM;
        long i = snapshot_begin(&text);
        long e = i < 0 ? i : sys_things[n].look(text, path + name + 1, length - name - 1);
        return i < 0 ? i : snapshot_end(i, SYS_FILES, e);
    }
    return -T_ENOENT;
}

/* Level 0's alone: the counters see what others do. */
static long report_open(unsigned file, const struct svc_req *req)
{
    return sys_files[file].report == report_pmu && req->level
               ? -T_EPERM
               : snapshot_make(file, sys_files[file].report);
}

static long sys_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self;
    for (unsigned i = 0; i < SYS_FILES; i++)
        if (named(sys_files[i].name, path, length))
            return report_open(i, req);
    return thing_open(req, path, length);
}

static long root_open(struct svc *self, struct svc_req *req, const char *path, uint64_t length)
{
    (void)self, (void)req, (void)path;
    return length ? -T_ENOENT : snapshot_make(SYS_FILES, report_names);
}

static bool may_write(const struct svc_req *req, unsigned right)
{
    return right ? task_may(cpu_this()->current->task, right) : !req->level;
}

static long sys_write(struct svc *self, struct svc_req *req)
{
    unsigned file = snapshot_file(req->handle);
    char word[48] = {0};
    uint64_t n = req->count < sizeof(word) ? req->count : sizeof(word) - 1;
    bool image = file < SYS_FILES && sys_files[file].report == report_modules; /* a file */

    if (file >= SYS_FILES || (!image && !sys_files[file].write))
        return -T_EACCES;
    if (!may_write(req, sys_files[file].right))
        return -T_EPERM;
    if (image)
        return module_write(self, req);
    long e = svc_get(self, req, word, n);
    return e < 0 ? e : sys_files[file].write(word, n);
}

const struct service_ops sys_service = {.name = "sys",
                                        .open = sys_open,
                                        .close = snapshot_close,
                                        .read = snapshot_read,
                                        .write = sys_write};

const struct service_ops root_service = {
    .name = "root", .open = root_open, .close = snapshot_close, .read = snapshot_read};

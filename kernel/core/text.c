/* SPDX-License-Identifier: MIT
 * The reports behind the files of `sys:`. Read-only views: nothing here changes anything. */
#include "kernel/core/text.h"

#include "kernel/core/calls.h"
#include "kernel/core/capture.h"
#include "kernel/core/classic.h"
#include "kernel/core/event.h"
#include "kernel/core/fdtable.h"
#include "kernel/core/file.h"
#include "kernel/core/mapping.h"
#include "kernel/core/names.h"
#include "kernel/core/passing.h"
#include "kernel/core/pool.h"
#include "kernel/core/scheme.h"
#include "kernel/core/timer.h"
#include "kernel/core/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mitig.h"
#include "kernel/hal/page.h"
#include "kernel/hal/tramp.h"

static bool page_take(struct text *text, uint32_t index)
{
    paddr_t page = page_alloc();

    if (page)
        text->page[index] = page_pointer(page);
    return page != 0;
}

static void text_byte(struct text *text, char c)
{
    uint32_t index = text->used / PAGE_SIZE;

    if (text->cut || index == TEXT_PAGES || (!text->page[index] && !page_take(text, index))) {
        text->cut = true;
        return;
    }
    text->page[index][text->used++ % PAGE_SIZE] = c;
}

bool text_finish(struct text *text)
{
    while (text->cut && text->used) {
        uint32_t last = text->used - 1;
        if (text->page[last / PAGE_SIZE][last % PAGE_SIZE] == '\n')
            break;
        text->used = last;
    }
    return !text->cut || text->used;
}

void text_free(struct text *text)
{
    for (unsigned i = 0; i < TEXT_PAGES && text->page[i]; i++)
        page_unref((paddr_t)(text->page[i] - (char *)page_pointer(0)));
}

void text_put(struct text *text, const char *string)
{
    while (*string)
        text_byte(text, *string++);
}

void text_number(struct text *text, uint64_t value)
{
    char digits[20];
    unsigned n = 0;

    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        text_byte(text, digits[--n]);
}

void text_pair(struct text *text, const char *name, uint64_t value)
{
    text_put(text, name);
    text_put(text, " ");
    text_number(text, value);
    text_put(text, "\n");
}

/* Threads that wait with a deadline, counted by looking. */
static uint64_t timers_count(void)
{
    uint64_t timers = 0;

    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        timers += !list_empty(&threads[i]->timer);
    return timers;
}

void report_counters(struct text *text)
{
    const struct cpu *cpu = cpu_this();

    text_pair(text, "traps", cpu->traps);
    text_pair(text, "cr3_writes", cpu->cr3_writes);
    text_pair(text, "trace_records", cpu->trace_count);
    text_pair(text, "trace_lost", trace_lost());
    text_pair(text, "files", file_count());
    text_pair(text, "namespaces", names_count());
    text_pair(text, "passing", passing_count());
    text_pair(text, "halts", cpu->halts);
    report_threads(text);
    text_pair(text, "timers", timers_count());
    text_pair(text, "pipes", pipe_count());
    text_pair(text, "watches", event_count());
    text_pair(text, "timer_files", timer_count());
    text_pair(text, "page_allocs", page_allocs);
    text_pair(text, "pool_allocs", pool_allocs);
    text_pair(text, "records", classic_counts.records);
    text_pair(text, "answers", classic_counts.answers);
    text_pair(text, "captures_made", capture_counts.made);
    text_pair(text, "captures", capture_counts.open);
    text_pair(text, "captures_orphaned", capture_counts.orphans);
}

void report_tasks(struct text *text)
{
    for (struct list *l = task_list.next; l != &task_list; l = l->next) {
        const struct task *task = list_entry(l, struct task, link);
        text_number(text, task->tid);
        text_put(text, " ");
        text_put(text, task->name);
        text_put(text, " level ");
        text_number(text, task->level);
        text_put(text, " parent ");
        text_number(text, task->parent);
        text_put(text, " threads ");
        text_number(text, task->thread_count);
        text_put(text, " pages ");
        text_number(text, task->space.pages);
        text_put(text, task->dying ? " dead" : space_count_wx(&task->space) ? " W+X" : " W^X");
        text_put(text, "\n");
    }
}

void report_schemes(struct text *text)
{
    for (struct list *l = scheme_list.next; l != &scheme_list; l = l->next) {
        const struct scheme *s = list_entry(l, struct scheme, link);
        text_put(text, s->name);
        text_put(text, scheme_linked(s) ? " kernel\n" : " task ");
        if (scheme_linked(s))
            continue;
        text_number(text, s->server->tid);
        text_put(text, "\n");
    }
}

void report_names(struct text *text)
{
    const struct names *names = cpu_this()->current->task->names;

    for (struct list *l = scheme_list.next; l != &scheme_list; l = l->next) {
        const struct scheme *s = list_entry(l, struct scheme, link);
        if (!names_has(names, s))
            continue;
        text_put(text, s->name);
        text_put(text, "\n");
    }
}

void report_fds(struct text *text)
{
    static const char *const routes[] = {"dead", "linked", "message", "records", "mapped"};
    static const char letters[] = "rwmpa";
    const struct task *task = cpu_this()->current->task;

    for (unsigned fd = fds_next(task, 0); fd < FDS_MAX; fd = fds_next(task, fd + 1)) {
        const struct file *file = *fds_file(task, fd);
        unsigned where = file_where(file), rights = task->fd.slots[fd].rights;
        text_number(text, fd);
        text_put(text, " ");
        text_put(text, file->scheme->name);
        text_put(text, " ");
        text_put(text, routes[where]);
        text_put(text, where == WHERE_KERNEL ? " kernel " : " ");
        if (where != WHERE_KERNEL)
            text_number(text, file->scheme->server->tid);
        text_put(text, where == WHERE_KERNEL ? "" : " ");
        for (unsigned i = 0; letters[i]; i++)
            text_byte(text, rights >> i & 1 ? letters[i] : '-');
        text_put(text, "\n");
    }
}

void report_memory(struct text *text)
{
    text_pair(text, "free_pages", page_free_count());
    text_pair(text, "total_pages", page_total_count());
    text_pair(text, "kernel_pages", hal_boot->kernel_size / PAGE_SIZE);
    text_pair(text, "service_pages", linked_pages);
    text_pair(text, "objects", object_count());
    text_pair(text, "object_pages", object_page_count());
    text_pair(text, "mappings", mapping_count());
}

void report_ranges(struct text *text)
{
    const struct range *r;

    for (unsigned i = 0; (r = range_at(i)) != 0; i++) {
        text_put(text, r->name);
        text_put(text, " ");
        text_number(text, r->base);
        text_put(text, " ");
        text_number(text, r->bytes);
        text_put(text, r->prot & PROT_WRITE ? " rw" : " r");
        text_put(text, r->uncached ? " uncached\n" : " cached\n");
    }
}

void report_boot(struct text *text)
{
    text_put(text, hal_boot->cmdline);
    text_put(text, "\n");
    text_put(text, hal_found_lines());
}

void report_path(struct text *text)
{
    text_put(text, hal_config.fastpath ? "fast\n" : "plain\n");
}

void report_alloc(struct text *text)
{
    text_put(text, page_fails ? "fail\n" : "ok\n");
}

void report_trace(struct text *text)
{
    text_put(text, hal_config.trace ? "on\n" : "off\n");
}

/* Each mitigation's state, and the kernel's own walk of the running task's user table. */
void report_mitigations(struct text *text)
{
    text_put(text, hal_config.pti ? "pti on\n" : "pti off\n");
    text_put(text, hal_config.pcid ? "pcid on\n" : "pcid off\n");
    text_put(text, hal_config.smap ? "smap on\n" : "smap absent\n");
    text_put(text, hal_config.smep ? "smep on\n" : "smep absent\n");
    text_put(text, hal_config.umip ? "umip on\n" : "umip absent\n");
    for (unsigned i = 0; i < mitigation_count; i++) {
        uint8_t bit = mitigations[i].bit;
        text_put(text, mitigations[i].name);
        text_put(text, !(mitig_state.able & bit) ? " absent"
                       : mitig_state.on & bit    ? " on"
                                                 : " off");
        text_put(text, mitig_state.needed & bit ? " needed\n" : "\n");
    }
    text_put(text, MITIG_RETPOLINE ? "retpoline on" : "retpoline off");
    text_put(text, mitig_state.branches ? " needed\n" : "\n");
    text_put(text, mitig_state.isolation ? "isolation needed\n" : "isolation not needed\n");
    if (hal_config.pti)
        text_pair(text, "trampoline_differences",
                  tramp_walk(cpu_this()->current->task->space.kernel_root + PAGE_SIZE));
}

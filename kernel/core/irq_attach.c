/* SPDX-License-Identifier: MIT
 * Who is attached to which line: attach and detach, the files of irq:, the report. The table is
 * fixed; a real-time handler's thread block is all that is allocated. A line is let in by its first
 * attachment and masked when the last one goes. */
#include "kernel/core/calls.h"
#include "kernel/core/irq_table.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/uart.h"
#include "servers/service.h"

#define STACK_ALIGN 16u

bool irq_may(const struct task *task)
{
    return task_may(task, RIGHT_IRQ);
}

void irq_unattach(struct attachment *a)
{
    const unsigned line = a->line;

    irq_sleepers_wake(a);
    list_remove(&a->link);
    if (a->handler && a->handler == cpu_this()->handler)
        sched_handler_end();
    if (a->handler)
        thread_free(a->handler);
    a->used = false;
    a->handler = 0;
    a->handle = ((a->handle + IRQ_HANDLE_STEP) & IRQ_HANDLE_MASK & ~IRQ_HANDLE_INDEX) |
                (a->handle & IRQ_HANDLE_INDEX);
    irq_lines[line].pending = false;
    if (list_empty(&irq_lines[line].attached))
        irq_line_mask(line);
    else
        irq_line_open(line);
}

/* Where a real-time handler runs is there now, so its first steps cannot fault. Whoever unmaps it
 * later ends his handler by that. */
static bool pinned(const struct task *task, vaddr_t entry, vaddr_t stack)
{
    return stack % STACK_ALIGN == 0 && stack > PAGE_SIZE &&
           space_pointer(&task->space, entry, PROT_READ | PROT_EXEC) &&
           space_pointer(&task->space, stack - PAGE_SIZE, PROT_READ | PROT_WRITE) &&
           space_pointer(&task->space, stack - 1, PROT_READ | PROT_WRITE);
}

struct wish {
    unsigned line, type;
    uint64_t argument, stack, budget_ns;
};

static enum err realtime_check(const struct task *task, struct wish *w)
{
    if (!irq_holdable(w->line))
        return T_ENODEV;
    if (!w->budget_ns)
        w->budget_ns = IRQ_BUDGET_NS;
    if (w->budget_ns < IRQ_BUDGET_MIN_NS || w->budget_ns > IRQ_BUDGET_MAX_NS)
        return T_EINVAL;
    return pinned(task, w->argument, w->stack) ? OK : T_EFAULT;
}

/* Everything that can be wrong, but for the right. task 0: a file. */
static enum err wish_check(const struct task *task, struct wish *w)
{
    if (w->line >= IRQ_LINES_ALL || !irq_present(w->line))
        return T_ENODEV;
    if (task && (w->type > AT_REALTIME || (w->type == AT_NOTIFY && !w->argument)))
        return T_EINVAL;
    const struct list *attached = &irq_lines[w->line].attached;
    for (const struct list *l = attached->next; l != attached; l = l->next)
        if (w->type != AT_NOTIFY || list_entry(l, struct attachment, link)->type != AT_NOTIFY)
            return T_EBUSY;
    if (w->line == uart_irq())
        return T_EBUSY; /* the console's */
    return w->type == AT_REALTIME ? realtime_check(task, w) : OK;
}

/* The thread that a real-time handler is: beside those that the task knows. */
static enum err handler_make(struct attachment *a, const struct wish *w)
{
    struct thread *t;
    enum err e = thread_alloc(&t);

    if (e)
        return e;
    t->task = a->task;
    t->priority = HANDLER_PRIORITY;
    t->blockers = BLOCK_HANDLER;
    t->state = THREAD_IRQ;
    thread_refresh(t);
    a->handler = t;
    a->entry = w->argument;
    a->stack = w->stack;
    a->budget = ns_to_ticks(w->budget_ns);
    a->window = 0;
    a->window_most = (uint32_t)(IRQ_WINDOW_NS / IRQ_WINDOW_SHARE / w->budget_ns);
    return OK;
}

static enum err attach(struct task *task, struct wish *w, struct attachment **out)
{
    struct attachment *a = irq_table;
    enum err e = wish_check(task, w);

    while (!e && a < irq_table + IRQ_ATTACHMENTS && a->used)
        a++;
    if (!e && a == irq_table + IRQ_ATTACHMENTS)
        e = T_EMFILE;
    if (e)
        return e;
    a->task = task;
    a->handler = 0;
    if (w->type == AT_REALTIME)
        e = handler_make(a, w);
    if (e)
        return e;
    a->used = true;
    a->owes = a->watched = false;
    a->fresh = 0;
    a->line = (uint8_t)w->line;
    a->type = (uint8_t)w->type;
    a->bits = w->argument;
    list_init(&a->sleepers);
    list_push_back(&irq_lines[a->line].attached, &a->link);
    *out = a;
    return OK;
}

/* The right is asked for before anything else is answered, and again when all is ready and only the
 * line is still masked: whatever the steps between learn to do, nobody attaches who lost it. */
void call_attach(struct thread *t)
{
    struct wish w = {.line = t->rdi < IRQ_LINES_ALL ? (unsigned)t->rdi : IRQ_LINES_ALL,
                     .type = t->rsi <= AT_REALTIME ? (unsigned)t->rsi : AT_FILE,
                     .argument = t->rdx,
                     .stack = t->r10,
                     .budget_ns = t->r8};
    struct attachment *a = 0;

    t->rax = (uint64_t)-T_EPERM;
    if (!irq_may(t->task))
        return;
    enum err e = attach(t->task, &w, &a);
    t->rax = (uint64_t) - (long)e;
    if (e)
        return;
    if (!irq_may(t->task)) {
        irq_unattach(a);
        t->rax = (uint64_t)-T_EPERM;
        return;
    }
    irq_line_open(a->line);
    t->rax = a->handle;
}

/* What was attached once and is not any more is detached already. */
void call_detach(struct thread *t)
{
    struct attachment *a = irq_find(t->rdi);
    const struct attachment *slot = &irq_table[(t->rdi & IRQ_HANDLE_INDEX) % IRQ_ATTACHMENTS];

    t->rax = 0;
    if (a && a->task == t->task)
        irq_unattach(a);
    else if (a)
        t->rax = (uint64_t)-T_EPERM;
    else if ((t->rdi & IRQ_HANDLE_INDEX) >= IRQ_ATTACHMENTS || t->rdi < IRQ_HANDLE_STEP ||
             t->rdi >= slot->handle)
        t->rax = (uint64_t)-T_EBADF;
}

void irq_task_died(struct task *task)
{
    for (unsigned i = 0; i < IRQ_ATTACHMENTS; i++)
        if (irq_table[i].used && irq_table[i].task == task)
            irq_unattach(&irq_table[i]);
}

long irq_file_open(const struct task *task, unsigned line)
{
    struct wish w = {.line = line, .type = AT_FILE};
    struct attachment *a = 0;

    if (!irq_may(task))
        return -T_EPERM;
    enum err e = attach(0, &w, &a);
    if (e)
        return -(long)e;
    irq_line_open(line);
    return (long)a->handle;
}

void irq_file_close(uint64_t handle)
{
    struct attachment *a = irq_find(handle);

    if (a && a->type == AT_FILE)
        irq_unattach(a);
}

long irq_file_take(uint64_t handle, bool wait)
{
    struct attachment *a = irq_find(handle);

    if (!a || a->type != AT_FILE)
        return -T_EBADF;
    if (irq_take(a))
        return a->line;
    if (!wait)
        return -T_EAGAIN;
    list_push_back(&a->sleepers, &cpu_this()->current->link);
    return SVC_PENDING;
}

long irq_file_watch(uint64_t handle)
{
    struct attachment *a = irq_find(handle);

    if (!a || a->type != AT_FILE)
        return -T_EBADF;
    a->watched = true;
    return a->fresh ? EVENT_READ : 0;
}

bool irq_file_soft(uint64_t handle)
{
    const struct attachment *a = irq_find(handle);

    return a && a->type == AT_FILE && a->line == IRQ_SOFT;
}

void irq_record(unsigned line, struct irq_record *out)
{
    const struct irq_line *l = &irq_lines[line];

    *out = (struct irq_record){.count = l->count, .taken = l->taken, .raised = l->raised};
}

static void report_line(struct text *text, unsigned line)
{
    static const char *const types[] = {"notify", "thread", "realtime", "file"};
    const struct irq_line *l = &irq_lines[line];

    text_put(text, "line ");
    text_number(text, line);
    text_put(text, irq_level(line) ? " level" : " edge");
    text_put(text, l->masked ? " masked" : " open");
    text_put(text, " count ");
    text_number(text, l->count);
    for (struct list *i = l->attached.next; i != &l->attached; i = i->next) {
        const struct attachment *a = list_entry(i, struct attachment, link);
        text_put(text, " ");
        text_put(text, types[a->type]);
        text_put(text, " ");
        text_number(text, a->task ? a->task->tid : 0);
    }
    text_put(text, "\n");
}

unsigned irq_attachments(void)
{
    unsigned used = 0;

    for (unsigned i = 0; i < IRQ_ATTACHMENTS; i++)
        used += irq_table[i].used;
    return used;
}

void report_irq(struct text *text)
{
    text_put(text, irq_holdable(0) ? "controller apic\n" : "controller pic\n");
    text_pair(text, "attachments", irq_attachments());
    text_pair(text, "held", irq_held());
    text_pair(text, "stray", irq_stray_count);
    text_pair(text, "ended_budget", irq_ended_count[IRQ_ENDED_BUDGET]);
    text_pair(text, "ended_fault", irq_ended_count[IRQ_ENDED_FAULT]);
    text_pair(text, "ended_call", irq_ended_count[IRQ_ENDED_CALL]);
    text_pair(text, "ended_storm", irq_ended_count[IRQ_ENDED_STORM]);
    for (unsigned line = 0; line < IRQ_LINES_ALL; line++)
        if (irq_present(line))
            report_line(text, line);
}

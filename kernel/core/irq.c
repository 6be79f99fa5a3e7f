/* SPDX-License-Identifier: MIT
 * See irq.h. An attachment owes an acknowledgement from the interrupt until irq_done; what comes
 * meanwhile is counted. A line is masked while nobody is attached, while an attachment of a level
 * triggered one owes, and when an edge found that all owed already: so who does not acknowledge
 * costs two interrupts, and himself what follows. A real-time handler is a thread of its own, in no
 * list of its task, that waits in THREAD_IRQ and is switched to from the interrupt. With one CPU no
 * call can meet a running handler, so detach has none to wait for. */
#include "kernel/core/irq_table.h"

#include "kernel/core/calls.h"
#include "kernel/core/ipc.h"
#include "kernel/core/services.h"
#include "kernel/core/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/uart.h"

struct irq_line irq_lines[IRQ_LINES_ALL];
struct attachment irq_table[IRQ_ATTACHMENTS];
uint64_t irq_stray_count, irq_ended_count[IRQ_ENDED_STORM + 1];

void irq_table_init(void)
{
    for (unsigned i = 0; i < IRQ_LINES_ALL; i++) {
        list_init(&irq_lines[i].attached);
        irq_lines[i].masked = true;
    }
    for (unsigned i = 0; i < IRQ_ATTACHMENTS; i++)
        irq_table[i].handle = IRQ_HANDLE_STEP | i;
}

void irq_line_mask(unsigned line)
{
    irq_lines[line].masked = true;
    if (line != IRQ_SOFT)
        irq_mask(line);
}

static void line_unmask(unsigned line)
{
    struct irq_line *l = &irq_lines[line];

    if (!l->masked)
        return;
    l->masked = false;
    if (line != IRQ_SOFT)
        irq_unmask(line);
    else if (l->pending)
        irq_raise_soft();
}

void irq_raise_soft(void)
{
    struct irq_line *l = &irq_lines[IRQ_SOFT];

    l->pending = l->masked && !list_empty(&l->attached);
    l->raised = hal_tsc();
    if (!l->masked)
        irq_raise();
}

void irq_line_open(unsigned line)
{
    const struct irq_line *l = &irq_lines[line];

    for (struct list *i = l->attached.next; irq_level(line) && i != &l->attached; i = i->next) {
        const struct attachment *a = list_entry(i, struct attachment, link);
        if (a->owes || a->fresh)
            return;
    }
    line_unmask(line);
}

static void acknowledge(struct attachment *a)
{
    a->owes = false;
    irq_line_open(a->line);
}

/* A file's readiness, to those who asked for it. */
static void tell(const struct attachment *a)
{
    if (a->watched)
        irq_file_post(a->handle, a->fresh ? EVENT_READ : 0);
}

uint64_t irq_take(struct attachment *a)
{
    const uint64_t fresh = a->fresh;

    if (a->owes)
        acknowledge(a);
    a->owes = fresh != 0;
    a->fresh = 0;
    tell(a);
    return fresh;
}

void irq_sleepers_wake(struct attachment *a)
{
    const uint32_t number = a->type == AT_FILE ? SYS_read : SYS_irq_done;

    while (!list_empty(&a->sleepers))
        call_again(list_entry(a->sleepers.next, struct thread, link), number);
}

void irq_handler_end(struct thread *t, unsigned why)
{
    for (unsigned i = 0; i < IRQ_ATTACHMENTS; i++) {
        struct attachment *a = &irq_table[i];
        if (!a->used || a->handler != t)
            continue;
        struct task *task = a->task;
        trace_event(EV_irq_overrun, a->line | why << 8, hal_tsc() - a->started);
        irq_ended_count[why]++;
        irq_unattach(a);
        ipc_notify_task(task, NOTIFY_IRQ);
        return;
    }
}

/* Too many interrupts for the budget: they notify from now on, so that the task can keep up. */
static void storm(struct attachment *a)
{
    trace_event(EV_irq_overrun, a->line | IRQ_ENDED_STORM << 8, 0);
    irq_ended_count[IRQ_ENDED_STORM]++;
    thread_free(a->handler);
    a->handler = 0;
    a->type = AT_NOTIFY;
    a->bits = NOTIFY_IRQ;
}

/* False: it ran so often in this window that its budgets are used up. */
static bool window_allows(struct attachment *a, uint64_t now)
{
    if (now - a->window >= ns_to_ticks(IRQ_WINDOW_NS)) {
        a->window = now;
        a->window_count = 0;
    }
    return a->window_count++ < a->window_most;
}

static void handler_start(struct attachment *a)
{
    struct thread *t = a->handler;

    t->rip = a->entry;
    t->rsp = a->stack - sizeof(uint64_t); /* as after a CALL */
    t->rdi = a->handle;
    t->rsi = irq_lines[a->line].count;
    t->rdx = a->started = irq_lines[a->line].taken;
    t->frame = FRAME_SYSCALL;
    sched_handler_start(t, a->budget);
}

static void deliver(struct attachment *a)
{
    a->fresh++;
    tell(a);
    if (a->owes)
        return;
    if (a->type == AT_REALTIME && !window_allows(a, irq_lines[a->line].taken))
        storm(a);
    a->owes = a->type != AT_THREAD && a->type != AT_FILE;
    if (a->type == AT_REALTIME)
        handler_start(a);
    else if (a->type == AT_NOTIFY)
        ipc_notify_task(a->task, a->bits);
    else if (a->type == AT_FILE)
        irq_sleepers_wake(a);
    else if (!list_empty(&a->sleepers)) /* one at most */
        ipc_complete(list_entry(a->sleepers.next, struct thread, link), (long)irq_take(a));
}

void irq_arrived(unsigned line)
{
    struct irq_line *l = &irq_lines[line];
    bool all_owe = true;

    l->count++;
    l->taken = hal_tsc();
    if (line == uart_irq()) {
        console_input();
        return;
    }
    if (list_empty(&l->attached) || l->masked) { /* it was under way when it was masked */
        irq_stray_count++;
        return;
    }
    for (struct list *i = l->attached.next; i != &l->attached; i = i->next)
        all_owe &= list_entry(i, struct attachment, link)->fresh != 0;
    if (irq_level(line) || all_owe)
        irq_line_mask(line);
    for (struct list *i = l->attached.next; i != &l->attached; i = i->next)
        deliver(list_entry(i, struct attachment, link));
}

struct attachment *irq_find(uint64_t handle)
{
    struct attachment *a = &irq_table[handle & IRQ_HANDLE_INDEX];

    return (handle & IRQ_HANDLE_INDEX) < IRQ_ATTACHMENTS && a->used && a->handle == handle ? a : 0;
}

static struct attachment *find_own(const struct thread *t, uint64_t handle)
{
    struct attachment *a = irq_find(handle);

    return a && a->task == t->task ? a : 0;
}

/* In the handler: back to what it interrupted. */
static void handler_done(struct attachment *a, struct thread *t)
{
    if (!a || a->handler != t) {
        irq_handler_end(t, IRQ_ENDED_CALL);
        return;
    }
    t->state = THREAD_IRQ;
    sched_handler_end();
    a->fresh = 0;
    acknowledge(a);
}

static void thread_done(struct attachment *a, struct thread *t)
{
    t->rax = irq_take(a);
    if (t->rax)
        return;
    if (!list_empty(&a->sleepers)) {
        t->rax = (uint64_t)-T_EBUSY; /* one thread waits already */
        return;
    }
    sched_block(t, THREAD_IRQ);
    list_push_back(&a->sleepers, &t->link);
}

void call_irq_done(struct thread *t)
{
    struct attachment *a = find_own(t, t->rdi);

    if (t->blockers & BLOCK_HANDLER) {
        handler_done(a, t);
    } else if (!a || a->type == AT_REALTIME) {
        t->rax = (uint64_t)(a ? -T_EINVAL : -T_EBADF);
    } else if (a->type == AT_THREAD) {
        thread_done(a, t);
    } else {
        t->rax = a->fresh;
        a->fresh = 0;
        acknowledge(a);
    }
}

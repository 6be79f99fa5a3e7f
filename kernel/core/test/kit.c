/* SPDX-License-Identifier: MIT
 * See kit.h. */
#include "kernel/core/test/kit.h"

#include "kernel/core/irq.h"
#include "kernel/core/memory_service.h"
#include "kernel/core/services.h"
#include "kernel/core/timer.h"
#include "kernel/core/trace.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/uart.h"
#include "kernel/hal/upcall.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FRAMES  6000u
#define RIP     0x400000ull
#define SECONDS 120u /* a kernel that loops fails */

extern const struct service_ops service_null, service_zero, service_echo, service_ram, service_shm;

const struct service_ops *const linked_services[] = {&service_null, &service_zero, &service_echo,
                                                     &service_ram, 0};

void klog_bytes(const char *bytes, uint64_t count)
{
    (void)bytes, (void)count;
}

void screen_give(void)
{
}

const struct bootinfo *hal_boot;

void hal_exit(enum boot_exit code, const char *message)
{
    panic("exit %d: %s", code, message);
}

uint64_t hal_tsc(void)
{
    return mock_tsc;
}

struct thread console_alarm;

void console_input(void)
{
}

void console_poll(void)
{
}

unsigned uart_irq(void)
{
    return 4;
}

static void must(enum err e)
{
    if (e)
        panic("the tests' own call failed: %d", e);
}

void kit_boot(void)
{
    alarm(SECONDS);
    hal_config.tsc_hz = 1000000000;
    mock_boot(FRAMES);
    sched_init();
    trace_init();
    task_init();
    irq_table_init();
    timer_init();
    scheme_init();
    must(scheme_link(&pipe_service));
    must(scheme_link(&event_service));
    must(scheme_link(&service_null));
    must(scheme_link(&service_zero));
    must(scheme_link(&service_echo));
    must(scheme_link(&service_ram));
    must(scheme_link(&service_shm));
    must(scheme_link(&memory_service));
}

struct thread *kit_task(uint32_t parent, uint32_t level)
{
    const struct task_wish wish = {.parent = parent, .level = level, .name = "test"};
    struct task *task;

    must(task_create(&wish, &task));
    must(space_map(&task->space, KIT_MEMORY, KIT_BYTES, PROT_READ | PROT_WRITE));
    return kit_thread(task);
}

struct thread *kit_thread(struct task *task)
{
    const struct thread_wish wish = {.rip = RIP};
    struct thread *t;

    must(task_thread(task, &wish, &t));
    return t;
}

bool blocked(const struct thread *t)
{
    enum thread_state state = thread_status(t);

    return state != THREAD_ACTIVE && state != THREAD_READY;
}

/* t runs; who ran is ready. */
static void run(struct thread *t)
{
    struct thread *current = mock_cpu.current;

    if (t->blockers & BLOCK_SIGNAL && current == t)
        core_leave(t);
    if (current == t)
        return;
    if (current != &thread_none)
        sched_ready_first(current);
    if (thread_status(t) != THREAD_READY)
        panic("the thread is not ready but %d", thread_status(t));
    sched_remove(t, THREAD_ACTIVE);
    mock_cpu.current = t;
    sched_gate(t);
    if (t->blockers & BLOCK_SIGNAL)
        core_leave(t);
}

long sys(struct thread *t, uint32_t number, struct args a)
{
    run(t);
    t->rax = number, t->rdi = a.rdi, t->rsi = a.rsi, t->rdx = a.w[0], t->r10 = a.w[1];
    t->r8 = a.w[2], t->r9 = a.w[3], t->r12 = a.w[4], t->r13 = a.w[5];
    t->frame = FRAME_SYSCALL;
    core_syscall(t);
    return (long)t->rax;
}

uint64_t word_of(const struct thread *t, unsigned i)
{
    const uint64_t words[6] = {t->rdx, t->r10, t->r8, t->r9, t->r12, t->r13};

    return words[i];
}

void poke(const struct thread *t, vaddr_t at, const void *from, uint64_t bytes)
{
    must(space_copy_out(&t->task->space, at, from, bytes));
}

void peek(const struct thread *t, vaddr_t at, void *to, uint64_t bytes)
{
    must(space_copy_in(&t->task->space, to, at, bytes));
}

long kit_open(struct thread *t, const char *path, uint64_t flags)
{
    poke(t, KIT_MEMORY, path, strlen(path));
    return sys(t, SYS_open, (struct args){.rdi = KIT_MEMORY, .rsi = strlen(path), .w = {flags}});
}

static const char *thread_broken(const struct thread *t)
{
    const struct thread *c = t->client;

    if (t->task->waiter != t && t->state != THREAD_READY && c != &thread_none &&
        (thread_status(c) != THREAD_CALLING || c->wait_task != t->task || !list_empty(&c->link)))
        return "client: not a caller that this task has to answer";
    if (t->fast_prio != (t->blockers ? 0 : t->priority + 1))
        return "fast_prio";
    if (t->tid != t->task->tid || (uint32_t)t->stamp != t->tid)
        return "tid or stamp";
    if (threads[t->slot] != t)
        return "slot";
    if (t->served_by && (!t->served_by->passive || thread_status(t) != THREAD_CALLING ||
                         t->wait_task != t->served_by->task))
        return "served_by: not the passive server of its call";
    if (t->passive != ((t->blockers & BLOCK_PASSIVE) != 0))
        return "passive";
    return 0;
}

static const char *queue_broken(const struct list *head, const struct task *task, bool own)
{
    for (const struct list *l = head->next; l != head; l = l->next) {
        const struct thread *t = list_entry(l, struct thread, link);
        if (own ? t->task != task : t->wait_task != task)
            return "a thread in the wrong queue";
        if (!blocked(t))
            return "a thread in a queue that is not blocked";
    }
    return 0;
}

static const char *task_broken(const struct task *task)
{
    const struct thread *w = task->waiter;
    const char *broken = queue_broken(&task->senders, task, false);

    if (!broken)
        broken = queue_broken(&task->receivers, task, true);
    if (!broken)
        broken = queue_broken(&task->waiting, task, true);
    if (w == &thread_slow && mailbox_empty(task))
        return "waiter: slow, but the mailbox is empty";
    if (w != &thread_slow && !mailbox_empty(task))
        return "waiter: not slow, but there is mail";
    if (w != &thread_slow && w != &thread_none &&
        (w->task != task || w->blockers || thread_status(w) != THREAD_RECEIVING ||
         !list_empty(&w->link)))
        return "waiter: not a free thread in receive";
    for (const struct list *l = task->threads.next; !broken && l != &task->threads; l = l->next)
        broken = thread_broken(list_entry(l, struct thread, siblings));
    return broken;
}

bool mailbox_empty(const struct task *task)
{
    return !task->notification && list_empty(&task->closes) && list_empty(&task->cancels) &&
           !task->post_count && list_empty(&task->senders);
}

const char *kit_broken(void)
{
    const char *broken = 0;

    for (struct list *l = task_list.next; !broken && l != &task_list; l = l->next)
        if (!list_entry(l, struct task, link)->dying)
            broken = task_broken(list_entry(l, struct task, link));
    return broken;
}

void kit_end_all(void)
{
    bool again = true;

    while (again) {
        again = false;
        for (struct list *l = task_list.next; l != &task_list && !again; l = l->next) {
            struct task *task = list_entry(l, struct task, link);
            again = !task->dying;
            if (again)
                task_kill(task, 0);
        }
    }
}

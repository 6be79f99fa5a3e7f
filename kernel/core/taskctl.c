/* SPDX-License-Identifier: MIT
 * taskctl: how a task is built by its parent before its start, and what a thread sets for itself. A
 * table of operations, each over a task that the caller governs. */
#include "kernel/core/calls.h"
#include "kernel/core/capture.h"
#include "kernel/core/donate.h"
#include "kernel/core/fcall.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/mapping.h"
#include "kernel/core/signal.h"
#include "kernel/core/trace.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/list.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/trap.h"

/* rdi tid, rsi op, then the four arguments. */
#define ARG_A rdx
#define ARG_B r10
#define ARG_C r8
#define ARG_D r9

/* TSC ticks: a clock that shows less than as many does not pass its end with them added. */
#define DEADLINE_MAX (~0ull >> 1)

static long task_map(struct thread *t, struct task *task)
{
    if ((t->ARG_C & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC) || t->ARG_C > 7)
        return -T_EACCES;
    return -(long)space_map(&task->space, t->ARG_A, t->ARG_B, (unsigned)t->ARG_C);
}

/* The kernel's view of a page of the child that is the child's alone, whatever its protection. */
static void *own_page(const struct task *task, vaddr_t at)
{
    char *page = space_pointer(&task->space, at & ~(PAGE_SIZE - 1), PROT_READ);

    if (!page || page_refs((paddr_t)(page - (char *)page_pointer(0))) != 1)
        return 0;
    return page + at % PAGE_SIZE;
}

/* Before the start the parent fills text as well as data: it is the loader. Frames that others see
 * too stay as they are. */
static long task_write(struct thread *t, struct task *task)
{
    vaddr_t to = t->ARG_A, from = t->ARG_C;
    uint64_t left = t->ARG_B;

    if (task->started)
        return -T_EBUSY;
    if (left > MSG_SIZE_MAX)
        return -T_E2BIG;
    if (!user_range(to, left))
        return -T_EFAULT;
    while (left) {
        uint64_t room = PAGE_SIZE - to % PAGE_SIZE, n = left < room ? left : room;
        void *page = own_page(task, to);
        if (!page || space_copy_in(&t->task->space, page, from, n))
            return -T_EFAULT;
        to += n;
        from += n;
        left -= n;
    }
    return 0;
}

static long task_share(struct thread *t, struct task *task)
{
    const struct share share = {.dst = &task->space,
                                .src = &t->task->space,
                                .to = t->ARG_A,
                                .from = t->ARG_C,
                                .bytes = t->ARG_B,
                                .prot = (unsigned)t->ARG_D};

    if (t->ARG_D & ~(uint64_t)(PROT_READ | PROT_EXEC))
        return -T_EACCES;
    /* what a service lent may be revoked: the descriptor is what can be given on */
    if (mapping_meets(t->task, share.from, share.bytes))
        return -T_EACCES;
    if (capture_overlaps(t->task, share.from, share.bytes))
        return -T_EBUSY; /* the other task would keep what a client lent to this one */
    return -(long)space_share(&share);
}

static long task_fd(struct thread *t, struct task *task)
{
    return fd_give_at(task, t->task, t->ARG_B, t->ARG_A);
}

static long task_start(struct thread *t, struct task *task)
{
    const struct thread_wish wish = {.rip = t->ARG_A, .rsp = t->ARG_B, .argument = t->ARG_C};
    struct thread *made;

    if (task->started)
        return -T_EBUSY;
    trace_event(EV_task_start, task->tid, task->parent);
    return -(long)task_thread(task, &wish, &made);
}

static void threads_refresh(struct task *task)
{
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next)
        thread_refresh(list_entry(l, struct thread, siblings));
}

static long task_level(struct thread *t, struct task *task)
{
    if (t->ARG_A >= LEVELS || t->ARG_A < task->level)
        return t->ARG_A >= LEVELS ? -T_EINVAL : -T_EPERM;
    if (!task->level && t->ARG_A)
        task->rights = 0; /* they were level 0's */
    task->level = (uint32_t)t->ARG_A;
    threads_refresh(task);
    return 0;
}

/* A child gets at most what its maker has, and a task of its own at most what it has itself. */
static long task_rights(struct thread *t, struct task *task)
{
    if (t->ARG_A & ~(uint64_t)RIGHT_ALL)
        return -T_EINVAL;
    if (task != t->task && task->started)
        return -T_EBUSY;
    if (!task_may(t->task, (unsigned)t->ARG_A))
        return -T_EPERM;
    task->rights = (uint32_t)t->ARG_A;
    return 0;
}

static long task_names(struct thread *t, struct task *task)
{
    const struct file *file = fd_file(t->task, t->ARG_A);

    return file ? fcall_enter(t->task, file, task) : -T_EBADF;
}

static long task_cookie(struct thread *t, struct task *task)
{
    if (t->ARG_A >> 16)
        return -T_EINVAL;
    if (t->task->level || task == t->task)
        return -T_EPERM;
    if (task->started)
        return -T_EBUSY;
    task->cookie = (uint16_t)t->ARG_A;
    return 0;
}

/* A task that has not started gets a ceiling; a thread of one's own moves below it. */
static long task_priority(struct thread *t, struct task *task)
{
    if (t->ARG_A >= PRIORITIES)
        return -T_EINVAL;
    if (task->started && task == t->task) {
        if (t->ARG_A > task->priority)
            return -T_EPERM;
        donate_own(t, (uint8_t)t->ARG_A);
        return 0;
    }
    if (task->started)
        return -T_EBUSY;
    if (t->ARG_A > t->task->priority && !task_may(t->task, RIGHT_SPAWN0))
        return -T_EPERM;
    task->priority = (uint8_t)t->ARG_A;
    return 0;
}

static long task_rxbuf(struct thread *t, struct task *task)
{
    (void)task;
    if (t->ARG_B > RXBUF_MAX + PAGE_SIZE || !user_range(t->ARG_A, t->ARG_B))
        return -T_EINVAL;
    t->rxbuf = t->ARG_A;
    t->rxbuf_size = t->ARG_B;
    return 0;
}

static long task_fault(struct thread *t, struct task *task)
{
    if (t->ARG_A >= USER_END || t->ARG_B > USER_END || (t->ARG_A && t->ARG_A < USER_MIN))
        return -T_EINVAL;
    task->fault_handler = t->ARG_A;
    task->fault_stack = t->ARG_B;
    fault_refresh(task);
    return 0;
}

/* Sets or clears one reason to stay off the fast path. */
static void blocker(struct thread *t, uint8_t bit, bool set)
{
    t->blockers = (uint8_t)(set ? t->blockers | bit : t->blockers & ~bit);
    sched_gate(t);
}

static long task_allow(struct thread *t, struct task *task)
{
    if (t->ARG_A >= LEVELS)
        return -T_EINVAL;
    task->allow = (uint8_t)t->ARG_A;
    mailbox_refresh(task);
    return 0;
}

static long task_fsbase(struct thread *t, struct task *task)
{
    (void)task;
    if (t->ARG_A >= USER_END)
        return -T_EINVAL;
    t->fs_base = t->ARG_A;
    blocker(t, BLOCK_FSBASE, t->fs_base != 0);
    return 0;
}

static long task_deadline(struct thread *t, struct task *task)
{
    (void)task;
    t->again = 0;
    t->timeout_ticks = ns_to_ticks(t->ARG_A);
    if (t->timeout_ticks > DEADLINE_MAX)
        t->timeout_ticks = DEADLINE_MAX;
    blocker(t, BLOCK_DEADLINE, t->timeout_ticks != 0);
    return 0;
}

static long task_passive(struct thread *t, struct task *task)
{
    (void)task;
    if (t->ARG_A > 1)
        return -T_EINVAL;
    donate_passive(t, t->ARG_A != 0);
    return 0;
}

static long task_sigstack(struct thread *t, struct task *task)
{
    (void)task;
    if (t->ARG_A > USER_END)
        return -T_EINVAL;
    t->signal_stack = t->ARG_A;
    return 0;
}

static long task_sigmask(struct thread *t, struct task *task)
{
    (void)task;
    if (t->ARG_A >> SIGNALS)
        return -T_EINVAL;
    return signal_hold(t, (uint32_t)t->ARG_A);
}

static long task_watch(struct thread *t, struct task *task)
{
    if (task->level)
        return -T_EPERM;
    if (t->ARG_A >= USER_END || t->ARG_A % 8)
        return -T_EINVAL;
    t->watch = t->ARG_A;
    blocker(t, BLOCK_WATCHED, t->watch != 0);
    return 0;
}

static long task_supervise(struct thread *t, struct task *task)
{
    (void)task;
    return -(long)child_supervise(t);
}

static long task_deaths(struct thread *t, struct task *task)
{
    return deaths_ask(task, t->ARG_A, t->ARG_B);
}

static const struct {
    long (*run)(struct thread *t, struct task *task);
    bool own; /* of the caller's own task only */
} operations[] = {
    [TASK_MAP] = {task_map, false},           [TASK_WRITE] = {task_write, false},
    [TASK_SHARE] = {task_share, false},       [TASK_FD] = {task_fd, false},
    [TASK_START] = {task_start, false},       [TASK_LEVEL] = {task_level, false},
    [TASK_PRIORITY] = {task_priority, false}, [TASK_RXBUF] = {task_rxbuf, true},
    [TASK_FAULT] = {task_fault, true},        [TASK_ALLOW] = {task_allow, true},
    [TASK_FSBASE] = {task_fsbase, true},      [TASK_DEADLINE] = {task_deadline, true},
    [TASK_WATCH] = {task_watch, true},        [TASK_SUPERVISE] = {task_supervise, true},
    [TASK_DEATHS] = {task_deaths, true},      [TASK_RIGHTS] = {task_rights, false},
    [TASK_COOKIE] = {task_cookie, false},     [TASK_NAMES] = {task_names, false},
    [TASK_SIGSTACK] = {task_sigstack, true},  [TASK_SIGMASK] = {task_sigmask, true},
    [TASK_PASSIVE] = {task_passive, true},
};

void call_taskctl(struct thread *t)
{
    struct task *task = task_governed(t, (uint32_t)t->rdi);
    uint64_t op = t->rsi;
    long result = -T_EINVAL;

    if (!task)
        result = task_find((uint32_t)t->rdi) ? -T_EPERM : -T_ESRCH;
    else if (op < sizeof(operations) / sizeof(operations[0]) && operations[op].run)
        result = operations[op].own && task != t->task ? -T_EPERM : operations[op].run(t, task);
    t->rax = (uint64_t)result;
}

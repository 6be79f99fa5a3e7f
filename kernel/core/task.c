/* SPDX-License-Identifier: MIT
 * Making and ending tasks and threads. Ending is the delicate part: whatever waits for the dying
 * task is completed before its memory goes, and the current space is never destroyed under the CPU.
 */
#include "kernel/core/task.h"

#include "kernel/core/capture.h"
#include "kernel/core/donate.h"
#include "kernel/core/fdtable.h"
#include "kernel/core/file.h"
#include "kernel/core/futex.h"
#include "kernel/core/ipc.h"
#include "kernel/core/irq.h"
#include "kernel/core/mapping.h"
#include "kernel/core/names.h"
#include "kernel/core/pool.h"
#include "kernel/core/request.h"
#include "kernel/core/signal.h"
#include "kernel/core/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/thread.h"

#define TID_RESERVED 16u /* slots below are only given when asked for */

struct task *tasks[TID_SLOTS];
struct task task_none = {.waiter = &thread_none};
struct task task_kernel = {.waiter = &thread_slow,
                           .captures = {&task_kernel.captures, &task_kernel.captures}};
struct thread thread_slow = {.tid = TID_ANY};
struct list task_list;
static struct pool task_pool = {.size = sizeof(struct task)};
static uint32_t
    generations[TID_SLOTS]; /* already shifted: the high 20 bits of the slot's last TID */

void task_init(void)
{
    list_init(&task_list);
    list_init(&task_none.closes);
    list_init(&task_none.cancels);
    futex_init();
    list_init(&task_kernel.schemes);
    list_init(&task_none.captures);
    for (unsigned i = 0; i < TID_SLOTS; i++)
        tasks[i] = &task_none;
    tasks[TID_KERNEL] = &task_kernel;
}

struct task *task_find(uint32_t tid)
{
    struct task *task = tasks[tid & TID_SLOT_MASK];

    return task != &task_none && task->tid == tid && !task->dying ? task : 0;
}

static unsigned slot_find(void)
{
    static unsigned next = TID_RESERVED;

    /* The last slot is never given: a TID of all ones means "any". */
    for (unsigned i = 0; i < TID_SLOTS; i++) {
        unsigned slot = next;
        next = next + 1 >= TID_SLOTS - 1 ? TID_RESERVED : next + 1;
        if (tasks[slot] == &task_none)
            return slot;
    }
    return 0;
}

static enum err task_fill(struct task *task)
{
    list_init(&task->threads);
    enum err e = fds_create(task);

    if (e)
        return e;
    e = space_init(&task->space);
    if (e)
        fds_destroy(task);
    return e;
}

static void task_lists(struct task *task)
{
    list_init(&task->senders);
    list_init(&task->receivers);
    list_init(&task->waiting);
    list_init(&task->closes);
    list_init(&task->cancels);
    list_init(&task->captures);
    list_init(&task->schemes);
    list_init(&task->mappings);
    list_push_back(&task_list, &task->link);
}

enum err task_create(const struct task_wish *wish, struct task **out)
{
    unsigned slot = wish->slot ? wish->slot : slot_find();

    if (!slot)
        return T_EAGAIN;
    if (slot >= TID_SLOTS - 1 || tasks[slot] != &task_none)
        return T_EBUSY;
    struct task *task = pool_alloc(&task_pool);
    if (!task)
        return T_ENOMEM;
    enum err e = task_fill(task);
    if (e) {
        pool_free(&task_pool, task);
        return e;
    }
    task_lists(task);
    task->waiter = &thread_none;
    task->tid = generations[slot] | slot;
    task->level = wish->level;
    task->rights = wish->level ? 0 : RIGHT_ALL;
    task->names = &names_all;
    names_ref(task->names);
    task->parent = wish->parent;
    task->priority = PRIORITY_DEFAULT;
    task->allow = LEVELS - 1;
    memcpy(task->name, wish->name, sizeof(task->name) - 1);
    tasks[slot] = task;
    *out = task;
    return OK;
}

void thread_refresh(struct thread *t)
{
    struct task *task = t->task;

    t->tid = task->tid;
    t->root = task->space.exit_root;
    t->fds = task->fd.slots;
    t->fd_limit = fds_limit(task);
    t->kind_call = (uint32_t)task->cookie << 16 | task->level << 8 | KIND_CALL;
    t->kind_scheme = t->kind_call - KIND_CALL + KIND_SCHEME;
    t->stamp = (t->stamp & ~0xFFFFFFFFull) | task->tid;
    sched_gate(t);
}

enum thread_state thread_status(const struct thread *t)
{
    if (t == cpu_this()->current)
        return THREAD_ACTIVE;
    if (t->state == THREAD_FREE || t->state == THREAD_READY)
        return t->state;
    if (t->task->waiter == t)
        return THREAD_RECEIVING;
    if (t->wait_task)
        return t->state == THREAD_SENDING ? THREAD_SENDING : THREAD_CALLING;
    return t->state;
}

enum err task_thread(struct task *task, const struct thread_wish *wish, struct thread **out)
{
    struct thread *t;

    if (wish->rip < USER_MIN || wish->rip >= USER_END || wish->rsp > USER_END)
        return T_EINVAL;
    enum err e = thread_alloc(&t);
    if (e)
        return e;
    t->task = task;
    t->client = &thread_none;
    t->priority = t->base_priority = task->priority;
    t->rip = wish->rip;
    t->rsp = wish->rsp;
    t->rdi = wish->argument;
    t->rflags = 0x202;
    t->frame = FRAME_FULL;
    t->state = THREAD_ACTIVE;
    thread_refresh(t);
    list_push_back(&task->threads, &t->siblings);
    task->thread_count++;
    task->started = true;
    sched_ready(t);
    *out = t;
    return OK;
}

/* Takes t out of every queue and gives its block back. */
static void thread_remove(struct thread *t)
{
    struct cpu *cpu = cpu_this();

    request_leave(t);
    if (t->call_file)
        file_abandon(t);
    donate_forget(t);
    request_end(t);
    if (t->state == THREAD_READY && t != cpu->current)
        sched_remove(t, THREAD_ACTIVE);
    else
        ipc_unlink(t);
    sched_deadline_cancel(t);
    list_remove(&t->siblings);
    t->task->thread_count--;
    t->wait_task = 0;
    if (t == cpu->current)
        cpu->current = &thread_none;
    thread_free(t);
}

void task_thread_end(struct thread *t, uint32_t status)
{
    struct task *task = t->task;

    if (task->thread_count == 1) {
        task_kill(task, status);
        return;
    }
    signal_hand_back(t);
    thread_remove(t);
    signal_retry(task);
}

/* The schemes that the task serves die with it, even where descriptors of their roots were given
 * away. */
static void schemes_die(const struct task *task)
{
    while (!list_empty(&task->schemes))
        scheme_kill(list_entry(task->schemes.next, struct scheme, served));
}

/* Nobody is left to hear that these were closed. */
static void closes_drop(struct task *task)
{
    while (!list_empty(&task->closes)) {
        struct list *record = task->closes.next;
        list_remove(record);
        (void)file_close_taken(record);
    }
}

void task_kill(struct task *task, uint32_t status)
{
    if (task->dying)
        return;
    task->dying = true;
    task->status = status;
    trace_event(EV_task_exit, task->tid, status);
    irq_task_died(task);
    schemes_die(task);
    while (!list_empty(&task->threads))
        thread_remove(list_entry(task->threads.next, struct thread, siblings));
    ipc_task_died(task);
    fd_close_all(task);
    closes_drop(task);
    names_unref(task->names);
    captures_drop(task, 0);
    space_destroy(&task->space);
    mapping_drop_all(task);
    fds_destroy(task);
    child_died(task);
}

/* The dead task's parent has taken its status, or nobody ever will: the slot is free again. */
static void task_bury(struct task *task)
{
    unsigned slot = task->tid & TID_SLOT_MASK;

    generations[slot] = (task->tid & ~TID_SLOT_MASK) + (1u << TID_SLOT_BITS);
    tasks[slot] = &task_none;
    list_remove(&task->link);
    pool_free(&task_pool, task);
}

static uint32_t supervisor; /* TID, 0: none */

enum err child_supervise(struct thread *t)
{
    if (t->task->level)
        return T_EPERM;
    supervisor = t->task->tid;
    return OK;
}

static bool is_waited_by(const struct task *child, const struct task *who)
{
    return child->parent == who->tid || (child->critical && who->tid == supervisor);
}

/* A dead child that `who` may take and that matches tid, or 0; *any: it has such children at all.
 */
static struct task *child_dead(const struct task *who, uint32_t tid, bool *any)
{
    *any = false;
    for (struct list *l = task_list.next; l != &task_list; l = l->next) {
        struct task *child = list_entry(l, struct task, link);
        if (!is_waited_by(child, who) || (tid != TID_ANY && tid != child->tid))
            continue;
        *any = true;
        if (child->dying)
            return child;
    }
    return 0;
}

static void child_take(struct thread *t, struct task *child)
{
    t->rax = child->tid;
    t->rdx = child->status;
    task_bury(child);
}

long child_wait(struct thread *t, uint32_t tid, bool block)
{
    bool any;
    struct task *child = child_dead(t->task, tid, &any);

    if (child) {
        child_take(t, child);
        return (long)t->rax;
    }
    if (!any)
        return -T_ECHILD;
    if (!block)
        return -T_EAGAIN;
    t->rdi = tid;
    sched_block(t, THREAD_CHILD);
    return 0;
}

/* A thread of `who` that waits for this child takes it. */
static bool child_offer(struct task *who, struct task *child)
{
    for (struct list *l = who->threads.next; l != &who->threads; l = l->next) {
        struct thread *t = list_entry(l, struct thread, siblings);
        if (t->state != THREAD_CHILD ||
            ((uint32_t)t->rdi != TID_ANY && (uint32_t)t->rdi != child->tid))
            continue;
        child_take(t, child);
        ipc_complete(t, (long)t->rax);
        return true;
    }
    return false;
}

/* Threads of `who` that wait for what somebody else took hear that there is none. */
static void child_missed(const struct task *who)
{
    struct list *next;
    bool any;

    for (struct list *l = who->threads.next; l != &who->threads; l = next) {
        struct thread *t = list_entry(l, struct thread, siblings);
        next = l->next;
        if (t->state != THREAD_CHILD)
            continue;
        (void)child_dead(who, (uint32_t)t->rdi, &any);
        if (!any)
            ipc_complete(t, -T_ECHILD);
    }
}

/* Orphans of the dead task that are dead themselves go now, and so do those that nobody can start
 * any more; the living lose their parent. */
static void orphans(const struct task *parent)
{
    struct list *next;

    for (struct list *l = task_list.next; l != &task_list; l = next) {
        struct task *child = list_entry(l, struct task, link);
        next = l->next;
        if (child->parent != parent->tid || child == parent)
            continue;
        child->parent = TID_KERNEL;
        if (!child->started && !child->dying)
            task_kill(child, 512 + SIGKILL);
        else if (child->dying && !child->critical)
            task_bury(child);
    }
}

void child_died(struct task *task)
{
    struct task *parent = task->parent ? task_find(task->parent) : 0;
    struct task *watcher = task->critical ? task_find(supervisor) : 0;

    orphans(task);
    deaths_tell(task);
    if (watcher)
        ipc_notify_task(watcher, NOTIFY_CHILD);
    if (!parent && !watcher) {
        task_bury(task);
        return;
    }
    if ((!parent || !child_offer(parent, task)) && watcher && watcher != parent)
        (void)child_offer(watcher, task);
    if (parent)
        child_missed(parent);
    if (watcher)
        child_missed(watcher);
    if (parent)
        signal_post(parent, SIGCHLD);
}

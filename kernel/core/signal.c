/* SPDX-License-Identifier: MIT
 * Signals. A signal is pending at its task until a thread that does not hold it back has room for
 * one handler more; then it is the thread's, whose BLOCK_SIGNAL keeps it off the fast path until
 * the last handler has returned, so that every way to user mode is sched_leave's, which asks
 * core_leave. A thread's signals always have a handler: sigaction takes back what it changes. The
 * interrupted registers stay in the kernel, one frame a level; the levels are few, what comes
 * beyond them waits.
 */
#include "kernel/core/signal.h"

#include "kernel/core/calls.h"
#include "kernel/core/frame.h"
#include "kernel/core/request.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/list.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/upcall.h"

#define BIT(signal)   (1u << (signal))
#define STATUS_SIGNAL 512u /* and the number: exit status of a task that died of one */

static void mark(struct thread *t)
{
    bool on = t->signals || t->signal_depth;

    t->blockers = (uint8_t)(on ? t->blockers | BLOCK_SIGNAL : t->blockers & ~BLOCK_SIGNAL);
    sched_gate(t);
}

/* What a task does about a signal when nobody holds it back. */
enum fate { DIES, IGNORES, HANDLES };

static enum fate fate_of(const struct task *task, unsigned signal)
{
    vaddr_t handler = task->handlers[signal];

    if (handler == SIG_IGN || (handler == SIG_DFL && signal == SIGCHLD))
        return IGNORES;
    return handler == SIG_DFL ? DIES : HANDLES;
}

/* Whether the signal may go to t; one that kills needs no room. */
static bool takes(const struct thread *t, unsigned signal, bool handled)
{
    unsigned levels = t->signal_depth;

    for (uint32_t left = t->signals; left; left &= left - 1)
        levels++;
    return !(t->signal_mask & BIT(signal)) && (!handled || levels < SIGNAL_LEVELS);
}

static struct thread *taker(const struct task *task, unsigned signal, bool handled)
{
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next) {
        struct thread *t = list_entry(l, struct thread, siblings);
        if (takes(t, signal, handled))
            return t;
    }
    return 0;
}

/* A pending signal goes to a thread, or kills. False: nobody takes it now, or the task is gone. */
static bool give(struct task *task, unsigned signal)
{
    bool handled = fate_of(task, signal) == HANDLES;
    struct thread *t = taker(task, signal, handled);

    if (!handled && (t || !task->thread_count)) {
        task_kill(task, STATUS_SIGNAL + signal);
        return false;
    }
    if (!t)
        return false;
    task->signals &= ~BIT(signal);
    t->signals |= BIT(signal);
    mark(t);
    if (t != cpu_this()->current)
        request_interrupt(t);
    return true;
}

void signal_post(struct task *task, unsigned signal)
{
    if (signal == SIGKILL) {
        task_kill(task, STATUS_SIGNAL + signal);
        return;
    }
    if (fate_of(task, signal) == IGNORES)
        return;
    task->signals |= BIT(signal);
    (void)give(task, signal);
}

void signal_retry(struct task *task)
{
    for (uint32_t left = task->signals; left && !task->dying; left &= left - 1)
        (void)give(task, (unsigned)__builtin_ctz(left));
}

void signal_hand_back(struct thread *t)
{
    t->task->signals |= t->signals;
    t->signals = 0;
}

uint32_t signal_hold(struct thread *t, uint32_t mask)
{
    uint32_t before = t->signal_mask;

    t->signal_mask = mask & ~BIT(SIGKILL) & ~BIT(0);
    t->task->signals |= t->signals & t->signal_mask;
    t->signals &= ~t->signal_mask;
    mark(t);
    signal_retry(t->task);
    return before;
}

/* t goes on in the handler of that signal. */
static void handler_push(struct thread *t, unsigned signal)
{
    struct signal_frame *f = &t->signal_frames[t->signal_depth];
    const struct task *task = t->task;
    bool first = !t->signal_depth++;
    vaddr_t top = first && t->signal_stack ? t->signal_stack & ~15ull : frame_stack(t);
    const struct frame_entry entry = {
        .rip = task->handlers[signal], .stack = top - 8, .rdi = signal}; /* as after a CALL */

    frame_save(t, f->regs);
    f->mask = t->signal_mask;
    f->in_handler = t->in_handler;
    f->again = t->again;
    t->again = 0;
    if (!(task->signals_nodefer & BIT(signal)))
        t->signal_mask |= BIT(signal);
    frame_enter(t, &entry);
}

/* From the scheduler: t is about to run in user mode. The lowest signal's handler runs first. */
void core_leave(struct thread *t)
{
    while (t->signals) {
        unsigned signal = 31u - (unsigned)__builtin_clz(t->signals);
        t->signals &= ~BIT(signal);
        handler_push(t, signal);
    }
}

bool signal_return(struct thread *t, vaddr_t resume)
{
    const struct signal_frame *f;

    if (!t->signal_depth)
        return false;
    f = &t->signal_frames[t->signal_depth - 1];
    if (f->in_handler != t->in_handler) /* a fault's handler is above */
        return false;
    t->signal_depth--;
    frame_restore(t, f->regs, resume);
    t->again = f->again;
    (void)signal_hold(t, f->mask);
    return true;
}

static bool handler_valid(uint64_t handler)
{
    return handler <= SIG_IGN || (handler >= USER_MIN && handler < USER_END);
}

/* sigaction(signal, handler, flags): rdx is the handler before. */
void call_sigaction(struct thread *t)
{
    uint64_t signal = t->rdi, handler = t->rsi, flags = t->rdx;
    struct task *task = t->task;
    uint32_t bit, was;

    t->rax = (uint64_t)-T_EINVAL;
    if (!signal || signal >= SIGNALS || signal == SIGKILL || !handler_valid(handler) ||
        flags & ~(uint64_t)SIG_NODEFER)
        return;
    bit = was = BIT(signal);
    was &= task->signals;
    task->signals &= ~bit;
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next) {
        struct thread *one = list_entry(l, struct thread, siblings);
        was |= one->signals & bit;
        one->signals &= ~bit;
        mark(one);
    }
    t->rax = 0;
    t->rdx = task->handlers[signal];
    task->handlers[signal] = handler;
    task->signals_nodefer = flags ? task->signals_nodefer | bit : task->signals_nodefer & ~bit;
    if (was)
        signal_post(task, (unsigned)signal);
}

void call_kill(struct thread *t)
{
    struct task *task = task_governed(t, (uint32_t)t->rdi);

    if (!task)
        t->rax = (uint64_t)(task_find((uint32_t)t->rdi) ? -T_EPERM : -T_ESRCH);
    else if (!t->rsi || t->rsi >= SIGNALS)
        t->rax = (uint64_t)-T_EINVAL;
    else {
        t->rax = 0; /* first: the task may be our own */
        signal_post(task, (unsigned)t->rsi);
    }
}

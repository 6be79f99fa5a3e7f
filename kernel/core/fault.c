/* SPDX-License-Identifier: MIT
 * The upcalls for exceptions, deadlines, interrupts and idling. An exception goes to the task's
 * handler, entered with a cleared register file on the stack that it named; what was interrupted
 * stays in the kernel, so sigreturn has nothing to forge. Without a handler, or inside it, the task
 * dies. */
#include "kernel/core/calls.h"
#include "kernel/core/frame.h"
#include "kernel/core/ipc.h"
#include "kernel/core/irq.h"
#include "kernel/core/request.h"
#include "kernel/core/services.h"
#include "kernel/core/signal.h"
#include "kernel/core/timer.h"
#include "kernel/core/trace.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/upcall.h"

#define VECTOR_PF  14u
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

static void handler_enter(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    const struct frame_entry entry = {.rip = t->task->fault_handler,
                                      .stack = t->task->fault_stack ? t->task->fault_stack
                                                                    : frame_stack(t),
                                      .rdi = address,
                                      .rsi = error,
                                      .rdx = t->rip,
                                      .r10 = vector};

    frame_save(t, t->fault_regs);
    t->in_handler = 1;
    if (t->blockers & BLOCK_DEADLINE)
        t->again = 0; /* it was for the SYSCALL that could not be fetched */
    frame_enter(t, &entry);
}

static void fault_fatal(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    struct task *task = t->task;

    klog("task %u (%s): exception %u error %lx address %lx rip %lx: killed\n", task->tid,
         task->name, vector, error, address, t->rip);
    if (task->tid == TID_BOOTSTRAP) {
        trace_event(EV_bootstrap_fail, t->rip, vector);
        hal_exit(EXIT_BOOTSTRAP, "the bootstrap faulted");
    }
    task_kill(task, 256 + vector);
}

/* A page that was promised and is used for the first time: it comes now, and t goes on. A task for
 * which there is none cannot. */
static bool page_fill(const struct thread *t, uint64_t error, uint64_t address)
{
    struct task *task = t->task;
    unsigned prot = error & PF_FETCH ? PROT_EXEC : error & PF_WRITE ? PROT_WRITE : PROT_READ;

    if (error & PF_PRESENT || !task->space.lazy)
        return false;
    enum err e = space_fill(&task->space, address, prot);
    if (e == T_ENOMEM) {
        klog("task %u (%s): no memory for the page at %lx: killed\n", task->tid, task->name,
             address);
        task_kill(task, 512 + SIGKILL);
    }
    return e != T_EFAULT;
}

void fault_refresh(struct task *task)
{
    task->fault_fast = task->space.lazy ? 0 : task->fault_handler;
}

void core_trap(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    thread_normalise(t);
    if (t->blockers & BLOCK_HANDLER) { /* not even a page that was promised: that takes too long */
        irq_handler_end(t, IRQ_ENDED_FAULT);
        return;
    }
    if (vector == VECTOR_PF && page_fill(t, error, address))
        return;
    trace_event(EV_fault, address, t->rip);
    if (t->task->fault_handler && !t->in_handler)
        handler_enter(t, vector, error, address);
    else
        fault_fatal(t, vector, error, address);
}

/* r8: where to go on, 0: where the handler interrupted. Everything else is as it was. */
void call_sigreturn(struct thread *t)
{
    uint64_t resume = t->r8;

    if (resume && (resume < USER_MIN || resume >= USER_END)) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    if (signal_return(t, resume))
        return;
    if (!t->in_handler) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    t->in_handler = 0;
    frame_restore(t, t->fault_regs, resume);
}

void core_tick(struct thread *t)
{
    if (t->blockers & BLOCK_HANDLER)
        irq_handler_end(t, IRQ_ENDED_BUDGET);
    else if (t == &timer_alarm)
        timer_expire();
    else if (t == &console_alarm)
        console_poll();
    else
        ipc_timeout(t);
}

void core_interrupt(unsigned vector)
{
    trace_event(EV_irq, vector, 0);
    irq_arrived(vector - IRQ_VECTOR(0));
}

bool core_idle(void)
{
    return false;
}

/* SPDX-License-Identifier: MIT
 * The upcalls for exceptions, deadlines, interrupts and idling. An exception goes to the task's
 * handler, entered with a cleared register file on the stack that it named; what was interrupted
 * stays in the kernel, so sigreturn has nothing to forge. Without a handler, or inside it, the task
 * dies. */
#include "kernel/core/calls.h"
#include "kernel/core/ipc.h"
#include "kernel/core/irq.h"
#include "kernel/core/request.h"
#include "kernel/core/timer.h"
#include "kernel/core/trace.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"
#include "kernel/hal/upcall.h"

#define RFLAGS_TF  0x100ull
#define VECTOR_PF  14u
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

/* The full register file, in the order of struct thread's fault_regs. */
static void regs_to(const struct thread *t, uint64_t *r)
{
    const uint64_t regs[18] = {t->rax, t->rbx, t->rcx, t->rdx, t->rsi,    t->rdi,
                               t->rbp, t->r8,  t->r9,  t->r10, t->r11,    t->r12,
                               t->r13, t->r14, t->r15, t->rip, t->rflags, t->rsp};

    memcpy(r, regs, sizeof(regs));
}

static void regs_from(struct thread *t, const uint64_t *r)
{
    t->rax = r[0], t->rbx = r[1], t->rcx = r[2], t->rdx = r[3], t->rsi = r[4], t->rdi = r[5];
    t->rbp = r[6], t->r8 = r[7], t->r9 = r[8], t->r10 = r[9], t->r11 = r[10], t->r12 = r[11];
    t->r13 = r[12], t->r14 = r[13], t->r15 = r[14], t->rip = r[15], t->rflags = r[16],
    t->rsp = r[17];
}

/* A thread that steps must leave the kernel by IRET, with its own flags. */
static void stepping(struct thread *t)
{
    bool on = t->rflags & RFLAGS_TF;

    t->blockers = (uint8_t)(on ? t->blockers | BLOCK_TRACED : t->blockers & ~BLOCK_TRACED);
    sched_gate(t);
}

static void handler_enter(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    uint64_t r[18] = {0};
    uint64_t stack = t->task->fault_stack ? t->task->fault_stack : (t->rsp - 128) & ~15ull;

    regs_to(t, t->fault_regs);
    t->in_handler = 1;
    r[3] = t->rip;  /* rdx */
    r[4] = error;   /* rsi */
    r[5] = address; /* rdi */
    r[9] = vector;  /* r10 */
    r[15] = t->task->fault_handler;
    r[16] = 0x202;
    r[17] = stack;
    regs_from(t, r);
    t->frame = FRAME_SYSCALL; /* rcx and r11 are rip and flags, as from a system call */
    stepping(t);
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
    if (vector == VECTOR_PF && page_fill(t, error, address))
        return;
    trace_event(EV_fault, address, t->rip);
    if (t->blockers & BLOCK_HANDLER) {
        irq_handler_end(t, IRQ_ENDED_FAULT);
        return;
    }
    if (t->task->fault_handler && !t->in_handler)
        handler_enter(t, vector, error, address);
    else
        fault_fatal(t, vector, error, address);
}

/* r8: where to go on, 0: where the fault was. Everything else is as it was. */
void call_sigreturn(struct thread *t)
{
    uint64_t resume = t->r8;

    if (!t->in_handler || (resume && (resume < USER_MIN || resume >= USER_END))) {
        t->rax = (uint64_t)-T_EINVAL;
        return;
    }
    if (resume)
        t->fault_regs[15] = resume;
    t->in_handler = 0;
    regs_from(t, t->fault_regs);
    t->frame = FRAME_FULL;
    stepping(t);
}

void core_tick(struct thread *t)
{
    if (t->blockers & BLOCK_HANDLER)
        irq_handler_end(t, IRQ_ENDED_BUDGET);
    else if (t == &timer_alarm)
        timer_expire();
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

/* SPDX-License-Identifier: MIT
 * The cells irq-*: from the raise of IRQ_SOFT, as the kernel stamps it, to the first instruction of
 * whoever it is for: the kernel itself (linked), a real-time handler, a thread that waits for it, a
 * thread that waits for its notification. Both stamps are of this boot's one clock. No event
 * counter is read over these cells: none can be where the span begins, inside of the kernel, nor
 * where it ends, in ring 3; two readings of sys:pmu hold the write, the whole handler and the way
 * back, which is another span, and the same one for irq-linked and irq-realtime. Invariant: the
 * line is detached when the cell ends, and its thread ends with it. Called by cells.c. */
#include "bench/guest/bench.h"
#include "servers/lib/file.h"
#include "servers/lib/syscall.h"

#define STACK_BYTES    4096u
#define PRIORITY_BELOW (PRIORITY_DEFAULT - 1)
/* A handler's budget; an emulator whose clock goes in steps may take that long to translate it, and
 * on a busy host again and again. */
#define BUDGET_NS          50000u
#define BUDGET_STEPPING_NS IRQ_BUDGET_MAX_NS
#define ATTEMPTS           64u
/* Write, interrupt, timer's interrupt, report; close, detach, open, attach. */
#define ATTEMPT_TRAPS 8u

static unsigned char handler_stack[STACK_BYTES] __attribute__((aligned(16)));
static unsigned char thread_stacks[2][STACK_BYTES] __attribute__((aligned(16)));
static volatile uint64_t seen; /* the stamp at the first instruction */
static volatile long handle = -1;
static bool realtime;  /* the handler has a budget, and is taken off when it uses it up */
static bool in_kernel; /* the cell is linked: the handler's stamp is not looked at */
static int soft = -1;
static uint64_t budget_ns, pace;

static void handler(uint64_t own)
{
    seen = tsc_now();
    sys_irq_done(own);
    __builtin_trap();
}

static void thread_waits(void)
{
    while (sys_irq_done((uint64_t)handle) > 0)
        seen = tsc_now();
    sys_exit_thread(0, 0);
}

static void thread_receives(void)
{
    struct msg m = {0};
    while (sys_receive(&m) >= 0) {
        seen = tsc_now();
        if (sys_irq_done((uint64_t)handle) < 0)
            break;
    }
    sys_exit_thread(0, 0);
}

static long soft_open(struct work *w)
{
    irq_tear_down();
    long fd = file_open("irq:soft", O_WRONLY);
    if (fd < 0)
        return fd;
    soft = (int)fd;
    budget_ns = machine.steps ? BUDGET_STEPPING_NS : BUDGET_NS;
    /* two and a half budgets: handlers that may take half of the time are no storm */
    pace = sys_clock(CLOCK_HZ) / 1000000 * budget_ns / 400;
    if (machine.counts)
        w->adjust =
            (int64_t)machine.empty; /* which is taken off every sample: nothing of it is here */
    w->region.turns = 1;
    return 0;
}

static long attach(struct work *w, uint64_t type, uint64_t argument)
{
    const uint64_t stack = (uint64_t)(handler_stack + sizeof(handler_stack));
    long error = soft_open(w);
    if (error < 0)
        return error;
    realtime = type == AT_REALTIME;
    handle = sys_attach(IRQ_SOFT, type, (struct attach){argument, stack, budget_ns});
    return handle < 0 ? handle : 0;
}

/* Above this thread, so that it runs as soon as it can. */
static long waiter_start(unsigned which, void (*run)(void))
{
    const uint64_t top = (uint64_t)(thread_stacks[which] + STACK_BYTES);
    long slot = sys_thread_create((uint64_t)run, top - 8, 0);
    return slot < 0 ? slot : sys_taskctl(0, TASK_PRIORITY, (struct taskctl){.a = PRIORITY_BELOW});
}

long irq_linked_set_up(struct work *w)
{
    in_kernel = true;
    return attach(w, AT_REALTIME, (uint64_t)handler);
}

long irq_realtime_set_up(struct work *w)
{
    in_kernel = false;
    return attach(w, AT_REALTIME, (uint64_t)handler);
}

long irq_thread_set_up(struct work *w)
{
    in_kernel = false;
    long error = attach(w, AT_THREAD, 0);
    return error < 0 ? error : waiter_start(0, thread_waits);
}

long irq_notify_set_up(struct work *w)
{
    in_kernel = false;
    long error = attach(w, AT_NOTIFY, 1);
    return error < 0 ? error : waiter_start(1, thread_receives);
}

void irq_tear_down(void)
{
    if (soft >= 0)
        file_close(soft);
    if (handle >= 0)
        sys_detach((uint64_t)handle);
    soft = -1;
    handle = -1;
}

/* One interrupt. -T_ETIMEDOUT: it was not there at once. */
static long raise(struct span *to)
{
    uint64_t words[5] = {0};
    seen = 0;
    long error = file_write(soft, "!", 1);
    if (error >= 0)
        error = file_call(soft, FCALL_SERVICE, words);
    if (error >= 0 && seen < words[2])
        error = -T_ETIMEDOUT;
    *to = (struct span){words[2], in_kernel ? words[1] : seen};
    return error;
}

/* A handler that the machine holds up for longer than its budget (an emulator that has to translate
 * it first, firmware) was taken off before it was through: that is no sample, and it is put back.
 */
static long raise_surely(struct work *w, struct span *to)
{
    long error = raise(to);
    for (unsigned i = 1; i < ATTEMPTS && realtime && error == -T_ETIMEDOUT; i++) {
        error = attach(w, AT_REALTIME, (uint64_t)handler);
        if (error >= 0)
            error = raise(to);
        w->aside += ATTEMPT_TRAPS;
    }
    return error;
}

long irq_run(struct work *w, struct span *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const uint64_t begin = tsc_now();
        const long error = raise_surely(w, &to[i]);
        if (error < 0)
            return error;
        while (tsc_now() - begin < pace)
            ;
    }
    return 0;
}

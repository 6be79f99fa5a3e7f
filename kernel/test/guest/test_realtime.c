/* SPDX-License-Identifier: MIT
 * Real-time handlers: that they run at once, what they may not do, and that whatever they do the
 * rest of the machine goes on. Over IRQ_SOFT, which is the same on every machine, and the PIT. */
#include "kernel/test/guest/lib/clock.h"
#include "kernel/test/guest/lib/irqs.h"
#include "kernel/test/guest/lib/sysfile.h"
#include "servers/lib/file.h"
#include "servers/lib/print.h"
#include "servers/lib/start.h"

#define RUNS          500u
#define TRIES         50u   /* on a machine that shares its CPU with others */
#define SLACK_NS      5000u /* beyond the budget, on a machine whose clock counts instructions */
#define SLACK_TICKS   600u  /* the same on one that does few in that time */
#define SHORT_NS      10000u
#define CROSS_FROM    100u /* ticks from the raise to the deadline */
#define CROSS_TO      3100u
#define CROSS_STEP    20u
#define STORM_TRIES   200u
#define PIT_BUDGET_NS 100000u

static bool exact; /* the clock counts instructions */
static long handle;
static int zero; /* a file of zero: */
static uint64_t whom, call_number;
static volatile uint64_t nowhere = 8;

/* ---- handlers: the last call is irq_done, from which they do not come back ---- */

static void done(uint64_t own)
{
    sys_irq_done(own);
    __builtin_trap();
}

static void handler_notify(uint64_t own)
{
    irqs_runs++;
    sys_notify((uint32_t)whom, IRQS_BITS);
    done(own);
}

static void handler_null(uint64_t own)
{
    sys_null();
    irqs_runs++;
    done(own);
}

static void handler_loop(uint64_t own)
{
    (void)own;
    irqs_runs++;
    for (;;)
        ;
}

static void handler_fault(uint64_t own)
{
    irqs_runs++;
    *(volatile uint64_t *)nowhere = own;
    done(own);
}

static void handler_step(uint64_t own)
{
    irqs_runs++;
    __asm__ volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\tnop" : : : "memory");
    done(own);
}

static void handler_push(uint64_t own)
{
    irqs_runs++;
    __asm__ volatile("push %%rax\n\tpop %%rax" : : : "memory");
    done(own);
}

static void handler_ring0(uint64_t own)
{
    irqs_runs++;
    __asm__ volatile("cli");
    done(own);
}

static void handler_foreign(uint64_t own)
{
    irqs_runs++;
    sys_irq_done(own ^ 1);
    done(own);
}

static void handler_call(uint64_t own)
{
    irqs_runs++;
    syscall6(call_number, (struct syscall_args){0, 0, 0, 0, 0, 0});
    done(own);
}

static void handler_read(uint64_t own)
{
    uint64_t word;

    irqs_runs++;
    file_read(zero, &word, sizeof(word));
    done(own);
}

/* One raise with that handler attached. Where the clock is the host's, a handler may lose its
 * budget to the host; then it is attached again. The count behind `why` must grow, or the handler
 * be there after a run that is allowed. */
static void run_once(uint64_t run, uint64_t budget_ns, const char *why)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        long before = irqs_number(why), late = irqs_number("ended_budget");
        handle = irqs_realtime(IRQ_SOFT, run, budget_ns);
        if (!CHECK(handle > 0))
            return;
        irqs_raise();
        if (exact || irqs_number("ended_budget") == late || irqs_number(why) != before)
            return;
        irqs_bits();
    }
}

static void allowed(uint64_t run)
{
    run_once(run, IRQ_BUDGET_MAX_NS, "held"); /* that does not grow */
    CHECK_EQ(irqs_runs, 1);
    CHECK_EQ(irqs_number("held"), 0);
    CHECK_EQ(sys_irq_done((uint64_t)handle), -T_EINVAL);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
}

static void realtime_way(void)
{
    uint64_t best = ~0ull, pause = sys_clock(CLOCK_HZ) / 900; /* no storm */
    unsigned good = 0;

    SHOWS("T30", "AT_REALTIME: the handler has run before the instruction behind the raise");
    handle = irqs_realtime(IRQ_SOFT, IRQS_HANDLER, IRQ_BUDGET_MAX_NS);
    CHECK(handle > 0);
    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t at = clock_tsc(), before = irqs_runs;
        file_write(irqs_soft, "!", 1);
        bool ran = irqs_runs == before + 1 && irqs_handle == (uint64_t)handle && irqs_taken >= at &&
                   irqs_begun >= irqs_taken;
        good += ran;
        best = ran && irqs_begun - irqs_taken < best ? irqs_begun - irqs_taken : best;
        if (sys_irq_done((uint64_t)handle) == -T_EBADF && !exact) {
            irqs_bits();
            handle = sys_attach(IRQ_SOFT, AT_REALTIME,
                                (struct attach){IRQS_HANDLER, irqs_stack, IRQ_BUDGET_MAX_NS});
        }
        while (clock_tsc() - at < pause)
            ;
    }
    CHECK(exact ? good == RUNS : good > RUNS / 2);
    print("irq: %lu ticks from the kernel to the handler\n", (unsigned long)best);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
    irqs_bits();
    allowed(IRQS_HANDLER);
    allowed((uint64_t)handler_null);
    whom = (uint64_t)sys_self(SELF_TID);
    allowed((uint64_t)handler_notify);
    CHECK_EQ(irqs_bits(), IRQS_BITS);
    CHECK_EQ(irqs_number("attachments"), 0);
}

/* ---- T30: what a handler must not do ---- */

/* The handler's first run is its last; `why` counts it. */
static void ends(uint64_t run, uint64_t budget_ns, const char *why)
{
    long before = irqs_number(why);

    run_once(run, budget_ns, why);
    bool begun = irqs_runs == 1 || (run == (uint64_t)handler_loop && budget_ns < SHORT_NS);
    CHECK(begun || !exact); /* a small budget may be over before the first instruction */
    CHECK_EQ(irqs_number(why), before + 1);
    CHECK_EQ(irqs_number("held"), 0);
    CHECK(irqs_number("line 24 edge masked count") > 0);
    CHECK_EQ(irqs_bits(), NOTIFY_IRQ);
    CHECK_EQ(sys_irq_done((uint64_t)handle), -T_EBADF);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
    uint64_t ran = irqs_runs;
    irqs_raise(); /* nobody is attached */
    CHECK_EQ(irqs_runs, ran);
    CHECK_EQ(irqs_number("attachments"), 0);
}

static void forbidden(void)
{
    static const uint32_t calls[] = {
#define X(name, cls, kind, ret, index) SYS_##name,
        SYSCALLS(X)
#undef X
    };
    const uint64_t budget = IRQ_BUDGET_MAX_NS;

    SHOWS("T30", "a handler that faults, steps or calls anything else ends, and its task does not");
    ends((uint64_t)handler_fault, budget, "ended_fault");
    ends((uint64_t)handler_step, budget, "ended_fault");
    ends((uint64_t)handler_ring0, budget, "ended_fault");
    ends((uint64_t)handler_foreign, budget, "ended_call");
    ends((uint64_t)handler_read, budget, "ended_call");
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        call_number = calls[i];
        if (call_number != SYS_null && call_number != SYS_notify && call_number != SYS_irq_done)
            ends((uint64_t)handler_call, budget, "ended_call");
    }
    call_number = ~0ull;
    ends((uint64_t)handler_call, budget, "ended_call");
    clock_nap(MS); /* the timer goes on for others */
}

static void unmapped(void)
{
    const uint64_t page = (uint64_t)guest_memory(IRQS_STACK);
    const long before = irqs_number("ended_fault"), late = irqs_number("ended_budget");
    const struct attach a = {(uint64_t)handler_push, page + IRQS_STACK, IRQ_BUDGET_MAX_NS};

    SHOWS("T30", "pages that go after the attachment are the handler's end");
    CHECK(sys_attach(IRQ_SOFT, AT_REALTIME, a) > 0);
    CHECK_EQ(sys_munmap(page, IRQS_STACK), 0);
    irqs_raise();
    CHECK_EQ(irqs_number("ended_fault") + irqs_number("ended_budget"), before + late + 1);
    CHECK_EQ(irqs_bits(), NOTIFY_IRQ);
    CHECK_EQ(irqs_number("held"), 0);
}

/* How long the last overrun ran, from the trace: ns. */
static uint64_t overrun_ns(void)
{
    static struct trace_record records[32];
    uint64_t ticks = 0;
    long n, fd = file_open("trace:", O_RDONLY);

    while ((n = file_read((int)fd, records, sizeof(records))) > 0)
        for (unsigned i = 0; i < (unsigned long)n / sizeof(records[0]); i++)
            if (records[i].event == EV_irq_overrun &&
                records[i].arg == (IRQ_SOFT | IRQ_ENDED_BUDGET << 8))
                ticks = records[i].aux;
    file_close((int)fd);
    return ticks * 1000 / (sys_clock(CLOCK_HZ) / 1000000);
}

static uint64_t slack_ns(void)
{
    uint64_t few = SLACK_TICKS * 1000 / (sys_clock(CLOCK_HZ) / 1000000);

    return few > SLACK_NS ? few : SLACK_NS;
}

static void overrun(void)
{
    static const uint32_t budgets[] = {0, IRQ_BUDGET_MIN_NS, 5000, 100000, IRQ_BUDGET_MAX_NS};

    SHOWS("T30", "for(;;) in a handler ends within its budget and 5 us; IRQ_OVERRUN; all goes on");
    overrun_ns();
    for (unsigned i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
        uint64_t budget = budgets[i] ? budgets[i] : IRQ_BUDGET_NS;
        ends((uint64_t)handler_loop, budgets[i], "ended_budget");
        clock_nap(MS); /* the timer goes on for others */
        uint64_t ran = overrun_ns();
        CHECK(ran >= budget);
        if (exact)
            CHECK(ran <= budget + slack_ns());
        print("irq: budget %lu ns, ran %lu ns%s\n", (unsigned long)budget, (unsigned long)ran,
              exact ? "" : " (not exact)");
    }
}

/* Somebody else's deadline that passes at any moment of the way to the handler is not its budget's
 * end, and is kept. */
static void crossing(void)
{
    const uint64_t hz = sys_clock(CLOCK_HZ);
    const long before = irqs_number("ended_budget");
    struct time_record r;
    int fd = (int)file_open("time:", O_RDWR);

    SHOWS("T30", "a deadline that passes on the way to a handler neither ends it nor is lost");
    handle = irqs_realtime(IRQ_SOFT, IRQS_HANDLER, IRQ_BUDGET_MAX_NS);
    CHECK(handle > 0);
    for (uint64_t ticks = CROSS_FROM; exact && ticks < CROSS_TO; ticks += CROSS_STEP) {
        uint64_t ns = sys_clock(CLOCK_NS) + MS + MS / 4;
        CHECK_EQ(file_write(fd, &ns, sizeof(ns)), (long)sizeof(ns));
        uint64_t at = clock_tsc() + (ns - sys_clock(CLOCK_NS)) * (hz / MS) / 1000 - ticks;
        while (clock_tsc() < at)
            ;
        file_write(irqs_soft, "!", 1);
        CHECK_EQ(file_read(fd, &r, sizeof(r)), (long)sizeof(r));
        CHECK_EQ(r.deadline_ns, ns);
    }
    CHECK(!exact || irqs_runs == (CROSS_TO - CROSS_FROM) / CROSS_STEP);
    CHECK_EQ(irqs_number("ended_budget"), before);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
    CHECK_EQ(file_close(fd), 0);
}

static void storms(void)
{
    long before = irqs_number("ended_storm");

    SHOWS("T30", "more interrupts than half the CPU has budgets for: the attachment notifies");
    for (unsigned i = 0; i < STORM_TRIES && irqs_number("ended_storm") == before; i++) {
        if (i)
            CHECK_EQ(sys_detach((uint64_t)handle), 0);
        handle = irqs_realtime(IRQ_SOFT, IRQS_HANDLER, IRQ_BUDGET_MAX_NS);
        CHECK(handle > 0);
        for (unsigned n = 0; n < 6; n++)
            file_write(irqs_soft, "!", 1);
    }
    CHECK_EQ(irqs_number("ended_storm"), before + 1);
    CHECK(irqs_runs >= 2 && irqs_runs < 6);
    CHECK_EQ(irqs_bits(), NOTIFY_IRQ);
    CHECK(sys_irq_done((uint64_t)handle) >= 1);
    irqs_bits();
    uint64_t ran = irqs_runs;
    sys_irq_done((uint64_t)handle);
    irqs_bits();
    sys_irq_done((uint64_t)handle);
    irqs_raise();
    CHECK_EQ(irqs_bits(), NOTIFY_IRQ);
    CHECK_EQ(irqs_runs, ran);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
}

/* Real interrupts in the middle of a computation: it must come out as without them. */
static uint64_t compute(void)
{
    uint64_t x = 0x9E3779B97F4A7C15ull;

    for (unsigned i = 0; i < 20000; i++) {
        x ^= x << 7;
        x ^= x >> 9;
        x += i;
    }
    return x;
}

/* Attached again, if it was ended for what its host did to it. */
static void reattach(void)
{
    const struct attach a = {IRQS_HANDLER, irqs_stack, PIT_BUDGET_NS};

    if (sys_irq_done((uint64_t)handle) == -T_EINVAL)
        return;
    CHECK(!exact);
    sys_detach((uint64_t)handle);
    irqs_bits();
    handle = sys_attach(IRQS_PIT_LINE, AT_REALTIME, a);
    CHECK(handle > 0);
}

static void pit_realtime(void)
{
    uint64_t want = compute();

    SHOWS("T30", "a device's interrupts run a handler between any two instructions, and lose none");
    handle = irqs_realtime(IRQS_PIT_LINE, IRQS_HANDLER, PIT_BUDGET_NS);
    CHECK(handle > 0);
    long pit = irqs_pit("500");
    for (unsigned i = 0; i < 3000 && irqs_runs < 20; i++) {
        if (!CHECK_EQ(compute(), want))
            break;
        reattach();
    }
    CHECK(irqs_runs >= 20);
    for (unsigned i = 0; i < 200 && irqs_runs < 30; i++) {
        clock_nap(MS); /* while the CPU idles */
        reattach();
    }
    CHECK(irqs_runs >= 30);
    CHECK_EQ(file_close((int)pit), 0);
    CHECK_EQ(sys_detach((uint64_t)handle), 0);
    irqs_bits();
    CHECK_EQ(irqs_number("held"), 0);
}

static void all(void)
{
    realtime_way();
    forbidden();
    unmapped();
    overrun();
    crossing();
    storms();
    if (sysfile_line("sys:irq", "controller apic"))
        pit_realtime();
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    irqs_open();
    exact = clock_exact();
    if (exact)
        print("irq: the clock counts instructions\n");
    zero = (int)file_open("zero:", O_RDONLY);
    irqs_twice(all);
    return guest_end("realtime");
}

/* SPDX-License-Identifier: MIT
 * Both ends of a boot: hal_exit, and panic with its record. A panic while one is under way prints
 * its first line by the UART alone and ends. Needs neither GS nor memory that may be missing. */
#include "kernel/hal/panic.h"

#include <stdarg.h>

#include "kernel/abi/events.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/log.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/reset.h"
#include "kernel/hal/screen.h"
#include "kernel/hal/uart.h"
#include "kernel/hal/watchdog.h"
#include "kernel/hal/x86.h"

#define BACKTRACE_MAX 12u
#define TRACE_LAST    8u
#define BOOT_STACK    16384u
#define PAUSE_S       10u

extern const char __entry_text_start[], __text_end[], boot_stack_top[];
extern struct trace_record trace_ring[TRACE_RING_RECORDS]; /* CORE's; there before CORE runs */

static unsigned panics;

static const struct {
    enum boot_exit code;
    const char *name, *text;
} exit_names[] = {
#define X(name, value, text) {EXIT_##name, #name, text},
    EXITS(X)
#undef X
};

static void exit_line(enum boot_exit code, const char *message)
{
    for (unsigned i = 0; i < sizeof(exit_names) / sizeof(exit_names[0]); i++)
        if (exit_names[i].code == code)
            klog("tach: exit %u %s: %s%s%s\n", (unsigned)code, exit_names[i].name,
                 exit_names[i].text, message != NULL ? ": " : "", message != NULL ? message : "");
}

/* What failed once is likely to fail again, at once: nobody could read why on a screen that goes
 * dark, and a machine that nobody attends to would start thousands of times an hour. */
static _Noreturn void start_anew(enum boot_exit code)
{
    static const char said[] = "starts anew in 10 s\n";
    if (code != EXIT_PASS) {
        screen_write(said, sizeof(said) - 1);
        machine_pause(PAUSE_S);
    }
    machine_reset();
}

_Noreturn void hal_exit(enum boot_exit code, const char *message)
{
    watchdog_stop();
    if (code != EXIT_PASS)
        screen_urgent();
    exit_line(code, message);
    uart_flush();
    x86_out8(EXIT_PORT, (uint8_t)code);
    for (const char *p = "Shutdown"; *p != '\0'; p++)
        x86_out8(BOCHS_EXIT_PORT, (uint8_t)*p);
    if (hal_config.reset)
        start_anew(code);
    x86_halt();
}

struct span {
    uint64_t start, end;
};

/* The stack that holds rsp; empty if it is none of the kernel's, so that a panic never faults. */
static struct span stack_of(uint64_t rsp)
{
    const struct span stacks[] = {
        {(uint64_t)boot_stack_top - BOOT_STACK, (uint64_t)boot_stack_top},
        {PERCPU_AREA(0) + PERCPU_STACK, PERCPU_AREA(0) + PERCPU_STACK_TOP},
        {PERCPU_AREA(0) + PERCPU_PAGE_DF, PERCPU_AREA(0) + PERCPU_DF_TOP},
    };
    for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        if (rsp >= stacks[i].start && rsp < stacks[i].end && (i == 0 || cpu_is_local()))
            return stacks[i];
    return (struct span){rsp, rsp};
}

/* Return addresses by their look: words on the stack that lie in the kernel's text. Some are left
 * over from calls long ended; none that counts is missing. */
static void backtrace_print(uint64_t rsp)
{
    const uint64_t end = stack_of(rsp).end;
    unsigned found = 0;
    klog("panic: calls");
    for (uint64_t at = rsp & ~7ull; at < end && found < BACKTRACE_MAX; at += sizeof(uint64_t)) {
        const uint64_t word = *(const uint64_t *)at;
        if (word < (uint64_t)__entry_text_start || word >= (uint64_t)__text_end)
            continue;
        klog(" %lx", word);
        found++;
    }
    klog(found != 0 ? "\n" : " none\n");
}

static void thread_print(void)
{
    if (!cpu_is_local()) {
        klog("panic: before the CPU's own state\n");
        return;
    }
    const struct cpu *cpu = cpu_this();
    const struct thread *t = cpu->current;
    klog("panic: cpu %u thread %u tid %u state %u frame %u rip %lx rsp %lx\n", cpu->index, t->slot,
         t->tid, t->state, t->frame, t->rip, t->rsp);
}

static void control_print(uint64_t root)
{
    klog("panic: cr0 %lx cr2 %lx cr3 %lx cr4 %lx\n", x86_read_cr0(), x86_read_cr2(), root,
         x86_read_cr4());
}

/* The last records of the ring, the newest first; the exits and the assembly path write it. */
static void trace_print(void)
{
    const struct cpu *cpu = cpu_this();
    uint64_t at = (uint64_t)(cpu->trace_next - trace_ring);
    for (unsigned i = 0; i < TRACE_LAST && i < cpu->trace_count; i++) {
        at = (at - 1) % TRACE_RING_RECORDS;
        const struct trace_record *r = &trace_ring[at];
        klog("panic: trace tsc %lu event %u thread %x arg %lx aux %lx\n", r->tsc, r->event,
             r->thread, r->arg, r->aux);
    }
}

static void frame_print(const struct trap_frame *f)
{
    klog("panic: vector %lu error %lx rip %lx cs %lx rflags %lx rsp %lx ss %lx\n", f->vector,
         f->error, f->rip, f->cs, f->rflags, f->rsp, f->ss);
    klog("panic: rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", f->rax, f->rbx, f->rcx,
         f->rdx, f->rsi, f->rdi, f->rbp);
    klog("panic: r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n", f->r8, f->r9,
         f->r10, f->r11, f->r12, f->r13, f->r14, f->r15);
}

static void uart_sink(const char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        uart_put((uint8_t)bytes[i]);
}

/* True if a record may still be printed. */
static bool panic_first(void)
{
    if (panics++ == 0) {
        screen_panic();
        return true;
    }
    klog_sink = uart_sink;
    screen_close();
    return false;
}

static _Noreturn void panic_end(uint64_t rsp, uint64_t root)
{
    control_print(root);
    thread_print();
    backtrace_print(rsp);
    if (cpu_is_local())
        trace_print();
    hal_exit(EXIT_PANIC, NULL);
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *what, uint64_t root)
{
    const bool first = panic_first();
    klog("panic: %s at %lx\n", what, frame->rip);
    if (!first)
        hal_exit(EXIT_PANIC, "while in a panic");
    frame_print(frame);
    panic_end(frame->rsp, root);
}

_Noreturn void panic(const char *format, ...)
{
    const bool first = panic_first();
    va_list arguments;
    klog("panic: ");
    va_start(arguments, format);
    klog_list(format, arguments);
    va_end(arguments);
    klog("\n");
    if (!first)
        hal_exit(EXIT_PANIC, "while in a panic");
    panic_end((uint64_t)__builtin_frame_address(0), x86_read_cr3());
}

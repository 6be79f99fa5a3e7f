/* SPDX-License-Identifier: MIT
 * What a trap means. From ring 3 it is CORE's, unless it is an interrupt of ours; from ring 0 it is
 * an interrupt of idling, a probe that may fault, or the end. Interrupts off throughout. */
#include "kernel/hal/trap.h"

#include "kernel/hal/apic.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/panic.h"
#include "kernel/hal/sampler.h"
#include "kernel/hal/upcall.h"
#include "kernel/hal/watchdog.h"
#include "kernel/hal/x86.h"

#define VECTOR_DB     1u
#define VECTOR_NMI    2u
#define VECTOR_NP     11u
#define VECTOR_GP     13u
#define VECTOR_PF     14u
#define ERROR_EXT     1u /* caused by something outside of the program: an interrupt */
#define DR6_RESET     0xFFFF0FF0ull
#define DR6_WHY       0xE00Full
#define DR7_FIXED     0x400ull
#define DR7_WATCH     0xB0001ull /* DR0 local, data read or written, 8 bytes */
#define DR7_LENGTH    8ull
#define RFLAGS_TF     0x100ull
#define RFLAGS_RETURN 0x202ull

uint64_t trap_nmi_count, trap_debug_count, trap_iret_count, trap_spurious_count,
    trap_interrupt_count;

extern const char msr_read_rdmsr[], msr_write_wrmsr[], msr_fault[];

static const char *const vector_names[] = {
    "divide error",      "debug",          "NMI",
    "breakpoint",        "overflow",       "bound",
    "invalid opcode",    "no coprocessor", "double fault",
    "vector 9",          "invalid TSS",    "segment not present",
    "stack fault",       "protection",     "page fault",
    "vector 15",         "x87 error",      "alignment",
    "machine check",     "SIMD error",     "virtualisation",
    "control protection"};

static const char *vector_name(uint64_t vector)
{
    return vector < sizeof(vector_names) / sizeof(vector_names[0]) ? vector_names[vector]
                                                                   : "reserved vector";
}

/* Vectors from VECTOR_DEVICE on. */
static void interrupt(unsigned vector)
{
    if (vector == VECTOR_SPURIOUS) {
        trap_spurious_count++; /* no EOI: none is in service */
        return;
    }
    trap_interrupt_count++;
    if (vector == VECTOR_TIMER) {
        apic_eoi(); /* first: what follows arms the timer again */
        sched_timer();
    } else {
        core_interrupt(vector);
        apic_eoi();
    }
}

/* Whether this is no fault of a program but an interrupt whose gate is absent: one of firmware's,
 * that was still under way or that a device of its own goes on raising. */
static bool stray(uint64_t vector, uint64_t error)
{
    if (vector != VECTOR_NP || (error & ERROR_EXT) == 0)
        return false;
    trap_spurious_count++;
    (void)apic_end_stray();
    return true;
}

/* #DB out of ring 3: why, in the place of an error code. */
static uint64_t debug_reason(void)
{
    const uint64_t dr6 = x86_read_dr6();
    x86_write_dr6(DR6_RESET);
    return dr6 & DR6_WHY;
}

static void count_trap(void)
{
    struct cpu *cpu = cpu_this();
    cpu->traps++;
    cpu->cr3_writes += hal_config.pti;
}

void hal_trap(struct thread *t, uint64_t vector, uint64_t error)
{
    /* before anything that could fault */
    const uint64_t address = vector == VECTOR_PF ? x86_read_cr2() : 0;
    if (hal_tracing)
        count_trap();
    if (vector >= VECTOR_DEVICE)
        interrupt((unsigned)vector);
    else if (!stray(vector, error))
        core_trap(t, (unsigned)vector, vector == VECTOR_DB ? debug_reason() : error, address);
}

void hal_trap_iret(struct thread *t, uint64_t vector, uint64_t error)
{
    trap_iret_count++;
    if (t->frame == FRAME_SYSCALL) { /* what the exit had made of it */
        t->rcx = t->rip;
        t->r11 = t->rflags = RFLAGS_RETURN;
    }
    t->frame = FRAME_FULL;
    core_trap(t, (unsigned)vector, error, 0);
}

void hal_trap_kernel(struct trap_frame *frame, uint64_t root)
{
    if (frame->vector >= VECTOR_DEVICE)
        interrupt((uint8_t)frame->vector); /* the stub's byte was sign-extended */
    else if (frame->vector == VECTOR_GP &&
             (frame->rip == (uint64_t)msr_read_rdmsr || frame->rip == (uint64_t)msr_write_wrmsr))
        frame->rip = (uint64_t)msr_fault;
    else if (!stray(frame->vector, frame->error)) /* it may come while the CPU is idle */
        panic_trap(frame, vector_name(frame->vector), root);
}

void hal_trap_paranoid(struct trap_frame *frame, uint64_t root)
{
    if (frame->vector == VECTOR_NMI) {
        trap_nmi_count++;
        watchdog_nmi(frame);
        sampler_nmi(frame);
    } else if (frame->vector == VECTOR_DB) {
        /* a MOV SS shadow moved a user's watchpoint to the entry's first instruction, or a step
         * got through: nothing of the kernel's, and nobody's to know */
        trap_debug_count++;
        x86_write_dr6(DR6_RESET);
        frame->rflags &= ~RFLAGS_TF;
    } else {
        panic_trap(frame, vector_name(frame->vector), root);
    }
}

void debug_watch(uint64_t address)
{
    x86_write_dr7(DR7_FIXED);
    x86_write_dr0(address & ~(DR7_LENGTH - 1));
    if (address != 0)
        x86_write_dr7(DR7_FIXED | DR7_WATCH);
}

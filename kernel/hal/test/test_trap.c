/* SPDX-License-Identifier: MIT
 * What a trap means, by its vector and the ring that it came from: above all an interrupt that is
 * nobody's, which must neither kill the program that it hits nor panic an idle kernel, and must
 * end. */
#include "kernel/hal/trap.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hal/apic.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/init.h"
#include "kernel/hal/panic.h"
#include "kernel/hal/sampler.h"
#include "kernel/hal/upcall.h"
#include "kernel/hal/watchdog.h"
#include "kernel/hal/x86.h"

#define NP           11u
#define UD           6u
#define GP           13u
#define GATE(vector) ((vector) << 3 | 2u) /* the error code of a fault at a gate */
#define EXTERNAL     1u

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

struct hal_config hal_config;
bool hal_tracing;
const char msr_read_rdmsr[1], msr_write_wrmsr[1], msr_fault[1];

static struct cpu cpu;
static struct thread thread;
static jmp_buf panicked;
static unsigned traps, devices, ticks, ends, strays; /* calls of what trap.c calls */
static unsigned last; /* vector that core_trap or core_interrupt got */

struct cpu *cpu_this(void)
{
    return &cpu;
}

void apic_eoi(void)
{
    ends++;
}

bool apic_end_stray(void)
{
    strays++;
    return true;
}

void core_interrupt(unsigned vector)
{
    devices++;
    last = vector;
}

void core_trap(struct thread *t, unsigned vector, uint64_t error, uint64_t address)
{
    (void)error;
    (void)address;
    CHECK(t == &thread);
    traps++;
    last = vector;
}

void sched_timer(void)
{
    CHECK(ends != 0);
    ticks++;
}

void sampler_nmi(const struct trap_frame *frame)
{
    (void)frame;
}

void watchdog_nmi(const struct trap_frame *frame)
{
    (void)frame;
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *what, uint64_t root)
{
    (void)frame;
    (void)what;
    (void)root;
    longjmp(panicked, 1);
}

uint64_t x86_read_cr2(void)
{
    return 0;
}

uint64_t x86_read_dr6(void)
{
    return 0;
}

void x86_write_dr0(uint64_t value)
{
    (void)value;
}

void x86_write_dr6(uint64_t value)
{
    (void)value;
}

void x86_write_dr7(uint64_t value)
{
    (void)value;
}

static void reset(void)
{
    traps = devices = ticks = ends = strays = last = 0;
    trap_spurious_count = trap_interrupt_count = 0;
}

/* A trap out of ring 0; whether the kernel survives it. */
static bool in_kernel(uint64_t vector, uint64_t error)
{
    struct trap_frame frame;
    memset(&frame, 0, sizeof(frame));
    frame.vector = vector;
    frame.error = error;
    if (setjmp(panicked) != 0)
        return false;
    hal_trap_kernel(&frame, 0);
    return true;
}

static void nobodys(void)
{
    reset();
    hal_trap(&thread, NP, GATE(0x50u) | EXTERNAL); /* a program was interrupted */
    CHECK(strays == 1 && trap_spurious_count == 1 && traps == 0);
    CHECK(in_kernel(NP, GATE(0x50u) | EXTERNAL)); /* the CPU was idle */
    CHECK(strays == 2 && trap_spurious_count == 2 && traps == 0);
    reset();
    hal_trap(&thread, NP, GATE(0x50u)); /* the program itself: its own fault */
    CHECK(strays == 0 && trap_spurious_count == 0 && traps == 1 && last == NP);
    CHECK(!in_kernel(NP, GATE(0x50u)));
    CHECK(!in_kernel(UD, EXTERNAL) && !in_kernel(GP, EXTERNAL));
    CHECK(strays == 0);
}

static void ours(void)
{
    reset();
    hal_trap(&thread, VECTOR_DEVICE + 4, 0);
    CHECK(devices == 1 && ends == 1 && last == VECTOR_DEVICE + 4);
    CHECK(in_kernel(VECTOR_DEVICE, 0) && devices == 2 && ends == 2);
    CHECK(in_kernel((uint64_t)(int8_t)VECTOR_TIMER, 0) && ticks == 1 && ends == 3);
    hal_trap(&thread, VECTOR_SPURIOUS, 0);
    CHECK(ends == 3 && strays == 0 && trap_spurious_count == 1); /* not in service: no end */
    CHECK(traps == 0 && trap_interrupt_count == 3);
}

int main(void)
{
    nobodys();
    ours();
    printf("hal trap: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

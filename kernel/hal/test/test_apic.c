/* SPDX-License-Identifier: MIT
 * The local APIC as firmware may leave it, on a model that obeys the manual where emulators forgive
 * (Intel SDM 3A 11.4.3, 11.4.7.2, 11.12.5): off as a whole it is not in CPUID, off by its own
 * register its entries stay masked whatever is written, what is in service stays so until it ends,
 * and only some changes of mode are legal. */
#include "kernel/hal/apic.h"

#include <stdio.h>
#include <string.h>

#include "kernel/hal/apic_register.h"
#include "kernel/hal/apic_timer.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"

#define BASE    0xFEE00000ull
#define ENABLED 0x800ull
#define X2      0x400ull
#define SVR_ON  0x100u

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

struct hal_config hal_config;
static uint64_t base;
static uint32_t registers[64]; /* by MSR number from 800h on */
static bool none, faulted, timer_asked;
static uint8_t memory[4096];
static unsigned ends;

/* ---- the machine ---- */

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    CHECK(leaf == 1 && subleaf == 0);
    return (struct x86_cpuid){.ecx = 1u << 21, .edx = !none && base & ENABLED ? 1u << 9 : 0};
}

static bool is_entry(uint32_t r)
{
    return r == APIC_LVT_TIMER || r == APIC_LVT_COUNTER || r == APIC_LVT_LINT0 ||
           r == APIC_LVT_LINT1 || r == APIC_LVT_ERROR;
}

static bool is_on(void)
{
    return registers[APIC_SVR >> 4] & SVR_ON;
}

uint64_t x86_rdmsr(uint32_t msr)
{
    if (msr == MSR_APIC_BASE)
        return base;
    faulted |= (base & (ENABLED | X2)) != (ENABLED | X2);
    return registers[msr - MSR_X2APIC];
}

static void base_write(uint64_t value)
{
    const uint64_t from = base & (ENABLED | X2), to = value & (ENABLED | X2);
    faulted |= to == X2 || (from == 0 && to == (ENABLED | X2)) ||
               (from == (ENABLED | X2) && to == ENABLED);
    if (!none)
        base = value;
}

/* The best of those in service is over. */
static void end_write(void)
{
    ends++;
    for (unsigned i = 8; i-- != 0;) {
        uint32_t *word = &registers[(APIC_SERVICE >> 4) + i];
        if (*word == 0)
            continue;
        *word &= ~(1u << (31 - __builtin_clz(*word)));
        return;
    }
}

void x86_wrmsr(uint32_t msr, uint64_t value)
{
    if (msr == MSR_APIC_BASE) {
        base_write(value);
        return;
    }
    const uint32_t r = (msr - MSR_X2APIC) << 4;
    if (r == APIC_EOI)
        end_write();
    faulted |= (base & (ENABLED | X2)) != (ENABLED | X2);
    registers[r >> 4] = (uint32_t)value | (is_entry(r) && !is_on() ? LVT_MASKED : 0);
}

void x86_out8(uint16_t port, uint8_t value)
{
    (void)port;
    (void)value;
}

void *paging_map_device(paddr_t physical, uint64_t bytes)
{
    CHECK(physical == BASE && bytes == sizeof(memory));
    return memory;
}

bool apic_timer_init(void)
{
    timer_asked = true;
    return true;
}

void hal_found(const char *format, ...)
{
    (void)format;
}

_Noreturn void hal_exit(enum boot_exit code, const char *message)
{
    printf("exit %d: %s\n", (int)code, message);
    __builtin_trap();
}

/* ---- the tests ---- */

/* As after a reset, but for the mode. */
static void machine(uint64_t mode)
{
    memset(registers, 0, sizeof(registers));
    memset(memory, 0, sizeof(memory));
    memset(&hal_config, 0, sizeof(hal_config));
    apic_memory = NULL;
    registers[APIC_SVR >> 4] = VECTOR_SPURIOUS;
    base = BASE | mode;
    none = faulted = timer_asked = false;
    ends = 0;
}

static uint32_t in_memory(uint32_t r)
{
    uint32_t value;
    memcpy(&value, memory + r, sizeof(value));
    return value;
}

/* Both pins let through, the rest silent. */
static void pins_open(void)
{
    CHECK(is_on() && timer_asked && !faulted);
    CHECK(registers[APIC_LVT_LINT0 >> 4] == LVT_EXTINT);
    CHECK(registers[APIC_LVT_LINT1 >> 4] == LVT_NMI);
    CHECK(registers[APIC_LVT_TIMER >> 4] & LVT_MASKED);
    CHECK(registers[APIC_LVT_ERROR >> 4] & LVT_MASKED);
}

static void switched_off(void)
{
    machine(0); /* as a whole: CPUID does not show it */
    CHECK(apic_present() && base == (BASE | ENABLED));
    CHECK(apic_init() && apic_memory == memory && !faulted);
    CHECK(in_memory(APIC_LVT_LINT0) == LVT_EXTINT && in_memory(APIC_LVT_LINT1) == LVT_NMI);
    CHECK(in_memory(APIC_SVR) == (SVR_ON | VECTOR_SPURIOUS));
    machine(0); /* and the boot word wants the other mode: two steps */
    hal_config.x2apic = true;
    CHECK(apic_present() && apic_init());
    CHECK(base == (BASE | ENABLED | X2));
    pins_open();
}

/* On as a whole, off by its own register, as it is after a reset. */
static void entries_off(void)
{
    machine(ENABLED | X2);
    CHECK(apic_present() && apic_init());
    pins_open();
    apic_alone();
    CHECK(registers[APIC_LVT_LINT0 >> 4] & LVT_MASKED);
}

/* Interrupts that firmware was serving when it started us are over; one that is nobody's later is
 * ended by itself, and where there is none nothing is. */
static void in_service(void)
{
    machine(ENABLED | X2);
    registers[(APIC_SERVICE >> 4) + 2] = 1u << 16 | 1u << 3;
    registers[(APIC_SERVICE >> 4) + 7] = 1u << 31;
    CHECK(apic_init() && ends == 3 && !faulted);
    for (unsigned i = 0; i < 8; i++)
        CHECK(registers[(APIC_SERVICE >> 4) + i] == 0);
    CHECK(!apic_end_stray() && ends == 3);
    registers[(APIC_SERVICE >> 4) + 3] = 1;
    CHECK(apic_end_stray() && ends == 4 && registers[(APIC_SERVICE >> 4) + 3] == 0);
}

static void left_alone(void)
{
    machine(ENABLED); /* as most firmware does */
    CHECK(apic_present() && base == (BASE | ENABLED) && !faulted);
    machine(0);
    none = true; /* there is none to switch on */
    CHECK(!apic_present() && !faulted);
}

int main(void)
{
    switched_off();
    entries_off();
    in_service();
    left_alone();
    printf("hal apic: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

/* SPDX-License-Identifier: MIT
 * The local APIC, by its registers in memory or, where firmware has switched it to x2APIC mode, by
 * MSRs. Registers and fields: Intel SDM 3A chapter 11. The timer is one-shot and stays silent
 * unless it is armed. */
#include "kernel/hal/apic.h"

#include <stddef.h>

#include "kernel/hal/clock.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/x86.h"

#define APIC_BASE_ENABLE 0x800ull
#define APIC_BASE_X2     0x400ull
#define APIC_BYTES       4096u

enum apic_register {
    APIC_ID = 0x20,
    APIC_TPR = 0x80,
    APIC_EOI = 0xB0,
    APIC_SVR = 0xF0,
    APIC_COMMAND = 0x300,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3E0,
    APIC_SELF = 0x3F0 /* x2APIC only */
};

#define SVR_ENABLE     0x100u
#define LVT_MASKED     0x10000u
#define LVT_NMI        0x400u
#define LVT_EXTINT     0x700u
#define DIVIDE_BY_1    0xBu
#define TIMER_MAX      0xFFFFFFFFu
#define COMMAND_SELF   0x44000u /* to this CPU, fixed, edge */
#define ID_SHIFT       24
#define PIC_MASTER     0x20u
#define PIC_SLAVE      0xA0u
#define PIC_ICW1       0x11u
#define PIC_ICW4       0x03u /* 8086 mode, automatic end of interrupt */
#define PIC_CASCADE    2u
#define PIC_MASTER_PIN 4u
#define PIC_ALL        0xFFu

static volatile uint8_t *apic_memory; /* 0: x2APIC */
static uint64_t timer_per_tsc;        /* times 2^32 */
static uint64_t timer_reach;          /* the longest wait, in TSC ticks */

static uint32_t apic_read(enum apic_register r)
{
    if (apic_memory == NULL)
        return (uint32_t)x86_rdmsr(MSR_X2APIC + (r >> 4));
    return *(volatile uint32_t *)(apic_memory + r);
}

static void apic_write(enum apic_register r, uint32_t value)
{
    if (apic_memory == NULL)
        x86_wrmsr(MSR_X2APIC + (r >> 4), value);
    else
        *(volatile uint32_t *)(apic_memory + r) = value;
}

/* The 8259s: moved away from the exceptions' vectors, then silent. */
static void pic_mask(void)
{
    const uint16_t ports[] = {PIC_MASTER, PIC_SLAVE};
    for (unsigned i = 0; i < 2; i++) {
        const uint16_t data = (uint16_t)(ports[i] + 1);
        x86_out8(ports[i], PIC_ICW1);
        x86_out8(data, (uint8_t)(VECTOR_DEVICE + 8 * i));
        x86_out8(data, i == 0 ? PIC_MASTER_PIN : PIC_CASCADE);
        x86_out8(data, PIC_ICW4);
        x86_out8(data, PIC_ALL);
    }
}

static bool apic_map(void)
{
    uint64_t base = x86_rdmsr(MSR_APIC_BASE);
    if ((base & APIC_BASE_ENABLE) == 0) {
        base |= APIC_BASE_ENABLE;
        x86_wrmsr(MSR_APIC_BASE, base);
    }
    if ((base & APIC_BASE_X2) != 0)
        return true;
    apic_memory = paging_map_device(base & CR3_FRAME_MASK, APIC_BYTES);
    return apic_memory != NULL;
}

static void apic_enable(void)
{
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    /* without firmware both pins are masked: the 8259's line, and the NMI line */
    apic_write(APIC_LVT_LINT0, LVT_EXTINT);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
}

static uint32_t timer_count(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

static void timer_calibrate(void)
{
    apic_write(APIC_TIMER_INITIAL, TIMER_MAX);
    const struct clock_rates rates = clock_measure(timer_count);
    apic_write(APIC_TIMER_INITIAL, 0);
    hal_config.tsc_hz = rates.tsc_hz;
    hal_config.tsc_source = rates.tsc_source;
    timer_per_tsc = rates.timer_per_tsc;
    /* half of the timer's range: no rounding can overflow it */
    if (timer_per_tsc != 0)
        timer_reach = ((uint64_t)TIMER_MAX << 31) / timer_per_tsc;
}

bool apic_init(void)
{
    pic_mask();
    if (!apic_map())
        return false;
    apic_enable();
    timer_calibrate();
    if (timer_per_tsc == 0) {
        klog("apic: the timer does not count\n");
        return false;
    }
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    return true;
}

void timer_arm(uint64_t tsc_deadline)
{
    if (tsc_deadline == 0) {
        apic_write(APIC_TIMER_INITIAL, 0);
        return;
    }
    const uint64_t now = x86_rdtsc();
    uint64_t wait = tsc_deadline > now ? tsc_deadline - now : 0;
    wait = wait < timer_reach ? wait : timer_reach;
    /* up, and never 0, which would disarm it */
    const unsigned __int128 ticks = ((unsigned __int128)wait * timer_per_tsc >> 32) + 1;
    apic_write(APIC_TIMER_INITIAL, (uint32_t)ticks);
}

uint8_t apic_number(void)
{
    const uint32_t id = apic_read(APIC_ID);
    return (uint8_t)(apic_memory == NULL ? id : id >> ID_SHIFT);
}

void apic_alone(void)
{
    apic_write(APIC_LVT_LINT0, LVT_MASKED | LVT_EXTINT);
}

void apic_self(uint8_t vector)
{
    if (apic_memory == NULL)
        apic_write(APIC_SELF, vector);
    else
        apic_write(APIC_COMMAND, COMMAND_SELF | vector);
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

/* SPDX-License-Identifier: MIT
 * The local APIC's registers (Intel SDM 3A chapter 11), by memory or by MSRs, as apic_init found or
 * switched it. For the parts of HAL that program one of them: apic.c, apic_timer.c and whoever owns
 * another entry of the local vector table. After apic_init; own CPU. */
#ifndef TACH_HAL_APIC_REGISTER_H
#define TACH_HAL_APIC_REGISTER_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/hal/x86.h"

enum apic_register {
    APIC_ID = 0x20,
    APIC_VERSION = 0x30,
    APIC_TPR = 0x80,
    APIC_EOI = 0xB0,
    APIC_SVR = 0xF0,
    APIC_SERVICE = 0x100, /* the first of eight: a bit for each vector in service */
    APIC_COMMAND = 0x300,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_COUNTER = 0x340, /* performance counters' overflow */
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3E0,
    APIC_SELF = 0x3F0 /* x2APIC only */
};

#define LVT_MASKED        0x10000u
#define LVT_NMI           0x400u
#define LVT_EXTINT        0x700u
#define LVT_LAST(version) ((version) >> 16 & 0xFF) /* the last entry's number */
#define LVT_LAST_COUNTER  4u                       /* where there is one for the counters */
#define LVT_DEADLINE      0x40000u /* of the timer's entry: no count, but a value of the TSC */

extern volatile uint8_t *apic_memory; /* NULL: x2APIC mode, by MSRs */

static inline uint32_t apic_read(enum apic_register r)
{
    if (apic_memory == NULL)
        return (uint32_t)x86_rdmsr(MSR_X2APIC + (r >> 4));
    return *(volatile uint32_t *)(apic_memory + r);
}

static inline void apic_write(enum apic_register r, uint32_t value)
{
    if (apic_memory == NULL)
        x86_wrmsr(MSR_X2APIC + (r >> 4), value);
    else
        *(volatile uint32_t *)(apic_memory + r) = value;
}

#endif

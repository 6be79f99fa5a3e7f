/* SPDX-License-Identifier: MIT
 * See apic_timer.h. Intel SDM 3A 11.5.4. Where the CPU has a deadline timer to rely on, the TSC's
 * value itself is armed, to the tick and at any distance; else a count that runs down once, made of
 * the distance. Either stays silent unless it is armed. */
#include "kernel/hal/apic_timer.h"

#include "kernel/hal/apic.h"
#include "kernel/hal/apic_register.h"
#include "kernel/hal/clock.h"
#include "kernel/hal/deadline.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"

#define MSR_TSC_DEADLINE    0x6E0u
#define LEAF_FEATURES       1u
#define LEAF_EXTENDED       0x80000000u
#define LEAF_EXTENDED_POWER 0x80000007u
#define ECX_DEADLINE        (1u << 24)
#define ECX_HYPERVISOR      (1u << 31)
#define EDX_INVARIANT       (1u << 8)
#define DIVIDE_BY_1         0xBu
#define TIMER_MAX           0xFFFFFFFFu

static uint64_t timer_per_tsc; /* times 2^32 */
static uint64_t timer_reach;   /* the longest count, in TSC ticks */

static void arm_count(uint64_t tsc_deadline)
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

/* 0 disarms, and what is over fires at once: the register means what the caller does. */
static void arm_deadline(uint64_t tsc_deadline)
{
    x86_wrmsr(MSR_TSC_DEADLINE, tsc_deadline);
}

void (*timer_arm)(uint64_t tsc_deadline) = arm_count;

static uint32_t timer_count(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

static void clocks_measure(void)
{
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_TIMER_INITIAL, TIMER_MAX);
    const struct clock_rates rates = clock_measure(timer_count);
    apic_write(APIC_TIMER_INITIAL, 0);
    hal_config.tsc_hz = rates.tsc_hz;
    hal_config.tsc_source = rates.tsc_source;
    timer_per_tsc = rates.timer_per_tsc;
    /* half of the timer's range: no rounding can overflow it */
    if (timer_per_tsc != 0)
        timer_reach = ((uint64_t)TIMER_MAX << 31) / timer_per_tsc;
    hal_found("tsc: %lu Hz, by %s\n", rates.tsc_hz, clock_source_name(rates.tsc_source));
}

static struct deadline_cpu cpu_ask(void)
{
    const uint32_t features = x86_cpuid(LEAF_FEATURES, 0).ecx;
    return (struct deadline_cpu){.signature = hal_config.signature,
                                 .microcode = hal_config.microcode,
                                 .intel = memcmp(hal_config.vendor, "GenuineIntel", 12) == 0,
                                 .guest = (features & ECX_HYPERVISOR) != 0,
                                 .timer = (features & ECX_DEADLINE) != 0,
                                 .invariant =
                                     x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_EXTENDED_POWER &&
                                     (x86_cpuid(LEAF_EXTENDED_POWER, 0).edx & EDX_INVARIANT) != 0};
}

/* Whether the mode with deadlines is to be used; the count's reason is said. */
static bool deadline_chosen(void)
{
    const struct deadline_cpu cpu = cpu_ask();
    const char *why_not = deadline_refused(&cpu);

    if (hal_config.timer_deadline && why_not != NULL) {
        klog("timer=deadline: %s\n", why_not);
        hal_exit(EXIT_INIT, "timer=deadline: not on this CPU");
    }
    if (hal_config.timer_count)
        why_not = "by boot word";
    if (why_not != NULL)
        hal_found("timer: count of %lu Hz (%s)\n",
                  (uint64_t)((unsigned __int128)hal_config.tsc_hz * timer_per_tsc >> 32), why_not);
    else
        hal_found("timer: TSC deadline\n");
    return why_not == NULL;
}

bool apic_timer_init(void)
{
    clocks_measure();
    if (timer_per_tsc == 0) {
        klog("apic: the timer does not count\n");
        return false;
    }
    if (!deadline_chosen()) {
        apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
        return true;
    }
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER | LVT_DEADLINE);
    x86_mfence(); /* a store to the APIC may still be under way when the MSR is written */
    timer_arm = arm_deadline;
    return true;
}

/* SPDX-License-Identifier: MIT
 * See machine.h. Registers: Intel SDM volume 4, and 3B chapter 19 for CPUID 0AH. Under a hypervisor
 * the count of SMIs is not asked for: it would be the virtual machine's, and SMIs hit the real one.
 */
#include "kernel/hal/machine.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/msr.h"
#include "kernel/hal/signature.h"
#include "kernel/hal/x86.h"

#define MSR_SMI_COUNT       0x34u
#define MSR_MPERF           0xE7u
#define MSR_APERF           0xE8u
#define LEAF_POWER          6u
#define LEAF_STRUCTURED     7u
#define LEAF_COUNTERS       0xAu
#define LEAF_EXTENDED       0x80000000u
#define LEAF_EXTENDED_POWER 0x80000007u
#define ECX_DEADLINE        (1u << 24)
#define ECX_HYPERVISOR      (1u << 31)
#define ECX6_APERF          (1u << 0)
#define EDX7_CAPABILITIES   (1u << 29)
#define EDX_INVARIANT       (1u << 8)
#define BASE_X2APIC         0xC00ull /* enabled, in that mode */
#define FAMILY_6            6u
#define MODEL_NEHALEM       0x1Au /* the first with a count of SMIs */
#define EVENT_BITS          7u    /* architectural events of CPUID 0AH */

static bool counts_smis(uint32_t signature, uint32_t features)
{
    return memcmp(hal_config.vendor, "GenuineIntel", 12) == 0 &&
           signature_family(signature) == FAMILY_6 && signature_model(signature) >= MODEL_NEHALEM &&
           (features & ECX_HYPERVISOR) == 0;
}

static void registers_read(struct wire_machine *m, uint32_t basic_max, uint32_t features)
{
    if (counts_smis(hal_config.signature, features) && msr_read_safe(MSR_SMI_COUNT, &m->smis))
        m->have |= MACHINE_SMIS;
    if (basic_max >= LEAF_POWER && x86_cpuid(LEAF_POWER, 0).ecx & ECX6_APERF &&
        msr_read_safe(MSR_MPERF, &m->mperf) && msr_read_safe(MSR_APERF, &m->aperf))
        m->have |= MACHINE_APERF;
    if (basic_max >= LEAF_STRUCTURED && x86_cpuid(LEAF_STRUCTURED, 0).edx & EDX7_CAPABILITIES &&
        msr_read_safe(MSR_ARCH_CAPABILITIES, &m->capabilities))
        m->have |= MACHINE_CAPABILITIES;
}

/* A bit that is set says that the event is missing, and only so many bits say anything. */
static void counters_read(struct wire_machine *m, uint32_t basic_max)
{
    if (basic_max < LEAF_COUNTERS)
        return;
    const struct x86_cpuid r = x86_cpuid(LEAF_COUNTERS, 0);
    const uint32_t said = r.eax >> 24 < EVENT_BITS ? r.eax >> 24 : EVENT_BITS;
    m->pmu_version = (uint8_t)r.eax;
    if (m->pmu_version == 0)
        return;
    m->pmu_counters = (uint8_t)(r.eax >> 8);
    m->pmu_bits = (uint8_t)(r.eax >> 16);
    m->pmu_events = ~r.ebx & ((1u << said) - 1);
}

void machine_read(struct wire_machine *machine)
{
    const uint32_t basic_max = x86_cpuid(0, 0).eax, features = x86_cpuid(1, 0).ecx;
    *machine = (struct wire_machine){.tsc = x86_rdtsc()};
    registers_read(machine, basic_max, features);
    counters_read(machine, basic_max);
    if (features & ECX_DEADLINE)
        machine->have |= MACHINE_DEADLINE;
    if (features & ECX_HYPERVISOR)
        machine->have |= MACHINE_GUEST;
    if ((x86_rdmsr(MSR_APIC_BASE) & BASE_X2APIC) == BASE_X2APIC)
        machine->have |= MACHINE_X2APIC;
    if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_EXTENDED_POWER &&
        x86_cpuid(LEAF_EXTENDED_POWER, 0).edx & EDX_INVARIANT)
        machine->have |= MACHINE_INVARIANT;
}

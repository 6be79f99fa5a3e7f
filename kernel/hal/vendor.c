/* SPDX-License-Identifier: MIT
 * See vendor.h. On AMD's CPUs LFENCE orders loads and no more, unless a bit of an MSR is set, which
 * firmware need not do ("Software Techniques for Managing Speculation on AMD Processors", G-2; APM
 * 3, LFENCE). Families 0Fh and 11h have no such MSR and always wait; CPUID 80000021h tells newer
 * ones that do. The update level of Intel's CPUs is what CPUID left in the register, if it was
 * cleared before (SDM 3A 10.11.7.1). In C1E, which AMD's families 0Fh and 10h enter when all cores
 * halt, the APIC's timer stands still (erratum 400), and the other cores always halt here. */
#include "kernel/hal/vendor.h"

#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/msr.h"
#include "kernel/hal/signature.h"
#include "kernel/hal/x86.h"

#define MSR_DECODE        0xC0011029u
#define MSR_PENDING       0xC0010055u
#define PENDING_C1E       (3ull << 27) /* an SMI, or a cycle of the chipset's, when all cores halt */
#define DECODE_SERIALISE  0x2ull       /* LFENCE waits for whatever is before it */
#define LEAF_FEATURES     1u
#define LEAF_EXTENDED     0x80000000u
#define LEAF_EXTENDED_2   0x80000021u
#define EAX_LFENCE_ALWAYS (1u << 2)
#define FAMILY_K8         0x0Fu
#define FAMILY_BARCELONA  0x10u
#define FAMILY_GRIFFIN    0x11u
#define LEVEL_SHIFT       32

static bool vendor_is(const char *name)
{
    return memcmp(hal_config.vendor, name, 12) == 0;
}

static bool fence_by_itself(void)
{
    const uint32_t family = signature_family(hal_config.signature);
    if (!vendor_is("AuthenticAMD") && !vendor_is("HygonGenuine"))
        return true;
    if (family == FAMILY_K8 || family == FAMILY_GRIFFIN)
        return true;
    return x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_EXTENDED_2 &&
           (x86_cpuid(LEAF_EXTENDED_2, 0).eax & EAX_LFENCE_ALWAYS) != 0;
}

void vendor_fence(void)
{
    uint64_t value = 0;
    if (fence_by_itself())
        return;
    const bool there = msr_read_safe(MSR_DECODE, &value);
    if ((value & DECODE_SERIALISE) != 0)
        return; /* firmware's doing */
    const bool kept = there && msr_write_safe(MSR_DECODE, value | DECODE_SERIALISE) &&
                      msr_read_safe(MSR_DECODE, &value) && (value & DECODE_SERIALISE) != 0;
    hal_found(kept ? "lfence: waits, since MSR C0011029h says so\n"
                   : "lfence: does not wait for what is before it\n");
}

void vendor_halt(void)
{
    const uint32_t family = signature_family(hal_config.signature);
    uint64_t value;
    if (!vendor_is("AuthenticAMD") || (family != FAMILY_K8 && family != FAMILY_BARCELONA))
        return;
    if (!msr_read_safe(MSR_PENDING, &value) || (value & PENDING_C1E) == 0)
        return;
    const bool off = msr_write_safe(MSR_PENDING, value & ~PENDING_C1E);
    hal_found(off ? "c1e: switched off, the timer would stop in it\n"
                  : "c1e: on, and the timer stops in it\n");
}

uint32_t vendor_microcode(void)
{
    const bool intel = vendor_is("GenuineIntel");
    uint64_t value;
    if (intel && msr_write_safe(MSR_MICROCODE, 0))
        (void)x86_cpuid(LEAF_FEATURES, 0);
    if (!msr_read_safe(MSR_MICROCODE, &value))
        return 0;
    /* the upper half, Bochs's AMDs too; AMD's own the lower */
    return value >> LEVEL_SHIFT != 0 ? (uint32_t)(value >> LEVEL_SHIFT) : (uint32_t)value;
}

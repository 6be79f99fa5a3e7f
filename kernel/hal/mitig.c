/* SPDX-License-Identifier: MIT
 * See mitig.h. The rules of need follow what the vendors publish: IA32_ARCH_CAPABILITIES says what
 * a CPU is free of, the presence of a counter-measure in CPUID says that it has what is to be
 * countered. */
#include "kernel/hal/mitig.h"

#include "kernel/hal/bootword.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/gdt.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/mitig_need.h"
#include "kernel/hal/msr.h"
#include "kernel/hal/x86.h"

#define LEAF_STRUCTURED      7u
#define LEAF_EXTENDED        0x80000000u
#define LEAF_AMD_SPECULATION 0x80000008u
#define LEAF_EXTENDED_2      0x80000021u
#define EDX7_IBPB            (1u << 26)
#define EDX7_CAPABILITIES    (1u << 29)
#define EBX8_IBPB            (1u << 12)
#define CAPABLE_RDCL_NO      (1u << 0)
#define CAPABLE_IBRS_ALL     (1u << 1)
#define MITIG_ALL            (MITIG_FENCE | MITIG_VERW | MITIG_IBPB | MITIG_RSB)

const struct mitigation mitigations[] = {
    {"fence", MITIG_FENCE}, {"verw", MITIG_VERW}, {"ibpb", MITIG_IBPB}, {"rsb", MITIG_RSB}};
const unsigned mitigation_count = sizeof(mitigations) / sizeof(mitigations[0]);

struct mitig_state mitig_state;

static uint64_t capabilities(uint32_t edx7)
{
    uint64_t value = 0;

    if (edx7 & EDX7_CAPABILITIES && !msr_read_safe(MSR_ARCH_CAPABILITIES, &value))
        value = 0;
    return value;
}

static bool has_ibpb(uint32_t edx7)
{
    return edx7 & EDX7_IBPB || (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_AMD_SPECULATION &&
                                x86_cpuid(LEAF_AMD_SPECULATION, 0).ebx & EBX8_IBPB);
}

static struct mitig_cpu cpu_ask(void)
{
    struct mitig_cpu cpu = {.amd = !memcmp(hal_config.vendor, "AuthenticAMD", 12),
                            .signature = hal_config.signature};

    if (x86_cpuid(0, 0).eax >= LEAF_STRUCTURED) {
        const struct x86_cpuid r = x86_cpuid(LEAF_STRUCTURED, 0);
        cpu.ebx7 = r.ebx;
        cpu.edx7 = r.edx;
    }
    if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_EXTENDED_2) {
        const struct x86_cpuid r = x86_cpuid(LEAF_EXTENDED_2, 0);
        cpu.eax_ext = r.eax;
        cpu.ecx_ext = r.ecx;
    }
    cpu.capabilities = capabilities(cpu.edx7);
    return cpu;
}

static void identify(void)
{
    const struct mitig_cpu cpu = cpu_ask();
    bool intel = !memcmp(hal_config.vendor, "GenuineIntel", 12), ibpb = has_ibpb(cpu.edx7);
    struct mitig_state *m = &mitig_state;

    m->able = (uint8_t)(MITIG_ALL & ~(ibpb ? 0u : MITIG_IBPB));
    m->needed = (uint8_t)((intel ? MITIG_FENCE : 0u) | (ibpb ? MITIG_IBPB | MITIG_RSB : 0u) |
                          (mitig_needs_verw(&cpu) ? MITIG_VERW : 0u));
    m->isolation = intel && !(cpu.capabilities & CAPABLE_RDCL_NO);
    m->branches = intel && !(cpu.capabilities & CAPABLE_IBRS_ALL);
}

/* The set that a word names, or -1. */
static int word_set(const char *word)
{
    if (!memcmp(word, "off", 4))
        return 0;
    if (!memcmp(word, "all", 4))
        return mitig_state.able;
    for (unsigned i = 0; i < mitigation_count; i++)
        if (!memcmp(word, mitigations[i].name, sizeof(mitigations[i].name)))
            return mitigations[i].bit;
    return -1;
}

void mitig_init(void)
{
    char word[sizeof(mitigations[0].name)] = {0};
    struct cpu *cpu = cpu_this();

    identify();
    int wanted = bootword("mitig", word, sizeof(word)) ? word_set(word) : -1;
    mitig_state.on = wanted < 0 ? mitig_state.needed : (uint8_t)wanted & mitig_state.able;
    cpu->mitig = mitig_state.on;
    cpu->mitig_selector = SEL_KERNEL_DATA;
    cpu->mitig_root = 0;
}

enum err mitig_set(uint8_t wanted)
{
    if (wanted & ~mitig_state.able)
        return T_EOPNOTSUPP;
    mitig_state.on = wanted;
    cpu_this()->mitig = wanted;
    cpu_this()->mitig_root = 0;
    hal_entry_select(hal_config.fastpath, hal_config.trace);
    return OK;
}

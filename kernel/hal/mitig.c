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
#include "kernel/hal/msr.h"
#include "kernel/hal/x86.h"

#define LEAF_STRUCTURED      7u
#define LEAF_EXTENDED        0x80000000u
#define LEAF_AMD_SPECULATION 0x80000008u
#define EDX7_MD_CLEAR        (1u << 10)
#define EDX7_IBPB            (1u << 26)
#define EDX7_CAPABILITIES    (1u << 29)
#define EBX8_IBPB            (1u << 12)
#define CAPABLE_RDCL_NO      (1u << 0)
#define CAPABLE_IBRS_ALL     (1u << 1)
#define CAPABLE_MDS_NO       (1u << 5)
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

static void identify(void)
{
    bool intel = !memcmp(hal_config.vendor, "GenuineIntel", 12);
    uint32_t edx7 = x86_cpuid(0, 0).eax >= LEAF_STRUCTURED ? x86_cpuid(LEAF_STRUCTURED, 0).edx : 0;
    uint64_t free_of = capabilities(edx7);
    bool ibpb = has_ibpb(edx7);
    struct mitig_state *m = &mitig_state;

    m->able = (uint8_t)(MITIG_ALL & ~(ibpb ? 0u : MITIG_IBPB));
    m->needed = (uint8_t)((intel ? MITIG_FENCE : 0u) | (ibpb ? MITIG_IBPB | MITIG_RSB : 0u) |
                          (edx7 & EDX7_MD_CLEAR && !(free_of & CAPABLE_MDS_NO) ? MITIG_VERW : 0u));
    m->isolation = intel && !(free_of & CAPABLE_RDCL_NO);
    m->branches = intel && !(free_of & CAPABLE_IBRS_ALL);
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

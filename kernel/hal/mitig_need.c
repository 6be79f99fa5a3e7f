/* SPDX-License-Identifier: MIT
 * See mitig_need.h. Intel's MDS; TAA, which CPUs without MDS have too where transactions are on;
 * RFDS of small cores; AMD's TSA. The rules are the vendors' (Intel's pages on each, AMD-SB-7029),
 * as Linux' taa_vulnerable, rfds_select_mitigation and tsa_select_mitigation follow them. In each
 * the CPU must say that its VERW clears something: without that microcode nothing would be won. */
#include "kernel/hal/mitig_need.h"

#include "kernel/hal/signature.h"

#define EBX7_RTM       (1u << 11)
#define EDX7_MD_CLEAR  (1u << 10)
#define MDS_NO         (1ull << 5)
#define TAA_NO         (1ull << 8)
#define RFDS_NO        (1ull << 27)
#define RFDS_CLEAR     (1ull << 28)
#define EAX_VERW_CLEAR (1u << 5)
#define ECX_TSA_NO     (1u << 1 | 1u << 2) /* neither of the store queue nor of the cache */
#define FAMILY_ZEN_3   0x19u

static bool has_tsa(const struct mitig_cpu *cpu)
{
    return cpu->amd && signature_family(cpu->signature) == FAMILY_ZEN_3 &&
           (cpu->eax_ext & EAX_VERW_CLEAR) != 0 && (cpu->ecx_ext & ECX_TSA_NO) != ECX_TSA_NO;
}

bool mitig_needs_verw(const struct mitig_cpu *cpu)
{
    const bool mds = (cpu->capabilities & MDS_NO) == 0;
    const bool taa = (cpu->ebx7 & EBX7_RTM) != 0 && (cpu->capabilities & TAA_NO) == 0;
    const bool rfds = (cpu->capabilities & (RFDS_NO | RFDS_CLEAR)) == RFDS_CLEAR;
    return ((cpu->edx7 & EDX7_MD_CLEAR) != 0 && (mds || taa)) || rfds || has_tsa(cpu);
}

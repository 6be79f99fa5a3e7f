/* SPDX-License-Identifier: MIT
 * Which leaks of a CPU VERW is the answer to. Pure. Called by mitig.c. */
#ifndef TACH_HAL_MITIG_NEED_H
#define TACH_HAL_MITIG_NEED_H

#include <stdbool.h>
#include <stdint.h>

/* Of a CPU: what decides. Leaves that it has not are 0. */
struct mitig_cpu {
    bool amd;
    uint32_t signature;        /* CPUID 1 eax */
    uint32_t ebx7, edx7;       /* CPUID 7 */
    uint32_t eax_ext, ecx_ext; /* CPUID 80000021h */
    uint64_t capabilities;     /* IA32_ARCH_CAPABILITIES */
};

/* Whether VERW before the way out keeps programs from reading what the kernel left in the CPU. */
bool mitig_needs_verw(const struct mitig_cpu *cpu);

#endif

/* SPDX-License-Identifier: MIT
 * Mitigations against speculative leaks, beside page-table isolation: each can be switched while
 * the kernel runs. While none is on, the entries and exits in force do not know of them (entry.asm,
 * exit.asm: the variants without `hard`), so they cost nothing then. Own CPU, interrupts off. */
#ifndef TACH_HAL_MITIG_H
#define TACH_HAL_MITIG_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/errors.h"

#define MITIG_FENCE 0x1u /* LFENCE behind SWAPGS on the way in; every other one brings it along */
#define MITIG_VERW                                                                                 \
    0x2u /* VERW before the way out: buffers that MDS and its like read are overwritten */
#define MITIG_IBPB 0x4u /* branch prediction barrier when another task is to run */
#define MITIG_RSB  0x8u /* return stack filled when another task is to run */

/* Whether indirect branches of this image go through retpolines: a build of its own, RETPOLINE=1.
 */
#ifdef TACH_RETPOLINE
#define MITIG_RETPOLINE 1
#else
#define MITIG_RETPOLINE 0
#endif

struct mitigation {
    char name[8];
    uint8_t bit; /* MITIG_* */
};
extern const struct mitigation mitigations[];
extern const unsigned mitigation_count;

/* What this CPU can do and what it calls for, as MITIG_* sets. isolation: it may read the kernel
 * through user page tables (Meltdown). branches: indirect branches want retpolines. */
struct mitig_state {
    uint8_t able, needed, on;
    bool isolation, branches;
};
extern struct mitig_state mitig_state;

/* Looks at CPUID and IA32_ARCH_CAPABILITIES and puts in force what the boot word `mitig` asks: auto
 * (what the CPU calls for; the default), off, all, or one name. Before the entries are selected. */
void mitig_init(void);

/* Puts exactly these in force, entries and exits included. EOPNOTSUPP: the CPU lacks one. */
__attribute__((warn_unused_result)) enum err mitig_set(uint8_t wanted);

#endif

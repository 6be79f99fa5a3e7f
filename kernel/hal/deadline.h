/* SPDX-License-Identifier: MIT
 * Whether a CPU's TSC deadline timer is one to rely on: it must say that it has one and that its
 * TSC is invariant, and must not be one of those whose microcode is known to lose deadlines. Pure.
 */
#ifndef TACH_HAL_DEADLINE_H
#define TACH_HAL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/* Of a CPU: what decides. */
struct deadline_cpu {
    uint32_t signature; /* CPUID 1 eax */
    uint32_t microcode; /* update level; 0: not readable */
    bool intel, guest;  /* its vendor; CPUID says that a hypervisor is below */
    bool timer;         /* CPUID 1 ecx, bit 24 */
    bool invariant;     /* CPUID 80000007h edx, bit 8 */
};

/* NULL, or in a few words why the timer is not to be used. */
const char *deadline_refused(const struct deadline_cpu *cpu);

#endif

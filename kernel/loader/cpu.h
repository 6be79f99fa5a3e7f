/* SPDX-License-Identifier: MIT
 * What the loader asks of the CPU before it touches a control register. Called by main.c. */
#ifndef TACH_LOADER_CPU_H
#define TACH_LOADER_CPU_H

/* Returns NULL if all is there, else the name of the first feature that is missing. has_cpuid: what
 * the entry code found. SYSCALL is checked later, in 64-bit mode: Intel hides its bit before. */
const char *cpu_missing(int has_cpuid);

#endif

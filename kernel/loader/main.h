/* SPDX-License-Identifier: MIT
 * What entry.asm and loader.ld bring, and the two functions that entry.asm calls. */
#ifndef TACH_LOADER_MAIN_H
#define TACH_LOADER_MAIN_H

#include <stdint.h>

/* Page-aligned borders of the loader in memory: text and constants, data and bss (loader.ld). */
extern const uint8_t loader_start[], loader_data[], loader_end[];

/* Long mode with the tables at root, then the kernel's entry with rdi = bootinfo. */
_Noreturn void loader_enter(uint32_t root, uint32_t bootinfo, uint64_t entry);

/* Called once by the entry code: the boot loader's two registers, the TSC of the first instruction
 * (0: no such counter), and whether there is CPUID. */
_Noreturn void loader_main(uint32_t magic, uint32_t info, uint64_t tsc, uint32_t has_cpuid);

/* Called from a compatibility segment when 64-bit mode shows that SYSCALL is missing. */
_Noreturn void loader_no_syscall(void);

#endif

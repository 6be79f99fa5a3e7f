/* SPDX-License-Identifier: MIT
 * Where a CPU's own pages lie: the entry area (in every page table) and the kernel stack (in the
 * kernel's only). The pages between them stay unmapped and guard the stacks. Shared by C and, as
 * plain numbers, by trap.asm and exit.asm (percpu.inc repeats them; cpu.c asserts that they
 * agree). */
#ifndef TACH_HAL_PERCPU_H
#define TACH_HAL_PERCPU_H

#include "kernel/abi/boot.h"

#define PERCPU_STRIDE      0x10000ull
#define PERCPU_AREA(cpu)   (PERCPU_BASE + (cpu)*PERCPU_STRIDE)
#define PERCPU_PAGE_A      0x1000ull /* #DB stack below, struct cpu above */
#define PERCPU_CPU         0x1800ull /* struct cpu: GS base */
#define PERCPU_DB_TOP      0x1800ull
#define PERCPU_PAGE_B      0x3000ull /* NMI stack below, entry stack above */
#define PERCPU_NMI_TOP     0x3800ull
#define PERCPU_ENTRY_TOP   0x4000ull /* TSS.RSP0, for ever */
#define PERCPU_PAGE_DF     0x5000ull
#define PERCPU_DF_TOP      0x6000ull
#define PERCPU_PAGE_MC     0x7000ull
#define PERCPU_MC_TOP      0x8000ull
#define PERCPU_STACK       0x9000ull /* 16 KiB; 0x8000 is its guard */
#define PERCPU_STACK_TOP   0xD000ull
#define PERCPU_IST_RESERVE 16ull /* at each IST stack's top: kernel GS base, kernel root */

#endif

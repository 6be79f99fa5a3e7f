/* SPDX-License-Identifier: MIT
 * What a vendor's CPUs want to be told, or asked in their own way, before they are as the rest of
 * the kernel takes them to be. Called by cpu.c, once, as soon as a fault of RDMSR can be caught. */
#ifndef TACH_HAL_VENDOR_H
#define TACH_HAL_VENDOR_H

#include <stdbool.h>
#include <stdint.h>

/* Makes LFENCE wait for all instructions before it where it does not by itself: stamps and the
 * fences against speculation rely on that. What had to be done, or cannot be, is said. */
void vendor_fence(void);

/* Keeps HLT from stopping the APIC's timer, where firmware has let it. What was done is said. */
void vendor_halt(void);

/* The microcode's update level; 0: none, or not to be read. */
uint32_t vendor_microcode(void);

#endif

/* SPDX-License-Identifier: MIT
 * The privileged instructions that the tested files use, on a machine of plain memory: CR3, a TLB
 * that forgets nothing by itself, a clock, MSRs. Takes the place of kernel/hal/x86.h by the order
 * of the include path; kernel/hal/test/mock.c is the machine. */
#ifndef TACH_HAL_X86_H
#define TACH_HAL_X86_H

#include <stdint.h>

#define CR3_NOFLUSH    (1ull << 63)
#define CR3_USER_BIT   0x1000ull
#define CR3_USER_PCID  0x800ull
#define CR3_FRAME_MASK 0x000FFFFFFFFFF000ull
#define MSR_FS_BASE    0xC0000100u
#define MSR_APIC_BASE  0x1Bu
#define MSR_MICROCODE  0x8Bu
#define MSR_X2APIC     0x800u

uint64_t x86_read_cr3(void);
void x86_write_cr3(uint64_t value);
void x86_invlpg(uint64_t va);
void x86_invpcid(uint64_t kind, uint64_t pcid, uint64_t va);
void x86_wrmsr(uint32_t msr, uint64_t value);
uint64_t x86_rdmsr(uint32_t msr);
uint64_t x86_rdtsc(void);
uint64_t x86_rdtsc_begin(void);
void x86_write_cr8(uint64_t value);
uint64_t x86_read_cr2(void);
uint64_t x86_read_dr6(void);
void x86_write_dr0(uint64_t value);
void x86_write_dr6(uint64_t value);
void x86_write_dr7(uint64_t value);
void x86_idle(void);
_Noreturn void x86_halt(void);
void x86_spin(uint64_t turns);
void x86_out8(uint16_t port, uint8_t value);
uint8_t x86_in8(uint16_t port);
uint64_t x86_read_cr8(void);

struct x86_cpuid {
    uint32_t eax, ebx, ecx, edx;
};
struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf);

#endif

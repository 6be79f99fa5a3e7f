/* SPDX-License-Identifier: MIT
 * Every privileged instruction that C uses, and the few that count time, as inline functions. This
 * header is the border: a file that includes it belongs to the machine, a file that does not also
 * compiles and runs on the host. Nothing here decides anything: callers check CPUID first. */
#ifndef TACH_HAL_X86_H
#define TACH_HAL_X86_H

#include <stdint.h>

#define CR0_PE 0x1ull
#define CR0_MP 0x2ull
#define CR0_EM 0x4ull
#define CR0_TS 0x8ull
#define CR0_NE 0x20ull
#define CR0_WP 0x10000ull
#define CR0_PG 0x80000000ull

#define CR4_DE         0x8ull
#define CR4_PAE        0x20ull
#define CR4_MCE        0x40ull
#define CR4_UMIP       0x800ull
#define CR4_PCIDE      0x20000ull
#define CR4_SMEP       0x100000ull
#define CR4_SMAP       0x200000ull
#define CR3_NOFLUSH    (1ull << 63)
#define CR3_USER_BIT   0x1000ull /* the user root of a pair is the odd frame */
#define CR3_USER_PCID  0x800ull  /* ... and has the upper PCID */
#define CR3_FRAME_MASK 0x000FFFFFFFFFF000ull

#define MSR_APIC_BASE         0x1Bu
#define MSR_MICROCODE         0x8Bu
#define MSR_ARCH_CAPABILITIES 0x10Au
#define MSR_SYSENTER_CS       0x174u
#define MSR_SYSENTER_ESP      0x175u
#define MSR_SYSENTER_EIP      0x176u
#define MSR_EFER              0xC0000080u
#define MSR_STAR              0xC0000081u
#define MSR_LSTAR             0xC0000082u
#define MSR_CSTAR             0xC0000083u
#define MSR_FMASK             0xC0000084u
#define MSR_FS_BASE           0xC0000100u
#define MSR_GS_BASE           0xC0000101u
#define MSR_KERNEL_GS_BASE    0xC0000102u
#define MSR_X2APIC            0x800u
#define EFER_SCE              0x1ull

static inline void x86_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t x86_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint64_t x86_read_cr0(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static inline void x86_write_cr0(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t x86_read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t x86_read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value) : : "memory");
    return value;
}

/* Flushes the TLB of that PCID unless CR3_NOFLUSH is set (only with CR4.PCIDE). */
static inline void x86_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t x86_read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void x86_write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/* The class of interrupts that are held off with all below it: the APIC's task priority. */
static inline uint64_t x86_read_cr8(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static inline void x86_write_cr8(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}

static inline uint64_t x86_read_dr6(void)
{
    uint64_t value;
    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}

static inline void x86_write_dr0(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr0" : : "r"(value));
}

static inline void x86_write_dr6(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static inline void x86_write_dr7(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr7" : : "r"(value));
}

static inline uint64_t x86_rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void x86_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
                     : "memory");
}

/* One page of the current PCID. */
static inline void x86_invlpg(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* kind 0: one address of a PCID, 1: a whole PCID, 2: everything, 3: everything but globals. */
static inline void x86_invpcid(uint64_t kind, uint64_t pcid, uint64_t va)
{
    const struct {
        uint64_t pcid, va;
    } descriptor = {pcid, va};
    __asm__ volatile("invpcid %1, %0" : : "r"(kind), "m"(descriptor) : "memory");
}

struct x86_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct x86_cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t x86_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The beginning of a measured region: nothing before it is still under way, nothing after it has
 * begun. */
static inline uint64_t x86_rdtsc_begin(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* The end of a measured region. RDTSCP where the CPU has it would save one fence; the same
 * instructions on every CPU make the empty region comparable. */
static inline uint64_t x86_rdtsc_end(void)
{
    return x86_rdtsc_begin();
}

/* All stores before it are done: a WRMSR does not wait for those to a device's memory. */
static inline void x86_mfence(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

static inline void x86_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* One instruction of work. */
static inline void x86_nop(void)
{
    __asm__ volatile("nop");
}

/* `turns` turns of dec + jnz: two instructions each. turns > 0. */
static inline void x86_spin(uint64_t turns)
{
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc", "memory");
}

/* Waits for one interrupt. STI takes effect after HLT has begun, so none slips in between. */
static inline void x86_idle(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

/* Stops for good. */
static inline _Noreturn void x86_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt" : : : "memory");
}

/* Faults. Without a table of interrupts that is the machine's end: it resets itself. */
static inline _Noreturn void x86_undefined(void)
{
    __asm__ volatile("ud2" : : : "memory");
    __builtin_unreachable();
}

struct x86_table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static inline void x86_lgdt(const struct x86_table_pointer *p)
{
    __asm__ volatile("lgdt %0" : : "m"(*p) : "memory");
}

static inline void x86_lidt(const struct x86_table_pointer *p)
{
    __asm__ volatile("lidt %0" : : "m"(*p) : "memory");
}

/* No LDT at all: a null selector. */
static inline void x86_lldt_null(void)
{
    __asm__ volatile("lldt %w0" : : "r"(0));
}

/* Marks the descriptor busy, so the GDT must still be writable. */
static inline void x86_ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* Reloads CS and SS by a far return, and nulls the other segment registers. */
static inline void x86_load_segments(uint16_t code, uint16_t data)
{
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %1, %%ss\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%fs\n\t"
                     "movl %2, %%gs"
                     :
                     : "r"((uint64_t)code), "r"((uint32_t)data), "r"(0)
                     : "rax", "memory");
}

#endif

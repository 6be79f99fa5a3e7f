/* SPDX-License-Identifier: MIT
 * The instructions of the loader that C cannot say. The only file of it that a host program must
 * not include; used by console.c, port.c, cpu.c and memory.c. */
#ifndef TACH_LOADER_IO_H
#define TACH_LOADER_IO_H

#include <stdint.h>

static inline void io_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t io_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void io_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t io_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* A register of PCI's configuration space in memory. By EAX only: CPUs of AMD's family 10h make
 * no other access to it (Linux: mmio_config_readl). */
static inline uint32_t io_config_in32(uint32_t address)
{
    uint32_t value;
    __asm__ volatile("movl (%1), %0" : "=a"(value) : "r"(address) : "memory");
    return value;
}

static inline void io_config_out32(uint32_t address, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" : : "a"(value), "r"(address) : "memory");
}

static inline uint64_t io_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Registers of one CPUID leaf. */
struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid_read(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

static inline void cpu_halt(void)
{
    __asm__ volatile("cli; hlt");
}

#endif

/* SPDX-License-Identifier: MIT
 * What the loader hands to the kernel, the initfs blob, and every way in which a boot ends. */
#ifndef TACH_ABI_BOOT_H
#define TACH_ABI_BOOT_H

#include <stdint.h>

#include "kernel/abi/check.h"

/* Virtual layout of the kernel half. */
#define DIRECT_BASE                                                                                \
    0xFFFF800000000000ull /* physical 0.. , no execute, kernel image pages as in the image */
#define KERNEL_BASE 0xFFFFFFFF80000000ull /* the kernel is linked 1 MiB above this */
#define PERCPU_BASE                                                                                \
    0xFFFFFFFFC0000000ull /* entry areas, one a CPU; the rest of PML4 slot 511 is ours */
/* Windows: kernel addresses whose pages come and go. */
#define FDS_BASE                                                                                   \
    0xFFFFFF8000000000ull /* descriptor tables, FDS_STRIDE each, as many as there are tasks */
#define FDS_STRIDE 0x200000ull
#define FDS_END    (FDS_BASE + 4096 * FDS_STRIDE)
#define MODULE_BASE                                                                                \
    0xFFFFFFFF90000000ull /* modules: within 2 GiB of the kernel, and a signed 32-bit address */
#define MODULE_END PERCPU_BASE

/* bootinfo: at a physical address below 4 GiB, passed in rdi, reached through the direct map. */
#define BOOT_MAGIC   0x544F4F4248434154ull /* "TACHBOOT" */
#define BOOT_VERSION 3u
#define BOOT_RANGES  64u
#define BOOT_CMDLINE 2048u

enum boot_range_type {
    RANGE_FREE = 1, /* RAM for the page allocator */
    RANGE_RESERVED, /* firmware, MMIO */
    RANGE_KERNEL,   /* the kernel's image */
    RANGE_LOADER,   /* bootinfo and page tables */
    RANGE_INITFS,   /* the blob; the kernel may free it once copied */
    RANGE_ACPI
};

/* The serial port, found and set up by the loader: a 16550. The kernel uses what it is given. */
enum boot_serial_space { BOOT_SERIAL_NONE, BOOT_SERIAL_PORT, BOOT_SERIAL_MEMORY };
enum boot_serial_source { BOOT_SERIAL_COM1, BOOT_SERIAL_WORD, BOOT_SERIAL_SPCR, BOOT_SERIAL_PCI };
struct boot_serial {
    uint8_t space;  /* enum boot_serial_space */
    uint8_t shift;  /* a register is 1 << shift bytes wide, and read and written so: 0 or 2 */
    uint8_t source; /* enum boot_serial_source: who named it */
    uint8_t zero;
    uint32_t baud; /* 115200 divided by a whole number */
    uint64_t base; /* of its eight registers: I/O port, or physical address below 4 GiB */
};

/* The screen that the boot loader left, checked by the loader: cells of a PC's text mode
 * (character, then attribute), or pixels. The kernel goes on below what the loader wrote. */
enum boot_screen_kind { BOOT_SCREEN_NONE, BOOT_SCREEN_TEXT, BOOT_SCREEN_RGB };
struct boot_screen {
    uint64_t base; /* physical address of the upper left corner; pixels may lie above 4 GiB */
    uint32_t width, height; /* in cells or pixels */
    uint32_t pitch;         /* bytes from a line to the next */
    uint8_t kind;           /* enum boot_screen_kind */
    uint8_t bits;           /* of a pixel: 15, 16, 24 or 32 */
    uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
    uint16_t top;   /* lines of text that the loader wrote, from the first one on */
    uint16_t clear; /* 1: the rest of the screen is black */
};

struct boot_range {
    uint64_t base, size; /* bytes, page aligned; sorted, no two overlap */
    uint32_t type, zero;
};

struct bootinfo {
    uint64_t magic;
    uint32_t version, size; /* size of this struct in bytes */
    uint64_t kernel_phys;   /* where KERNEL_BASE + 1 MiB landed, contiguous */
    uint64_t kernel_size;   /* bytes, page aligned, bss included */
    uint64_t initfs_phys, initfs_size;
    uint64_t root_phys;     /* the PML4 in use */
    uint64_t tsc_start;     /* TSC when the loader began */
    uint64_t tsc_hz_hint;   /* 0: unknown */
    uint64_t rsdp_phys;     /* 0: not given */
    uint32_t boot_protocol; /* 1 or 2: which multiboot */
    uint32_t range_count;
    struct boot_serial serial;
    struct boot_screen screen;
    struct boot_range range[BOOT_RANGES];
    char cmdline[BOOT_CMDLINE]; /* NUL-terminated */
};
ABI_ASSERT(sizeof(struct bootinfo) == 136 + BOOT_RANGES * 24 + BOOT_CMDLINE, "bootinfo layout");

/* initfs blob: this header, the flat bootstrap (linked to run at INITFS_BASE + its offset), the
 * archive. */
#define INITFS_MAGIC    0x5346494843415431ull
#define INITFS_VERSION  1u
#define INITFS_BASE     0x1000ull
#define INITFS_SIZE_MAX (16ull << 20)

struct initfs_header {
    uint64_t magic;
    uint32_t version, header_size;
    uint64_t size;         /* of the whole blob in bytes, a multiple of 4096 */
    uint64_t entry_offset; /* of the bootstrap's first instruction from the blob's start */
    uint64_t image_offset, image_size; /* of the archive */
    uint32_t crc32;                    /* of the whole blob with this field zero (zlib's CRC-32) */
    uint32_t text_offset, rodata_offset, data_offset,
        end_offset; /* of the bootstrap, page aligned */
    uint32_t zero;
};
ABI_ASSERT(sizeof(struct initfs_header) == 72, "initfs header layout");

/* Archive: count, then entries sorted by path, then the bytes. Offsets are from the archive's
 * start. */
#define INITFS_PATH_MAX 63
struct initfs_entry {
    char path[INITFS_PATH_MAX + 1]; /* no leading slash, NUL-terminated */
    uint32_t mode;                  /* 0444 or 0555 */
    uint32_t zero;
    uint64_t offset, size; /* data is 16-byte aligned */
};
ABI_ASSERT(sizeof(struct initfs_entry) == 88, "initfs entry layout");

struct initfs_archive {
    uint32_t count, zero; /* entries follow */
};

/* How a boot ends: value v written to port 0xF4 (isa-debug-exit) makes QEMU exit with v << 1 | 1;
 * the same value stands in the last line on the serial port, "tach: exit V NAME". */
#define EXIT_PORT       0xF4
#define BOCHS_EXIT_PORT 0x8900

/* X(name, value, message) */
#define EXITS(X)                                                                                   \
    X(PASS, 0x10, "all is well")                                                                   \
    X(FAIL, 0x11, "a test or a service failed")                                                    \
    X(PANIC, 0x12, "kernel panic")                                                                 \
    X(LOADER_NO_KERNEL, 0x20, "no module is an ELF64 kernel")                                      \
    X(LOADER_NO_INITFS, 0x21, "no module is an initfs blob")                                       \
    X(LOADER_ELF_MAGIC, 0x22, "kernel: bad ELF magic")                                             \
    X(LOADER_ELF_CLASS, 0x23, "kernel: not 64-bit little-endian ELF version 1")                    \
    X(LOADER_ELF_TYPE, 0x24, "kernel: not an executable")                                          \
    X(LOADER_ELF_MACHINE, 0x25, "kernel: not x86-64")                                              \
    X(LOADER_ELF_HEADERS, 0x26, "kernel: program headers out of bounds")                           \
    X(LOADER_ELF_BOUNDS, 0x27, "kernel: segment outside of the file")                              \
    X(LOADER_ELF_ADDRESS, 0x28, "kernel: segment outside of the kernel's addresses")               \
    X(LOADER_ELF_ALIGN, 0x29, "kernel: segment not page aligned")                                  \
    X(LOADER_ELF_OVERLAP, 0x2A, "kernel: segments overlap")                                        \
    X(LOADER_ELF_WX, 0x2B, "kernel: segment writable and executable")                              \
    X(LOADER_ELF_ENTRY, 0x2C, "kernel: entry outside of executable segments")                      \
    X(LOADER_ELF_SIZE, 0x2D, "kernel: file size of a segment above its memory size")               \
    X(LOADER_MEMORY, 0x2E, "too little memory")                                                    \
    X(LOADER_CPU, 0x2F, "the CPU lacks long mode, NX or SYSCALL")                                  \
    X(LOADER_PROTOCOL, 0x30, "not started by multiboot 1 or 2")                                    \
    X(LOADER_INFO, 0x31, "multiboot information is malformed")                                     \
    X(INITFS_HEADER, 0x38, "initfs: bad magic, version or header size")                            \
    X(INITFS_BOUNDS, 0x39, "initfs: size or offsets out of bounds (truncated?)")                   \
    X(INITFS_CRC, 0x3A, "initfs: CRC-32 does not match")                                           \
    X(BOOTSTRAP, 0x3B, "the bootstrap failed")                                                     \
    X(MEMORY, 0x3C, "too little memory for the kernel")                                            \
    X(INIT, 0x3D, "an initialiser failed")                                                         \
    X(CMDLINE, 0x3E, "unknown or malformed boot word")

enum boot_exit {
#define X(name, value, text) EXIT_##name = value,
    EXITS(X)
#undef X
};

#endif

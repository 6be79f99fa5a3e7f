/* SPDX-License-Identifier: MIT
 * What a boot loader left in memory, read out of multiboot 1 or 2 information into one struct:
 * pure, so that unit tests and the fuzzer feed it any bytes. Everything is copied; afterwards the
 * boot loader's own tables may be overwritten, the modules may not. Called by main.c. */
#ifndef TACH_LOADER_SOURCE_H
#define TACH_LOADER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"

#define SOURCE_MODULES 16u
#define SOURCE_REGIONS 256u
#define SOURCE_RSDP    36u /* of ACPI 2; ACPI 1 has 20 */

#define MB1_BOOT_MAGIC 0x2BADB002u
#define MB2_BOOT_MAGIC 0x36D76289u

/* A window on physical memory: addresses [base, base + size) are at bytes. */
struct phys {
    const uint8_t *bytes;
    uint64_t base, size;
};

/* As given: any order, alignment and overlap; type by the multiboot number (1 RAM, 3 ACPI). */
struct source_region {
    uint64_t base, size;
    uint32_t type;
};

struct source_module {
    uint32_t base, end; /* physical, base <= end, readable through the window */
};

struct source {
    uint32_t protocol; /* 1 or 2 */
    uint32_t region_count, module_count;
    uint32_t rsdp_bytes; /* 0: not given */
    uint8_t rsdp[SOURCE_RSDP];
    struct source_region region[SOURCE_REGIONS];
    struct source_module module[SOURCE_MODULES];
    char cmdline[BOOT_CMDLINE]; /* without the loader's own name */
    struct boot_screen screen;  /* kind none, or one that terminal_refuse takes */
    const char *screen_why;     /* why there is none although one was given; or NULL */
};

/* Outcome of a step: exit is 0 or one of EXITS, why a text to go with it. */
struct outcome {
    uint32_t exit;
    const char *why;
};

/* The bytes at [address, address + size), or NULL if they are not all inside the window. */
const void *phys_at(const struct phys *phys, uint64_t address, uint64_t size);

/* Reads the information at `info`, as `magic` says which kind it is. */
struct outcome source_read(const struct phys *phys, uint32_t magic, uint32_t info,
                           struct source *source);

/* The two protocols (source_mb1.c, source_mb2.c) and what they share; *source was zeroed. */
struct outcome source_read_mb1(const struct phys *phys, uint32_t info, struct source *source);
struct outcome source_read_mb2(const struct phys *phys, uint32_t info, struct source *source);
struct outcome source_add_region(struct source *source, const struct source_region *region);
struct outcome source_add_module(struct source *source, const struct phys *phys, uint32_t base,
                                 uint32_t end);
struct outcome source_set_cmdline(struct source *source, const struct phys *phys, uint64_t address,
                                  uint64_t max);

/* The screen as both protocols give it: 22 bytes, and six of colours where it has pixels. */
#define SOURCE_SCREEN  22u
#define SOURCE_COLOURS 6u
void source_set_screen(struct source *source, const uint8_t *fields, const uint8_t *colours);

/* The text screen that a PC's BIOS says it has set up, in its data area; else kind none. */
struct boot_screen source_bios_screen(const struct phys *phys);

#endif

/* SPDX-License-Identifier: MIT
 * The firmware's tables (ACPI 6.4, 5.2): from the root pointer to the one of a name. Pure: a window
 * on memory comes in, a pointer into it goes out. Called by spcr.c and mcfg.c. */
#ifndef TACH_LOADER_TABLES_H
#define TACH_LOADER_TABLES_H

#include "kernel/loader/source.h"

#define TABLE_HEADER 36u /* of every table; what is behind it is the table's own */

struct table {
    const uint8_t *bytes; /* NULL: there is none */
    uint32_t size;        /* as it says itself: all of it lies in the window */
    const char *why;      /* ... in a few words: none of that name, or not sound */
};

/* The first table of that name (four letters) whose checksum is right and which has at least that
 * many bytes. The root pointer is the one that the boot loader gave, else searched for where a PC's
 * BIOS leaves it. */
struct table table_find(const struct phys *phys, const struct source *source, const char *name,
                        uint32_t at_least);

/* Numbers at any address. */
uint32_t table_u32(const uint8_t *bytes);
uint64_t table_u64(const uint8_t *bytes);

#endif

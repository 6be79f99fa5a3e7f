/* SPDX-License-Identifier: MIT
 * Tables of a firmware made up for a test: a root pointer of the first revision, an RSDT with two
 * entries, and room for two tables, in one block that the test owns. */
#ifndef TACH_LOADER_TEST_FIRMWARE_H
#define TACH_LOADER_TEST_FIRMWARE_H

#include <string.h>

#include "kernel/loader/source.h"

#define FIRMWARE_BASE  0x7000u
#define FIRMWARE_BYTES 0x1000u
#define FIRMWARE_RSDT  0x100u
#define FIRMWARE_TABLE 0x200u
#define FIRMWARE_OTHER 0x300u

/* Makes the sum of `size` bytes 0 by the one at `at`. */
static inline void firmware_sum(uint8_t *table, uint32_t size, uint32_t at)
{
    uint8_t sum = 0;
    table[at] = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + table[i]);
    table[at] = (uint8_t)-sum;
}

/* Name, length and sum of the table there. */
static inline void firmware_table(uint8_t *bytes, uint32_t at, const char *name, uint32_t size)
{
    memcpy(bytes + at, name, 4);
    memcpy(bytes + at + 4, &size, 4);
    firmware_sum(bytes + at, size, 9);
}

/* The way to both tables; FIRMWARE_OTHER is one that nobody looks for. */
static inline void firmware_root(uint8_t *bytes, struct source *source)
{
    const uint32_t rsdt = FIRMWARE_BASE + FIRMWARE_RSDT, table = FIRMWARE_BASE + FIRMWARE_TABLE,
                   other = FIRMWARE_BASE + FIRMWARE_OTHER;
    memset(bytes, 0, FIRMWARE_BYTES);
    memcpy(bytes + FIRMWARE_RSDT + 36, &other, 4);
    memcpy(bytes + FIRMWARE_RSDT + 40, &table, 4);
    firmware_table(bytes, FIRMWARE_RSDT, "RSDT", 44);
    firmware_table(bytes, FIRMWARE_OTHER, "FACP", 40);
    memset(source, 0, sizeof(*source));
    source->rsdp_bytes = 20;
    memcpy(source->rsdp, "RSD PTR ", 8);
    memcpy(source->rsdp + 16, &rsdt, 4);
    firmware_sum(source->rsdp, 20, 8);
}

#endif

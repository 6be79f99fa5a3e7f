/* SPDX-License-Identifier: MIT
 * From the root pointer (given by the loader, or searched for where a PC's firmware leaves it) to
 * the two tables that are read. Tables are mapped, not believed to be in the direct map; each is
 * looked at only as far as it is mapped and its checksum is right. */
#include "kernel/hal/acpi.h"

#include <stddef.h>

#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/paging.h"

#define RSDP_BYTES    20u /* of revision 0, which its checksum covers */
#define RSDP_BYTES_2  36u
#define RSDP_REVISION 15u
#define RSDP_RSDT     16u
#define RSDP_XSDT     24u
#define RSDP_STEP     16u
#define BIOS_START    0xE0000u
#define BIOS_BYTES    0x20000u
#define TABLE_HEADER  36u
#define TABLE_MAX     0x40000u /* a MADT has 16 bytes and more for each CPU that there may be */
#define ENTRIES_MAX   128u
#define NAMES_MAX     32u
#define NAME_BYTES    5u /* a blank before it */

static uint64_t hpet_table; /* as the root table lists it; 0: it does not */

static bool rsdp_valid(const uint8_t *p)
{
    return memcmp(p, "RSD PTR ", 8) == 0 && acpi_sum(p, RSDP_BYTES) == 0;
}

static const uint8_t *rsdp_find(void)
{
    if (hal_boot->rsdp_phys != 0) {
        const uint8_t *p = paging_map_device(hal_boot->rsdp_phys, RSDP_BYTES_2);
        return p != NULL && rsdp_valid(p) ? p : NULL;
    }
    if (hal_boot->boot_protocol != 1)
        return NULL; /* the other protocol would have named it */
    const uint8_t *bios = paging_map_device(BIOS_START, BIOS_BYTES);
    for (unsigned at = 0; bios != NULL && at < BIOS_BYTES - RSDP_BYTES_2; at += RSDP_STEP)
        if (rsdp_valid(bios + at))
            return bios + at;
    return NULL;
}

/* A whole table and its size, or NULL. */
static const uint8_t *table_map(uint64_t physical, uint32_t *size)
{
    const uint8_t *header = physical != 0 ? paging_map_device(physical, TABLE_HEADER) : NULL;
    if (header == NULL)
        return NULL;
    *size = acpi_u32(header + 4);
    if (*size < TABLE_HEADER || *size > TABLE_MAX)
        return NULL;
    const uint8_t *table = paging_map_device(physical, *size);
    return table != NULL && acpi_sum(table, *size) == 0 ? table : NULL;
}

/* The root table and how wide its entries are. */
static const uint8_t *root_map(const uint8_t *rsdp, uint32_t *size, unsigned *width)
{
    *width = 8;
    if (rsdp[RSDP_REVISION] >= 2 && acpi_u64(rsdp + RSDP_XSDT) != 0)
        return table_map(acpi_u64(rsdp + RSDP_XSDT), size);
    *width = 4;
    return table_map(acpi_u32(rsdp + RSDP_RSDT), size);
}

/* The names of the tables that the root lists, for people: what firmware wrote there is not to be
 * believed to be text. */
struct names {
    char text[NAMES_MAX * NAME_BYTES + 1];
    unsigned count;
};

static void name_add(struct names *names, const uint8_t *table)
{
    char *to = names->text + (size_t)names->count * NAME_BYTES;
    if (names->count == NAMES_MAX)
        return;
    names->count++;
    *to++ = ' ';
    for (unsigned i = 0; i < NAME_BYTES - 1; i++)
        *to++ = table[i] > ' ' && table[i] <= '~' ? (char)table[i] : '?';
}

/* Looks at each table that the root lists; the first MADT's address, or 0. */
static uint64_t root_search(const uint8_t *root, uint32_t size, unsigned width, struct names *names)
{
    uint64_t madt = 0;
    unsigned left = ENTRIES_MAX;
    for (const uint8_t *e = root + TABLE_HEADER; root + size - e >= (ptrdiff_t)width && left;
         e += width, left--) {
        const uint64_t physical = width == 8 ? acpi_u64(e) : acpi_u32(e);
        const uint8_t *header = physical != 0 ? paging_map_device(physical, TABLE_HEADER) : NULL;
        if (header == NULL)
            continue;
        name_add(names, header);
        if (madt == 0 && memcmp(header, "APIC", 4) == 0)
            madt = physical;
        if (hpet_table == 0 && memcmp(header, "HPET", 4) == 0)
            hpet_table = physical;
    }
    return madt;
}

bool acpi_madt(struct madt *madt)
{
    const uint8_t *rsdp = rsdp_find();
    uint32_t size = 0, bytes = 0;
    unsigned width = 0;
    struct names names = {.count = 0};
    const uint8_t *root = rsdp != NULL ? root_map(rsdp, &size, &width) : NULL;
    madt_default(madt);
    if (root == NULL) {
        hal_found("acpi: %s\n", rsdp == NULL ? "no root pointer" : "the root table is not sound");
        return false;
    }
    const uint64_t physical = root_search(root, size, width, &names);
    hal_found("acpi: %s lists%s\n", width == 8 ? "XSDT" : "RSDT", names.text);
    const uint8_t *table = table_map(physical, &bytes);
    return table != NULL && madt_read(table, bytes, madt);
}

uint64_t acpi_hpet(void)
{
    uint32_t bytes = 0;
    const uint8_t *table = table_map(hpet_table, &bytes);
    return table != NULL ? hpet_table_read(table, bytes) : 0;
}

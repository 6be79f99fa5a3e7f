/* SPDX-License-Identifier: MIT
 * The firmware's word on its serial console: ACPI's SPCR, from the root pointer on. Each table is
 * looked at only as far as it lies in the window and its checksum is right; what it says is used
 * only where no boot word says otherwise. */
#include <stddef.h>

#include "kernel/loader/serial.h"

#define BIOS_START    0xE0000u
#define BIOS_END      0x100000u
#define RSDP_STEP     16u
#define RSDP_BYTES    20u /* of the first revision, which its checksum covers */
#define RSDP_BYTES_2  36u
#define RSDP_REVISION 15u
#define RSDP_RSDT     16u
#define RSDP_XSDT     24u
#define TABLE_HEADER  36u
#define TABLE_MAX     0x4000u
#define TABLE_LENGTH  4u
#define ENTRIES_MAX   128u
#define SPCR_BYTES    60u
#define SPCR_TYPE     36u
#define SPCR_SPACE    40u /* of a generic address: space, bits, offset, access, 8 bytes of address */
#define SPCR_BITS     41u
#define SPCR_ADDRESS  44u
#define SPCR_BAUD     58u
#define BITS_WIDE     32u

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool sums_up(const uint8_t *p, uint32_t size)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum == 0;
}

static bool is(const uint8_t *p, const char *name)
{
    for (; *name; p++, name++)
        if (*p != (uint8_t)*name)
            return false;
    return true;
}

static bool rsdp_good(const uint8_t *p)
{
    return is(p, "RSD PTR ") && sums_up(p, RSDP_BYTES);
}

static const uint8_t *rsdp_search(const struct phys *phys)
{
    for (uint32_t at = BIOS_START; at < BIOS_END; at += RSDP_STEP) {
        const uint8_t *p = phys_at(phys, at, RSDP_BYTES_2);
        if (p && rsdp_good(p))
            return p;
    }
    return NULL;
}

/* A whole table of that name, or NULL. */
static const uint8_t *table_at(const struct phys *phys, uint64_t address, const char *name)
{
    const uint8_t *header = address ? phys_at(phys, address, TABLE_HEADER) : NULL;
    if (!header || !is(header, name))
        return NULL;
    const uint32_t size = u32(header + TABLE_LENGTH);
    if (size < TABLE_HEADER || size > TABLE_MAX || !phys_at(phys, address, size))
        return NULL;
    return sums_up(header, size) ? header : NULL;
}

static const uint8_t *spcr_search(const struct phys *phys, const uint8_t *root, unsigned width)
{
    const uint32_t size = u32(root + TABLE_LENGTH);
    unsigned left = ENTRIES_MAX;
    for (uint32_t at = TABLE_HEADER; size - at >= width && left; at += width, left--) {
        const uint64_t high = width == 8 ? u32(root + at + 4) : 0;
        const uint8_t *table = table_at(phys, high << 32 | u32(root + at), "SPCR");
        if (table)
            return u32(table + TABLE_LENGTH) >= SPCR_BYTES ? table : NULL;
    }
    return NULL;
}

static const uint8_t *spcr_table(const struct phys *phys, const uint8_t *rsdp, uint32_t bytes)
{
    const uint8_t *root = NULL;
    if (bytes >= RSDP_BYTES_2 && rsdp[RSDP_REVISION] >= 2)
        root = table_at(phys, (uint64_t)u32(rsdp + RSDP_XSDT + 4) << 32 | u32(rsdp + RSDP_XSDT),
                        "XSDT");
    if (root)
        return spcr_search(phys, root, 8);
    root = table_at(phys, u32(rsdp + RSDP_RSDT), "RSDT");
    return root ? spcr_search(phys, root, 4) : NULL;
}

/* The table's code for a rate; 0 and what it does not know: the usual one. */
static uint32_t baud_of(uint8_t code)
{
    static const uint32_t rates[] = {0, 0, 0, 9600, 19200, 0, 57600, 115200};
    return code < sizeof(rates) / sizeof(rates[0]) && rates[code] ? rates[code] : SERIAL_BAUD;
}

bool serial_spcr_find(const struct phys *phys, const struct source *source,
                      struct boot_serial *line)
{
    uint32_t bytes = source->rsdp_bytes;
    const uint8_t *rsdp = bytes ? source->rsdp : rsdp_search(phys);
    if (!rsdp || (bytes && bytes < RSDP_BYTES) || !rsdp_good(rsdp))
        return false;
    const uint8_t *t = spcr_table(phys, rsdp, bytes ? bytes : RSDP_BYTES_2);
    /* 0, 1: 16550 and its like; 18: the same, its registers as the address says */
    if (!t || !(t[SPCR_TYPE] <= 1 || t[SPCR_TYPE] == 18) || t[SPCR_SPACE] > 1)
        return false;
    const bool port = t[SPCR_SPACE] == 1;
    const uint32_t base = u32(t + SPCR_ADDRESS);
    const uint8_t shift = !port && t[SPCR_BITS] == BITS_WIDE ? 2 : 0;
    if (!base || u32(t + SPCR_ADDRESS + 4) || base > (port ? 0xFFF8u : 0xFFFFFF00u) ||
        base & ((1u << shift) - 1))
        return false;
    line->space = port ? BOOT_SERIAL_PORT : BOOT_SERIAL_MEMORY;
    line->shift = shift;
    line->base = base;
    line->baud = baud_of(t[SPCR_BAUD]);
    return true;
}

/* SPDX-License-Identifier: MIT
 * See tables.h. Each table is looked at only as far as it lies in the window and its checksum is
 * right: every length is the firmware's. */
#include "kernel/loader/tables.h"

#include <stdbool.h>
#include <stddef.h>

#define BIOS_START    0xE0000u
#define BIOS_END      0x100000u
#define RSDP_STEP     16u
#define RSDP_BYTES    20u /* of the first revision, which its checksum covers */
#define RSDP_BYTES_2  36u
#define RSDP_REVISION 15u
#define RSDP_RSDT     16u
#define RSDP_XSDT     24u
#define TABLE_MAX     0x4000u
#define TABLE_LENGTH  4u
#define ENTRIES_MAX   128u

uint32_t table_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t table_u64(const uint8_t *p)
{
    return (uint64_t)table_u32(p + 4) << 32 | table_u32(p);
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

/* The table there, if it has that name. One that is not sound, or shorter than wanted, has no
 * bytes, and says so. */
static struct table table_at(const struct phys *phys, uint64_t address, const char *name,
                             uint32_t at_least)
{
    const uint8_t *header = address ? phys_at(phys, address, TABLE_HEADER) : NULL;
    if (!header || !is(header, name))
        return (struct table){NULL, 0, "there is none"};
    const uint32_t size = table_u32(header + TABLE_LENGTH);
    if (size < TABLE_HEADER || size < at_least || size > TABLE_MAX || !phys_at(phys, address, size))
        return (struct table){NULL, 0, "its length is absurd"};
    if (!sums_up(header, size))
        return (struct table){NULL, 0, "its checksum is wrong"};
    return (struct table){header, size, NULL};
}

/* What is looked for among the tables that a root lists. */
struct wanted {
    const char *name;
    uint32_t at_least;
};

static struct table list_search(const struct phys *phys, const struct table *root, unsigned width,
                                const struct wanted *wanted)
{
    struct table none = {NULL, 0, "there is none"};
    unsigned left = ENTRIES_MAX;
    for (uint32_t at = TABLE_HEADER; root->size - at >= width && left; at += width, left--) {
        const uint8_t *entry = root->bytes + at;
        const uint64_t address = width == 8 ? table_u64(entry) : table_u32(entry);
        const struct table found = table_at(phys, address, wanted->name, wanted->at_least);
        if (found.bytes)
            return found;
        const uint8_t *header = address ? phys_at(phys, address, TABLE_HEADER) : NULL;
        if (header && is(header, wanted->name))
            none = found;
    }
    return none;
}

struct table table_find(const struct phys *phys, const struct source *source, const char *name,
                        uint32_t at_least)
{
    const struct wanted wanted = {name, at_least};
    const uint32_t given = source->rsdp_bytes;
    const uint8_t *rsdp = given ? source->rsdp : rsdp_search(phys);
    struct table root = {NULL, 0, NULL};
    if (!rsdp || (given && given < RSDP_BYTES) || !rsdp_good(rsdp))
        return (struct table){NULL, 0, "the firmware has no tables"};
    if ((!given || given >= RSDP_BYTES_2) && rsdp[RSDP_REVISION] >= 2)
        root = table_at(phys, table_u64(rsdp + RSDP_XSDT), "XSDT", TABLE_HEADER);
    if (root.bytes)
        return list_search(phys, &root, 8, &wanted);
    root = table_at(phys, table_u32(rsdp + RSDP_RSDT), "RSDT", TABLE_HEADER);
    return root.bytes ? list_search(phys, &root, 4, &wanted)
                      : (struct table){NULL, 0, "the root table is not sound"};
}

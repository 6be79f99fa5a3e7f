/* SPDX-License-Identifier: MIT
 * The firmware's MCFG (PCI Firmware Specification 3.0, 4.1.2): where the configuration space lies
 * in memory. An entry's address is that of bus 0, whatever bus its range begins with. */
#include <stdbool.h>
#include <stddef.h>

#include "kernel/loader/config.h"
#include "kernel/loader/tables.h"

#define MCFG_ENTRIES  44u /* behind the header and eight reserved bytes */
#define ENTRY_BYTES   16u
#define ENTRY_SEGMENT 8u /* two bytes */
#define ENTRY_FIRST   10u
#define ENTRY_LAST    11u
#define BUS_SHIFT     20
#define BELOW_4GIB    (1ull << 32)
#define TYPE_RAM      1u

static bool is_memory(const struct source *source, uint64_t base, uint64_t end)
{
    for (uint32_t i = 0; i < source->region_count; i++) {
        const struct source_region *r = &source->region[i];
        if (r->type == TYPE_RAM && r->base < end && r->base + r->size > base)
            return true;
    }
    return false;
}

/* One entry that is segment 0's from bus 0 on. */
static struct ecam entry_read(const struct source *source, const uint8_t *entry)
{
    const uint64_t base = table_u64(entry);
    const uint32_t buses = entry[ENTRY_LAST] + 1u;
    const uint64_t end = base + ((uint64_t)buses << BUS_SHIFT);
    if (!base || base & ((1u << BUS_SHIFT) - 1) || base >= BELOW_4GIB || end > BELOW_4GIB)
        return (struct ecam){.why = "its range is out of reach"};
    if (is_memory(source, base, end))
        return (struct ecam){.why = "its range is memory"};
    return (struct ecam){(uint32_t)base, buses, NULL};
}

struct ecam ecam_find(const struct phys *phys, const struct source *source)
{
    const struct table t = table_find(phys, source, "MCFG", MCFG_ENTRIES);
    struct ecam found = {.why = t.bytes ? "it has no range for segment 0" : t.why};
    for (uint32_t at = MCFG_ENTRIES; t.bytes && t.size - at >= ENTRY_BYTES; at += ENTRY_BYTES) {
        const uint8_t *e = t.bytes + at;
        if (e[ENTRY_SEGMENT] || e[ENTRY_SEGMENT + 1] || e[ENTRY_FIRST])
            continue;
        found = entry_read(source, e);
        if (found.buses)
            break;
    }
    return found;
}

/* SPDX-License-Identifier: MIT
 * See source.h: the window, the tables with their limits, the choice of the protocol. */
#include "kernel/loader/source.h"

#include <stddef.h>

#include "kernel/loader/memory.h"

static const struct outcome good;

static struct outcome malformed(const char *why)
{
    return (struct outcome){EXIT_LOADER_INFO, why};
}

const void *phys_at(const struct phys *phys, uint64_t address, uint64_t size)
{
    if (address < phys->base || address - phys->base > phys->size ||
        size > phys->size - (address - phys->base))
        return NULL;
    return phys->bytes + (size_t)(address - phys->base);
}

struct outcome source_add_region(struct source *source, const struct source_region *region)
{
    if (source->region_count == SOURCE_REGIONS)
        return malformed("memory map has more than 256 entries");
    source->region[source->region_count++] = *region;
    return good;
}

struct outcome source_add_module(struct source *source, const struct phys *phys, uint32_t base,
                                 uint32_t end)
{
    if (source->module_count == SOURCE_MODULES)
        return malformed("more than 16 modules");
    if (end < base || !phys_at(phys, base, end - base))
        return malformed("module out of bounds");
    source->module[source->module_count++] = (struct source_module){base, end};
    return good;
}

/* A string of at most max bytes, its NUL included, wherever it is told to be. A command line that
 * does not fit is refused: half of one would boot something that nobody asked for. */
struct outcome source_set_cmdline(struct source *source, const struct phys *phys, uint64_t address,
                                  uint64_t max)
{
    for (uint64_t i = 0; i < max; i++) {
        const char *c = phys_at(phys, address + i, 1);
        if (!c)
            return malformed("command line out of bounds");
        if (i == BOOT_CMDLINE)
            return malformed("command line longer than 2047 bytes");
        source->cmdline[i] = *c;
        if (!*c)
            return good;
    }
    return malformed("command line without an end");
}

struct outcome source_read(const struct phys *phys, uint32_t magic, uint32_t info,
                           struct source *source)
{
    memset(source, 0, sizeof(*source));
    if (magic == MB1_BOOT_MAGIC)
        return source_read_mb1(phys, info, source);
    if (magic == MB2_BOOT_MAGIC)
        return source_read_mb2(phys, info, source);
    return (struct outcome){EXIT_LOADER_PROTOCOL, NULL};
}

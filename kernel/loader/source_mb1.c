/* SPDX-License-Identifier: MIT
 * Multiboot 1 information (Multiboot Specification 0.6.96, 3.3), as QEMU's -kernel gives it. Each
 * pointer in it is followed through the window only. Called by source.c. */
#include <stdbool.h>
#include <stddef.h>

#include "kernel/loader/memory.h"
#include "kernel/loader/source.h"

#define MB1_FLAG_MEMORY  0x001u
#define MB1_FLAG_CMDLINE 0x004u
#define MB1_FLAG_MODULES 0x008u
#define MB1_FLAG_MMAP    0x040u
#define MB1_FLAG_NAME    0x200u
#define MB1_FLAG_SCREEN  0x1000u
#define MB1_SCREEN       88u /* where its fields begin, with the colours behind them */
#define MB1_CMDLINE_MAX  65536u
#define KIB              1024ull
#define MIB              (1024ull * KIB)
#define REGION_RAM       1u

struct mb1_info {
    uint32_t flags, mem_lower_kib, mem_upper_kib, boot_device, cmdline;
    uint32_t module_count, modules;
    uint32_t symbols[4];
    uint32_t mmap_bytes, mmap;
    uint32_t drives_bytes, drives, config, name;
};
ABI_ASSERT(sizeof(struct mb1_info) == 68, "multiboot 1 information layout");

struct mb1_module {
    uint32_t base, end, string, zero;
};

/* size does not count itself. */
struct mb1_region {
    uint32_t size, base_low, base_high, size_low, size_high, type;
};

static const struct outcome good;

static struct outcome malformed(const char *why)
{
    return (struct outcome){EXIT_LOADER_INFO, why};
}

static struct outcome regions_read(const struct phys *phys, const struct mb1_info *info,
                                   struct source *source)
{
    struct mb1_region r;
    uint64_t at = info->mmap, end = at + info->mmap_bytes;
    while (at < end) {
        const void *p = phys_at(phys, at, sizeof(r));
        if (!p || end - at < sizeof(r))
            return malformed("memory map out of bounds");
        memcpy(&r, p, sizeof(r));
        if (r.size < sizeof(r) - sizeof(r.size))
            return malformed("memory map entry too small");
        struct outcome o = source_add_region(
            source, &(struct source_region){(uint64_t)r.base_high << 32 | r.base_low,
                                            (uint64_t)r.size_high << 32 | r.size_low, r.type});
        if (o.exit)
            return o;
        at += (uint64_t)r.size + sizeof(r.size);
    }
    return good;
}

/* Without a memory map: what lies above 1 MiB, in KiB, is all that is known. */
static struct outcome upper_memory(const struct mb1_info *info, struct source *source)
{
    return source_add_region(source,
                             &(struct source_region){MIB, info->mem_upper_kib * KIB, REGION_RAM});
}

static struct outcome modules_read(const struct phys *phys, const struct mb1_info *info,
                                   struct source *source)
{
    struct mb1_module m;
    for (uint32_t i = 0; i < info->module_count; i++) {
        const void *p = phys_at(phys, info->modules + (uint64_t)i * sizeof(m), sizeof(m));
        if (!p)
            return malformed("module list out of bounds");
        memcpy(&m, p, sizeof(m));
        struct outcome o = source_add_module(source, phys, m.base, m.end);
        if (o.exit)
            return o;
    }
    return good;
}

/* QEMU, and only QEMU, puts the path of the loaded file in front. */
static bool named_qemu(const struct phys *phys, const struct mb1_info *info)
{
    const char *name = phys_at(phys, info->name, 4);
    return (info->flags & MB1_FLAG_NAME) && name && !memcmp(name, "qemu", 4);
}

static void first_word_drop(char *text)
{
    char *rest = text;
    while (*rest && *rest != ' ')
        rest++;
    while (*rest == ' ')
        rest++;
    while ((*text++ = *rest++))
        ;
}

/* Without such fields, as from QEMU, what the BIOS says. */
static void screen_read(const struct phys *phys, uint64_t info, uint32_t flags,
                        struct source *source)
{
    const uint8_t *fields = phys_at(phys, info + MB1_SCREEN, SOURCE_SCREEN + SOURCE_COLOURS);
    if (!(flags & MB1_FLAG_SCREEN))
        source->screen = source_bios_screen(phys);
    else if (fields)
        source_set_screen(source, fields, fields + SOURCE_SCREEN);
    else
        source->screen_why = "framebuffer fields out of bounds";
}

struct outcome source_read_mb1(const struct phys *phys, uint32_t info, struct source *source)
{
    struct mb1_info mb;
    struct outcome o = good;
    const void *p = phys_at(phys, info, sizeof(mb));
    if (!p)
        return malformed("information out of bounds");
    memcpy(&mb, p, sizeof(mb));
    source->protocol = 1;
    screen_read(phys, info, mb.flags, source);
    if (mb.flags & MB1_FLAG_MMAP)
        o = regions_read(phys, &mb, source);
    else if (mb.flags & MB1_FLAG_MEMORY)
        o = upper_memory(&mb, source);
    else
        return malformed("no memory map");
    if (!o.exit && (mb.flags & MB1_FLAG_MODULES))
        o = modules_read(phys, &mb, source);
    if (!o.exit && (mb.flags & MB1_FLAG_CMDLINE)) {
        o = source_set_cmdline(source, phys, mb.cmdline, MB1_CMDLINE_MAX);
        if (!o.exit && named_qemu(phys, &mb))
            first_word_drop(source->cmdline);
    }
    return o;
}

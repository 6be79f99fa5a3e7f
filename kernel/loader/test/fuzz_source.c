/* SPDX-License-Identifier: MIT
 * libFuzzer harness of the multiboot readers, the choice of modules and the memory map that is made
 * of what they read. The first byte picks the protocol, the rest is all the memory there is. */
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/terminal.h"
#include "kernel/loader/map.h"
#include "kernel/loader/modules.h"
#include "kernel/loader/source.h"

#define BASE       0x1000u
#define SCREEN_MAX (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void map_check(const struct map *map)
{
    uint64_t end = 0;
    require(map->count <= MAP_RANGES);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_range *r = &map->range[i];
        require(r->size && r->base >= end && !(r->base % MAP_PAGE) && !(r->size % MAP_PAGE));
        end = r->base + r->size;
        require(end > r->base && end <= MAP_TOP);
    }
}

static void map_use(const struct source *source)
{
    static struct map map;
    if (!map_build(&map, source->region, source->region_count))
        return;
    map_check(&map);
    for (uint32_t i = 0; i < source->module_count; i++)
        map_claim(&map, source->module[i].base, source->module[i].end, RANGE_BUSY);
    uint64_t frame = map_alloc(&map, 0x5001, RANGE_KERNEL);
    require(frame == 0 || (frame >= MAP_LOW && frame + 0x6000 <= MAP_4GIB));
    map_check(&map);
    if (map_finish(&map, BOOT_RANGES)) {
        map_check(&map);
        require(map.count <= BOOT_RANGES && map_bytes(&map, RANGE_BUSY) == 0);
    }
}

/* Text can be written on a screen that is told of, within its memory. */
static void screen_use(const struct source *source)
{
    static struct terminal terminal;
    const struct boot_screen *s = &source->screen;
    if (s->kind == BOOT_SCREEN_NONE)
        return;
    require(!source->screen_why && !terminal_refuse(s));
    uint64_t bytes = terminal_bytes(s);
    if (bytes > SCREEN_MAX)
        return;
    uint8_t *memory = malloc(bytes);
    require(memory != NULL);
    terminal_open(&terminal, s, memory);
    for (unsigned i = 0; i < 16; i++)
        terminal_write(&terminal, "tach: \t~\n\xFF", 10);
    terminal_show(&terminal);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct source source;
    struct modules modules;
    if (size < 1)
        return 0;
    struct phys phys = {data + 1, BASE, size - 1};
    uint32_t magic = data[0] & 1 ? MB1_BOOT_MAGIC : MB2_BOOT_MAGIC;
    struct outcome o = source_read(&phys, magic, BASE, &source);
    if (o.exit) {
        require(o.exit == EXIT_LOADER_INFO && o.why);
        return 0;
    }
    require(memchr(source.cmdline, 0, sizeof(source.cmdline)) != NULL);
    require(source.region_count <= SOURCE_REGIONS && source.module_count <= SOURCE_MODULES);
    if (modules_find(&phys, &source, &modules).exit == 0)
        require(phys_at(&phys, modules.kernel.base, 4) && phys_at(&phys, modules.initfs.base, 8));
    screen_use(&source);
    map_use(&source);
    return 0;
}

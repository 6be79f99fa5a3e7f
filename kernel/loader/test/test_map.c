/* SPDX-License-Identifier: MIT
 * The memory map: cases worked out by hand, and random operations against a plain model, an array
 * with the type of every page. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/loader/map.h"

#define PAGES  2048u /* of the model: 8 MiB */
#define ROUNDS 300u

static int sound(const struct map *map)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_range *r = &map->range[i];
        if (!r->size || r->base % MAP_PAGE || r->size % MAP_PAGE || (i && r->base < end))
            return 0;
        if (i && r->base == end && r->type == map->range[i - 1].type)
            return 0;
        end = r->base + r->size;
    }
    return map->count <= MAP_RANGES;
}

static uint32_t type_at(const struct map *map, uint64_t at)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (at >= map->range[i].base && at - map->range[i].base < map->range[i].size)
            return map->range[i].type;
    return 0;
}

static void test_build(void)
{
    static const struct source_region region[] = {
        {0x200000, 0x100001, 2}, /* reserved inside of RAM, one byte into the next page */
        {0x100000, 0x700000, 1}, {0x0, 0x9FC00, 1},          {0x7FF800, 0x1000, 3},
        {0x900123, 0x2000, 1},   {UINT64_MAX - 4, 100, 1},   {0x100000000, 0x1000, 1},
        {1ull << 39, 0x1000, 1}, {0x300000, UINT64_MAX, 99}, {0x500000, 0, 2},
    };
    static struct map map;
    EXPECT(map_build(&map, region, 8) && sound(&map));
    EXPECT(type_at(&map, 0x1FF000) == RANGE_FREE && type_at(&map, 0x200000) == RANGE_RESERVED);
    EXPECT(type_at(&map, 0x300000) == RANGE_RESERVED && type_at(&map, 0x301000) == RANGE_FREE);
    EXPECT(type_at(&map, 0x7FF000) == RANGE_ACPI && type_at(&map, 0x800000) == RANGE_ACPI);
    EXPECT(type_at(&map, 0x900000) == 0 && type_at(&map, 0x901000) == RANGE_FREE);
    EXPECT(type_at(&map, 0x902000) == 0 && type_at(&map, 0x9F000) == 0);
    EXPECT(type_at(&map, 1ull << 39) == 0 && map_ram_end(&map) == 0x100001000);
    EXPECT(map_finish(&map, BOOT_RANGES) && sound(&map));
    EXPECT(type_at(&map, 0) == RANGE_RESERVED && type_at(&map, 0xFF000) == RANGE_RESERVED);
    /* A reserved region without an end takes all that lies above its start. */
    EXPECT(map_build(&map, region, 10) && sound(&map));
    EXPECT(map_ram_bytes(&map, 0x1FF000, 0x400000) == 0x1000);
    EXPECT(map_ram_bytes(&map, 0x200000, 0x400000) == 0);
    EXPECT(map_ram_bytes(&map, 0x1FE000, 0x1FF000) == 0x1000);
    EXPECT(map_ram_bytes(&map, 0, 1ull << 32) > 0x1000);
    EXPECT(type_at(&map, 0x301000) == RANGE_RESERVED && map_ram_end(&map) == 0x200000);
}

static void test_claim(void)
{
    static const struct source_region region[] = {{0, 0x1000000, 1}, {0x800000, 0x1000, 2}};
    static struct map map;
    EXPECT(map_build(&map, region, 2));
    EXPECT(map_claim(&map, 0x200123, 0x201001, RANGE_BUSY));
    EXPECT(type_at(&map, 0x200000) == RANGE_BUSY && type_at(&map, 0x201000) == RANGE_BUSY);
    EXPECT(!map_claim(&map, 0x201800, 0x202000, RANGE_INITFS));
    EXPECT(!map_claim(&map, 0x7FF000, 0x801000, RANGE_BUSY));
    EXPECT(!map_claim(&map, 0xFFF000, 0x1001000, RANGE_BUSY));
    EXPECT(!map_claim(&map, 0x300000, 0x300000, RANGE_BUSY));
    EXPECT(map_claim(&map, 0x7FF000, 0x800000, RANGE_BUSY) && sound(&map));
    EXPECT(map_finish(&map, BOOT_RANGES) && type_at(&map, 0x200000) == RANGE_FREE);
}

static void test_alloc(void)
{
    static const struct source_region region[] = {{0, 0x180000, 1}, {0xFFFFF000, 0x100000, 1}};
    static struct map map;
    EXPECT(map_build(&map, region, 2));
    EXPECT(map_alloc(&map, 0, RANGE_LOADER) == 0);
    EXPECT(map_alloc(&map, UINT64_MAX, RANGE_LOADER) == 0);
    EXPECT(map_alloc(&map, 0x80001, RANGE_LOADER) == 0);
    EXPECT(map_alloc(&map, 0x7F001, RANGE_KERNEL) == 0x100000);
    EXPECT(map_bytes(&map, RANGE_KERNEL) == 0x80000);
    /* The last page below 4 GiB is the last that there is. */
    EXPECT(map_alloc(&map, 0x1001, RANGE_LOADER) == 0);
    EXPECT(map_alloc(&map, 1, RANGE_LOADER) == 0xFFFFF000);
    EXPECT(map_alloc(&map, 1, RANGE_LOADER) == 0 && sound(&map));
}

static void test_finish(void)
{
    static struct source_region region[120];
    static struct map map;
    for (uint32_t i = 0; i < 120; i++)
        region[i] = (struct source_region){0x100000 + i * 0x10000ull, (i % 9 + 1) * 0x1000ull,
                                           i % 2 ? 2 : 1};
    EXPECT(map_build(&map, region, 120) && map.count == 120);
    EXPECT(map_set(&map, 0x100000, 0x101000, RANGE_KERNEL));
    EXPECT(map_finish(&map, 40) && map.count == 40 && sound(&map));
    EXPECT(type_at(&map, 0x100000) == RANGE_KERNEL);
    EXPECT(type_at(&map, 0x110000) == 0 && type_at(&map, 0x100000 + 8 * 0x10000) == RANGE_FREE);
    for (uint32_t i = 0; i < map.count; i++)
        map.range[i].type = RANGE_LOADER;
    EXPECT(!map_finish(&map, 5));
}

static void test_full(void)
{
    static struct map map;
    map.count = 0;
    for (uint64_t i = 0; i < MAP_RANGES; i++)
        EXPECT(map_set(&map, i * 0x2000, i * 0x2000 + 0x1000, RANGE_FREE));
    /* One more splits nothing, so there must be room for one more. */
    EXPECT(!map_set(&map, 0x1000, 0x1800, RANGE_KERNEL) && map.count == MAP_RANGES);
    EXPECT(map_set(&map, 0, 0x2000, RANGE_FREE) && map.count == MAP_RANGES - 1);
}

/* Holes in one piece of RAM give more ranges than there are regions. */
static void test_islands(void)
{
    static struct source_region region[SOURCE_REGIONS];
    static struct map map;
    region[0] = (struct source_region){0, 1u << 30, 1};
    for (uint32_t i = 1; i < SOURCE_REGIONS; i++)
        region[i] = (struct source_region){i * 0x10000, 0x1000, 2};
    EXPECT(!map_build(&map, region, SOURCE_REGIONS));
    EXPECT(map_build(&map, region, 128) && map.count == 255);
    EXPECT(map_claim(&map, 0x11000, 0x20000, RANGE_KERNEL));
    EXPECT(map_set(&map, 0x12000, 0x13000, RANGE_BUSY) == false);
    EXPECT(map_claim(&map, 0x20000, 0x30000, RANGE_KERNEL) == false);
}

static void test_model(void)
{
    static uint8_t model[PAGES];
    static struct map map;
    unsigned wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        map.count = 0;
        memset(model, 0, sizeof(model));
        for (unsigned step = 0; step < 60; step++) {
            unsigned from = (unsigned)rand() % PAGES, to = from + 1 + (unsigned)rand() % 400;
            uint32_t type = 1 + (uint32_t)rand() % 6;
            to = to > PAGES ? PAGES : to;
            wrong += !map_set(&map, from * MAP_PAGE, to * MAP_PAGE, type) || !sound(&map);
            memset(model + from, (int)type, to - from);
        }
        for (unsigned page = 0; page < PAGES; page++)
            wrong += type_at(&map, page * MAP_PAGE) != model[page];
    }
    EXPECT(wrong == 0);
}

int main(void)
{
    srand(1);
    test_build();
    test_claim();
    test_alloc();
    test_finish();
    test_full();
    test_islands();
    test_model();
    return unit_done("loader map");
}

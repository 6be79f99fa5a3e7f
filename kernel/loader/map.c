/* SPDX-License-Identifier: MIT
 * See map.h. One operation, map_set, keeps the invariant; all else is made of it. */
#include "kernel/loader/map.h"

#include "kernel/loader/memory.h"

#define REGION_RAM  1u
#define REGION_ACPI 3u
#define PAGE_MASK   (MAP_PAGE - 1)

static uint64_t range_end(const struct boot_range *range)
{
    return range->base + range->size;
}

/* What takes the place of the ranges that a change touches: left rest, new, right rest. */
struct pieces {
    uint32_t count;
    struct boot_range range[3];
};

/* Replaces ranges [first, last). */
static bool map_splice(struct map *map, uint32_t first, uint32_t last, const struct pieces *pieces)
{
    uint32_t tail = map->count - last;
    if (first + pieces->count + tail > MAP_RANGES)
        return false;
    memmove(&map->range[first + pieces->count], &map->range[last], tail * sizeof(map->range[0]));
    memcpy(&map->range[first], pieces->range, pieces->count * sizeof(map->range[0]));
    map->count = first + pieces->count + tail;
    return true;
}

static void map_merge(struct map *map)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        struct boot_range *before = kept ? &map->range[kept - 1] : 0;
        if (before && range_end(before) == map->range[i].base && before->type == map->range[i].type)
            before->size += map->range[i].size;
        else
            map->range[kept++] = map->range[i];
    }
    map->count = kept;
}

bool map_set(struct map *map, uint64_t base, uint64_t end, uint32_t type)
{
    uint32_t first = 0;
    while (first < map->count && range_end(&map->range[first]) <= base)
        first++;
    uint32_t last = first;
    while (last < map->count && map->range[last].base < end)
        last++;
    struct pieces p = {0};
    if (last > first && map->range[first].base < base) {
        const struct boot_range *r = &map->range[first];
        p.range[p.count++] = (struct boot_range){r->base, base - r->base, r->type, 0};
    }
    p.range[p.count++] = (struct boot_range){base, end - base, type, 0};
    if (last > first && range_end(&map->range[last - 1]) > end) {
        const struct boot_range *r = &map->range[last - 1];
        p.range[p.count++] = (struct boot_range){end, range_end(r) - end, r->type, 0};
    }
    if (!map_splice(map, first, last, &p))
        return false;
    map_merge(map);
    return true;
}

static bool region_set(struct map *map, const struct source_region *region, uint32_t type)
{
    uint64_t base = region->base, end = base + region->size;
    if (end < base || end > MAP_TOP)
        end = MAP_TOP;
    if (base >= end)
        return true;
    base = type == RANGE_FREE ? (base + PAGE_MASK) & ~PAGE_MASK : base & ~PAGE_MASK;
    end = type == RANGE_FREE ? end & ~PAGE_MASK : (end + PAGE_MASK) & ~PAGE_MASK;
    return base >= end || map_set(map, base, end, type);
}

static uint32_t region_type(const struct source_region *region)
{
    if (region->type == REGION_RAM)
        return RANGE_FREE;
    return region->type == REGION_ACPI ? RANGE_ACPI : RANGE_RESERVED;
}

bool map_build(struct map *map, const struct source_region *region, uint32_t count)
{
    static const uint32_t rising[] = {RANGE_FREE, RANGE_ACPI, RANGE_RESERVED};
    map->count = 0;
    for (uint32_t pass = 0; pass < 3; pass++)
        for (uint32_t i = 0; i < count; i++)
            if (region_type(&region[i]) == rising[pass] &&
                !region_set(map, &region[i], rising[pass]))
                return false;
    return true;
}

bool map_claim(struct map *map, uint64_t base, uint64_t end, uint32_t type)
{
    base &= ~PAGE_MASK;
    end = (end + PAGE_MASK) & ~PAGE_MASK;
    for (uint32_t i = 0; i < map->count && base < end; i++) {
        const struct boot_range *r = &map->range[i];
        /* Neighbours are merged, so what is free in one piece is one range. */
        if (r->type == RANGE_FREE && r->base <= base && end <= range_end(r))
            return map_set(map, base, end, type);
    }
    return false;
}

uint64_t map_alloc(struct map *map, uint64_t bytes, uint32_t type)
{
    if (bytes == 0 || bytes > MAP_4GIB)
        return 0;
    bytes = (bytes + PAGE_MASK) & ~PAGE_MASK;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_range *r = &map->range[i];
        uint64_t base = r->base < MAP_LOW ? MAP_LOW : r->base;
        uint64_t end = range_end(r) > MAP_4GIB ? MAP_4GIB : range_end(r);
        if (r->type != RANGE_FREE || end < base || end - base < bytes)
            continue;
        return map_set(map, base, base + bytes, type) ? base : 0;
    }
    return 0;
}

uint64_t map_bytes(const struct map *map, uint32_t type)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < map->count; i++)
        if (map->range[i].type == type)
            sum += map->range[i].size;
    return sum;
}

uint64_t map_ram_end(const struct map *map)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < map->count; i++)
        if (map->range[i].type != RANGE_RESERVED)
            end = range_end(&map->range[i]);
    return end;
}

uint64_t map_ram_bytes(const struct map *map, uint64_t base, uint64_t end)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_range *r = &map->range[i];
        const uint64_t from = r->base > base ? r->base : base;
        const uint64_t to = range_end(r) < end ? range_end(r) : end;
        if (r->type != RANGE_RESERVED && from < to)
            sum += to - from;
    }
    return sum;
}

static void map_drop(struct map *map, uint32_t index)
{
    map->count--;
    memmove(&map->range[index], &map->range[index + 1],
            (map->count - index) * sizeof(map->range[0]));
}

/* Index of the range that the kernel misses least, or map->count. */
static uint32_t map_least(const struct map *map)
{
    uint32_t least = map->count;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_range *r = &map->range[i];
        if (r->type == RANGE_RESERVED)
            return i;
        if (r->type == RANGE_FREE && (least == map->count || r->size < map->range[least].size))
            least = i;
    }
    return least;
}

bool map_finish(struct map *map, uint32_t max)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (map->range[i].type == RANGE_BUSY)
            map->range[i].type = RANGE_FREE;
    map_merge(map);
    if (!map_set(map, 0, MAP_LOW, RANGE_RESERVED))
        return false;
    while (map->count > max) {
        uint32_t least = map_least(map);
        if (least == map->count)
            return false;
        map_drop(map, least);
    }
    return true;
}

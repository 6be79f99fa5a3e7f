/* SPDX-License-Identifier: MIT
 * The map of physical memory while the loader works, and what of it the kernel is told: pure. The
 * map is always sorted, page aligned, without overlap, with neighbours of one type merged; a hole
 * is memory that nobody may use. Called by main.c and paging.c. */
#ifndef TACH_LOADER_MAP_H
#define TACH_LOADER_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/source.h"

#define MAP_RANGES 256u
#define MAP_PAGE   4096ull
#define MAP_LOW    (1ull << 20) /* below: firmware, DMA, start-up code of other CPUs */
#define MAP_4GIB   (1ull << 32)
#define MAP_TOP    (1ull << 39) /* the direct map is one PML4 entry */
#define RANGE_BUSY 0x100u       /* in use until the kernel runs, free for it afterwards */

struct map {
    uint32_t count;
    struct boot_range range[MAP_RANGES];
};

/* Normalises the memory map of a boot loader. Where entries overlap, reserved wins over ACPI, ACPI
 * over RAM; RAM shrinks to whole pages, all else grows. Nothing stands above MAP_TOP. False: more
 * than MAP_RANGES ranges. */
bool map_build(struct map *map, const struct source_region *region, uint32_t count);

/* Gives [base, end) (page aligned, base < end) a type, whatever it had. False: no room. */
bool map_set(struct map *map, uint64_t base, uint64_t end, uint32_t type);

/* As map_set for the pages that [base, end) touches, but only if all of them are RANGE_FREE. An
 * empty range is not claimed. False: not free, or no room. */
bool map_claim(struct map *map, uint64_t base, uint64_t end, uint32_t type);

/* Takes the lowest free bytes (rounded up to pages) between 1 MiB and 4 GiB. Returns the physical
 * address, or 0: none. Bytes 0 gives 0. */
uint64_t map_alloc(struct map *map, uint64_t bytes, uint32_t type);

/* Sum of the ranges of one type, in bytes. */
uint64_t map_bytes(const struct map *map, uint32_t type);

/* End of the highest RAM or ACPI range. */
uint64_t map_ram_end(const struct map *map);

/* How many bytes of [base, end) are RAM, in use or not, or ACPI's. */
uint64_t map_ram_bytes(const struct map *map, uint64_t base, uint64_t end);

/* Turns busy into free, makes [0, 1 MiB) reserved, and shrinks the map to at most max ranges:
 * reserved ranges go first (a hole says the same), then the smallest free ones. False: still too
 * many. */
bool map_finish(struct map *map, uint32_t max);

#endif

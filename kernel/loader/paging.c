/* SPDX-License-Identifier: MIT
 * See paging.h. One walker, leaf_at, makes tables as it goes down; everything else is a loop that
 * writes leaves. */
#include "kernel/loader/paging.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/loader/console.h"
#include "kernel/loader/main.h"
#include "kernel/loader/memory.h"

#define PTE_P       0x1ull
#define PTE_W       0x2ull
#define PTE_DEVICE  0x18ull /* PCD and PWT: uncached, whatever the firmware's MTRRs say */
#define PTE_PS      0x80ull
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000FFFFFFFFFF000ull
#define PAGE_4K     4096ull
#define PAGE_2M     (2ull << 20)
#define LEVEL_4K    0
#define LEVEL_2M    1

static uint64_t *table_new(struct map *map)
{
    uint64_t phys = map_alloc(map, PAGE_4K, RANGE_LOADER);
    if (!phys)
        loader_die(EXIT_LOADER_MEMORY, "no frame for a page table");
    return memset((void *)(uintptr_t)phys, 0, PAGE_4K);
}

struct space {
    struct map *map;
    uint64_t *root;
};

/* The entry that maps address with a page of the given level. */
static uint64_t *leaf_at(const struct space *space, uint64_t address, int level)
{
    uint64_t *table = space->root;
    for (int l = 3;; l--) {
        uint64_t *entry = &table[(address >> (12 + 9 * l)) & 511];
        if (l == level)
            return entry;
        if (!(*entry & PTE_P))
            *entry = (uintptr_t)table_new(space->map) | PTE_P | PTE_W;
        table = (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
    }
}

static uint64_t rights(uint32_t flags)
{
    return PTE_P | (flags & ELF_W ? PTE_W : 0) | (flags & ELF_X ? 0 : PTE_NX);
}

static uint64_t pages_end(const struct elf_segment *s)
{
    return (s->vaddr + s->bytes + PAGE_4K - 1) & ~(PAGE_4K - 1);
}

static void image_map(const struct space *space, const struct kernel_place *kernel)
{
    for (uint32_t i = 0; i < kernel->image->segment_count; i++) {
        const struct elf_segment *s = &kernel->image->segment[i];
        for (uint64_t at = s->vaddr; at < pages_end(s); at += PAGE_4K)
            *leaf_at(space, at, LEVEL_4K) = (kernel->phys + (at - KERNEL_LINK)) | rights(s->flags);
    }
}

/* Where no RAM is, devices are: a serial port in memory is reached from the first instruction on.
 */
static uint64_t direct_leaf(const struct space *space, uint64_t at, uint64_t bytes)
{
    const bool ram = map_ram_bytes(space->map, at, at + bytes) != 0;
    return at | (ram ? 0 : PTE_DEVICE) | PTE_P | PTE_W | PTE_NX;
}

/* The direct map in the 2 MiB at `phys`, page by page. The image's text and constants get no
 * writable second address here; they are done last, over the plain entries. */
static void direct_split(const struct space *space, uint64_t phys)
{
    for (uint64_t at = phys; at < phys + PAGE_2M; at += PAGE_4K)
        *leaf_at(space, DIRECT_BASE + at, LEVEL_4K) = direct_leaf(space, at, PAGE_4K);
}

static void direct_protect(const struct space *space, const struct kernel_place *kernel)
{
    for (uint32_t i = 0; i < kernel->image->segment_count; i++) {
        const struct elf_segment *s = &kernel->image->segment[i];
        if (s->flags & ELF_W)
            continue;
        for (uint64_t at = s->vaddr; at < pages_end(s); at += PAGE_4K)
            *leaf_at(space, DIRECT_BASE + kernel->phys + (at - KERNEL_LINK), LEVEL_4K) &= ~PTE_W;
    }
}

/* A large page over RAM and devices, whose memory types the firmware's MTRRs tell apart, would be
 * undefined (Intel SDM 3A 12.11.9). */
static bool direct_is_mixed(const struct space *space, uint64_t phys)
{
    const uint64_t ram = map_ram_bytes(space->map, phys, phys + PAGE_2M);
    return ram != 0 && ram != PAGE_2M;
}

static void direct_map(const struct space *space, const struct kernel_place *kernel)
{
    uint64_t top = map_ram_end(space->map);
    top = top < MAP_4GIB ? MAP_4GIB : top;
    for (uint64_t at = 0; at < top; at += PAGE_2M) {
        const bool image = at < kernel->phys + kernel->bytes && kernel->phys < at + PAGE_2M;
        if (image || direct_is_mixed(space, at))
            direct_split(space, at);
        else
            *leaf_at(space, DIRECT_BASE + at, LEVEL_2M) = direct_leaf(space, at, PAGE_2M) | PTE_PS;
    }
    direct_protect(space, kernel);
}

/* The step into long mode runs here, and what prints if it fails. */
static void loader_map(const struct space *space)
{
    uint64_t data = (uintptr_t)loader_data;
    for (uint64_t at = (uintptr_t)loader_start; at < (uintptr_t)loader_end; at += PAGE_4K)
        *leaf_at(space, at, LEVEL_4K) = at | PTE_P | (at < data ? 0 : PTE_W | PTE_NX);
}

uint64_t paging_build(struct map *map, const struct kernel_place *kernel)
{
    struct space space = {map, table_new(map)};
    image_map(&space, kernel);
    direct_map(&space, kernel);
    loader_map(&space);
    return (uintptr_t)space.root;
}

/* SPDX-License-Identifier: MIT
 * The Tyros Kernel Loader: from multiboot to the kernel's first instruction, one step after
 * another. Invariant: a frame is taken from the map before it is written, and everything that came
 * from outside is checked before it is used; a step that fails ends the boot with a code of its
 * own. */
#include "kernel/loader/main.h"

#include <stddef.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/config.h"
#include "kernel/loader/console.h"
#include "kernel/loader/cpu.h"
#include "kernel/loader/elf.h"
#include "kernel/loader/map.h"
#include "kernel/loader/memory.h"
#include "kernel/loader/modules.h"
#include "kernel/loader/paging.h"
#include "kernel/loader/port.h"
#include "kernel/loader/screen.h"
#include "kernel/loader/source.h"

#define RAM_MIN   (7ull << 20) /* as the firmware counts: -m 8M gives 7.5 MiB or more */
#define IMAGE_MAX (512ull << 20)

/* A copy of the RSDP stands behind bootinfo: its first place may become a free frame. */
ABI_ASSERT(sizeof(struct bootinfo) + SOURCE_RSDP <= MAP_PAGE, "bootinfo and RSDP share one page");

/* Physical memory below 4 GiB, which the loader sees one to one. */
static const struct phys all_memory = {NULL, 0, MAP_4GIB};
static const struct elf_limits kernel_limits = {KERNEL_LINK, KERNEL_LINK + IMAGE_MAX};

static struct source source;
static struct map map;
static struct modules modules;
static struct elf_image image;

static void demand(struct outcome outcome)
{
    if (outcome.exit)
        loader_die(outcome.exit, outcome.why);
}

static void demand_room(bool done)
{
    if (!done)
        loader_die(EXIT_LOADER_INFO, "memory map has too many ranges");
}

static void claim(uint64_t base, uint64_t end, uint32_t type, const char *why)
{
    if (!map_claim(&map, base, end, type))
        loader_die(EXIT_LOADER_MEMORY, why);
}

/* After this, map_alloc gives only frames that hold nothing. */
static void memory_claim(void)
{
    demand_room(map_build(&map, source.region, source.region_count));
    if (map_bytes(&map, RANGE_FREE) < RAM_MIN)
        loader_die(EXIT_LOADER_MEMORY, "at least 8 MiB of RAM are needed");
    claim((uintptr_t)loader_start, (uintptr_t)loader_end, RANGE_BUSY, "the loader is not in RAM");
    for (uint32_t i = 0; i < source.module_count; i++)
        if (source.module[i].base != source.module[i].end)
            claim(source.module[i].base, source.module[i].end, RANGE_BUSY,
                  "a module is not in RAM, or shares a page with another");
}

/* GRUB on EFI puts modules below 1 MiB, which is not handed out; the blob moves up from there. */
static void initfs_move(void)
{
    uint64_t bytes = modules.initfs.end - modules.initfs.base;
    uint64_t to = map_alloc(&map, bytes, RANGE_INITFS);
    if (!to)
        loader_die(EXIT_LOADER_MEMORY, "no room for the initfs blob");
    memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)modules.initfs.base, (size_t)bytes);
    modules.initfs = (struct source_module){(uint32_t)to, (uint32_t)(to + bytes)};
}

static void initfs_keep(void)
{
    uint64_t base = modules.initfs.base,
             end = (modules.initfs.end + MAP_PAGE - 1) & ~(MAP_PAGE - 1);
    if (base < MAP_LOW || base % MAP_PAGE)
        initfs_move();
    else
        demand_room(map_set(&map, base, end, RANGE_INITFS));
}

/* Copies the segments to where they stay; gaps and bss become zero. */
static struct kernel_place kernel_load(void)
{
    const uint8_t *file = (const uint8_t *)(uintptr_t)modules.kernel.base;
    uint32_t bad =
        elf_check(file, modules.kernel.end - modules.kernel.base, &kernel_limits, &image);
    if (bad)
        loader_die(bad, NULL);
    struct kernel_place place = {&image, 0, image.end - KERNEL_LINK};
    place.phys = map_alloc(&map, place.bytes, RANGE_KERNEL);
    if (!place.phys)
        loader_die(EXIT_LOADER_MEMORY, "no room for the kernel's image");
    uint8_t *to = (uint8_t *)(uintptr_t)place.phys;
    memset(to, 0, (size_t)place.bytes);
    for (uint32_t i = 0; i < image.segment_count; i++) {
        const struct elf_segment *s = &image.segment[i];
        memcpy(to + (size_t)(s->vaddr - KERNEL_LINK), file + (size_t)s->file_offset,
               (size_t)s->file_bytes);
    }
    return place;
}

static struct bootinfo *info_alloc(void)
{
    uint64_t phys = map_alloc(&map, sizeof(struct bootinfo), RANGE_LOADER);
    if (!phys)
        loader_die(EXIT_LOADER_MEMORY, "no frame for the boot information");
    return memset((void *)(uintptr_t)phys, 0, MAP_PAGE);
}

/* Last of all allocations: the map is final here. */
static void info_fill(struct bootinfo *info, const struct kernel_place *kernel)
{
    info->magic = BOOT_MAGIC;
    info->version = BOOT_VERSION;
    info->size = sizeof(*info);
    info->kernel_phys = kernel->phys;
    info->kernel_size = kernel->bytes;
    info->initfs_phys = modules.initfs.base;
    info->initfs_size = modules.initfs.end - modules.initfs.base;
    if (source.rsdp_bytes) {
        info->rsdp_phys = (uintptr_t)(info + 1);
        memcpy(info + 1, source.rsdp, source.rsdp_bytes);
    }
    info->boot_protocol = source.protocol;
    info->serial = port_line();
    demand_room(map_finish(&map, BOOT_RANGES));
    info->range_count = map.count;
    memcpy(info->range, map.range, map.count * sizeof(map.range[0]));
    memcpy(info->cmdline, source.cmdline, sizeof(info->cmdline));
}

/* How PCI was looked at, where it was. */
static void announce_pci(void)
{
    const struct ecam *way = config_way();
    if (!way)
        return;
    if (way->buses) {
        console_text("loader: PCI by ECAM at ");
        console_hex(way->base);
        console_text(", buses 0 to ");
        console_dec(way->buses - 1);
    } else {
        console_text("loader: PCI by ports, MCFG: ");
        console_text(way->why);
    }
    console_text("\n");
}

/* Nothing without one: the serial line of a machine that has none says no word more. */
static void announce_screen(const struct boot_screen *screen)
{
    if (screen->kind == BOOT_SCREEN_NONE)
        return;
    console_text(", screen ");
    console_dec(screen->width);
    console_text("x");
    console_dec(screen->height);
    console_text(screen->kind == BOOT_SCREEN_TEXT ? " cells at " : " pixels at ");
    console_hex(screen->base);
}

static void announce(const struct bootinfo *info)
{
    console_text("loader: multiboot ");
    console_dec(info->boot_protocol);
    console_text(", ");
    console_dec((uint32_t)(map_bytes(&map, RANGE_FREE) >> 10));
    console_text(" KiB free, kernel ");
    console_dec((uint32_t)(info->kernel_size >> 10));
    console_text(" KiB at ");
    console_hex(info->kernel_phys);
    console_text(", initfs ");
    console_dec((uint32_t)(info->initfs_size >> 10));
    console_text(" KiB, serial ");
    console_hex(info->serial.base);
    console_text(", ");
    console_dec(info->serial.baud);
    announce_screen(&source.screen);
    console_text("\n");
    announce_pci();
}

/* Until the boot loader's information has been read, which may fail. */
static void screen_guess(void)
{
    struct boot_screen guess = source_bios_screen(&all_memory);
    screen_take(&guess);
}

static void screen_choose(void)
{
    screen_take(&source.screen);
    if (!source.screen_why)
        return;
    console_text("loader: no screen: ");
    console_text(source.screen_why);
    console_text("\n");
}

_Noreturn void loader_main(uint32_t magic, uint32_t info_phys, uint64_t tsc, uint32_t has_cpuid)
{
    port_open();
    screen_guess();
    const char *missing = cpu_missing(has_cpuid != 0);
    if (missing)
        loader_die(EXIT_LOADER_CPU, missing);
    demand(source_read(&all_memory, magic, info_phys, &source));
    screen_choose();
    demand(port_choose(&all_memory, &source));
    memory_claim();
    demand(modules_find(&all_memory, &source, &modules));
    initfs_keep();
    struct kernel_place kernel = kernel_load();
    struct bootinfo *info = info_alloc();
    uint64_t root = paging_build(&map, &kernel);
    info->root_phys = root;
    info->tsc_start = tsc;
    info_fill(info, &kernel);
    announce(info);
    info->screen = screen_left();
    loader_enter((uint32_t)root, (uintptr_t)info, image.entry);
}

/* The new tables are in force, and have the loader, not the screen. */
_Noreturn void loader_no_syscall(void)
{
    static const struct boot_screen none = {.kind = BOOT_SCREEN_NONE};
    screen_take(&none);
    loader_die(EXIT_LOADER_CPU, "SYSCALL");
}

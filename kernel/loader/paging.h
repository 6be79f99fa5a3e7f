/* SPDX-License-Identifier: MIT
 * The page tables that the kernel starts with. No page of them is writable and executable, and no
 * second mapping of the kernel's image undoes that. Called by main.c. */
#ifndef TACH_LOADER_PAGING_H
#define TACH_LOADER_PAGING_H

#include <stdint.h>

#include "kernel/loader/elf.h"
#include "kernel/loader/map.h"

/* Where the image of the kernel lies. */
struct kernel_place {
    const struct elf_image *image;
    uint64_t phys, bytes; /* [KERNEL_BASE + 1 MiB, image->end) */
};

/* First link address of the kernel. */
#define KERNEL_LINK (KERNEL_BASE + (1ull << 20))

/* Makes the PML4 and all below it from frames of `map` (RANGE_LOADER): the image at its link
 * addresses in 4 KiB pages, all memory from 0 to 4 GiB or the end of RAM at DIRECT_BASE, and the
 * loader itself one to one (the kernel drops PML4 entry 0). Returns its physical address; does not
 * return if memory runs out. */
uint64_t paging_build(struct map *map, const struct kernel_place *kernel);

#endif

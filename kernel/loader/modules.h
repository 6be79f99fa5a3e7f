/* SPDX-License-Identifier: MIT
 * Which module is the kernel and which the initfs blob: by their first bytes, never by their order.
 * Pure. Called by main.c. */
#ifndef TACH_LOADER_MODULES_H
#define TACH_LOADER_MODULES_H

#include "kernel/loader/source.h"

struct modules {
    struct source_module kernel, initfs;
};

/* Finds both. EXIT_LOADER_NO_KERNEL, EXIT_LOADER_NO_INITFS; EXIT_LOADER_ELF_MAGIC where the one
 * module beside the blob is no ELF file; EXIT_LOADER_INFO where there are two of a kind. */
struct outcome modules_find(const struct phys *phys, const struct source *source,
                            struct modules *modules);

#endif

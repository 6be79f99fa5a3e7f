/* SPDX-License-Identifier: MIT
 * See modules.h. */
#include "kernel/loader/modules.h"

#include <stddef.h>

#include "kernel/loader/memory.h"

#define ELF_MAGIC 0x464C457Fu

enum kind { KIND_ELF, KIND_BLOB, KIND_UNKNOWN, KINDS };

static enum kind module_kind(const struct phys *phys, const struct source_module *module)
{
    uint32_t size = module->end - module->base, elf = 0;
    uint64_t blob = 0;
    if (size >= sizeof(elf))
        memcpy(&elf, phys_at(phys, module->base, sizeof(elf)), sizeof(elf));
    if (size >= sizeof(blob))
        memcpy(&blob, phys_at(phys, module->base, sizeof(blob)), sizeof(blob));
    if (elf == ELF_MAGIC)
        return KIND_ELF;
    return blob == INITFS_MAGIC ? KIND_BLOB : KIND_UNKNOWN;
}

struct outcome modules_find(const struct phys *phys, const struct source *source,
                            struct modules *modules)
{
    struct source_module last[KINDS] = {0};
    uint32_t count[KINDS] = {0};
    for (uint32_t i = 0; i < source->module_count; i++) {
        enum kind kind = module_kind(phys, &source->module[i]);
        last[kind] = source->module[i];
        count[kind]++;
    }
    modules->kernel = last[KIND_ELF];
    modules->initfs = last[KIND_BLOB];
    if (count[KIND_ELF] > 1 || count[KIND_BLOB] > 1)
        return (struct outcome){EXIT_LOADER_INFO, "two modules are kernels, or two are initfs"};
    if (!count[KIND_ELF] && count[KIND_BLOB] && count[KIND_UNKNOWN] == 1)
        return (struct outcome){EXIT_LOADER_ELF_MAGIC, NULL};
    if (!count[KIND_ELF])
        return (struct outcome){EXIT_LOADER_NO_KERNEL, NULL};
    if (!count[KIND_BLOB])
        return (struct outcome){EXIT_LOADER_NO_INITFS, NULL};
    return (struct outcome){0, NULL};
}

/* SPDX-License-Identifier: MIT
 * libFuzzer harness of a module's way into the kernel: whatever the bytes are, no read outside of
 * them, and what is accepted can be placed and relocated inside of its own pages. */
#include "kernel/core/modelf.h"

#include <stdlib.h>
#include <string.h>

#define PAGES (MODULE_BYTES_MAX / MODULE_PAGE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MODULE_BYTES_MAX];
static uint8_t rights[PAGES]; /* 0 nothing is there, 1 R, 2 R X */

static void require(int condition)
{
    if (!condition)
        abort();
}

static void segment_place(const uint8_t *data, size_t size, const struct module_segment *s)
{
    uint32_t first = s->at / MODULE_PAGE, last = (s->at + s->bytes - 1) / MODULE_PAGE;

    require(s->at % MODULE_PAGE == 0 && s->bytes && last < PAGES && s->file_bytes <= s->bytes);
    require(s->file_at <= size && s->file_bytes <= size - s->file_at);
    for (uint32_t i = first; i <= last; i++) {
        require(!rights[i]);
        rights[i] = s->exec ? 2 : 1;
    }
    memcpy(memory + s->at, data + s->file_at, s->file_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct module_image image;

    if (module_check(data, size, &image))
        return 0;
    memset(memory, 0, sizeof(memory));
    memset(rights, 0, sizeof(rights));
    require(image.segment_count >= 1 && image.segment_count <= MODULE_SEGMENTS);
    require(image.bytes <= MODULE_BYTES_MAX && image.bytes % MODULE_PAGE == 0);
    for (uint32_t i = 0; i < image.segment_count; i++)
        segment_place(data, size, &image.segment[i]);
    for (uint32_t i = 0; i < image.reloc_count; i++) {
        struct module_reloc r = module_reloc(data, &image, i);
        uint64_t word = (uint64_t)(uintptr_t)memory + r.addend;
        require(r.at % 8 == 0 && r.at + 8 <= image.bytes && r.addend < image.bytes);
        require(rights[r.at / MODULE_PAGE] == 1); /* tables, never text */
        memcpy(memory + r.at, &word, sizeof(word));
    }
    require(image.table % 8 == 0 && image.table + sizeof(struct service_ops) <= image.bytes);
    require(rights[image.table / MODULE_PAGE] == 1);
    const struct service_ops *ops = (const struct service_ops *)(memory + image.table);
    if (!module_table_check(ops, &image, (uint64_t)(uintptr_t)memory) && ops->read) {
        uint64_t at = (uint64_t)(uintptr_t)ops->read - (uint64_t)(uintptr_t)memory;
        require(at < image.bytes && rights[at / MODULE_PAGE] == 2);
        require(ops->name[0] && memchr(ops->name, 0, sizeof(ops->name)));
    }
    return 0;
}

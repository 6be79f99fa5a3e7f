/* SPDX-License-Identifier: MIT
 * libFuzzer harness of elf_check. Whatever the bytes are: no read outside of them, and what is
 * accepted keeps every promise of elf.h, tested here in another way than the check tests it. */
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/elf.h"

#define BASE  0xFFFFFFFF80100000ull
#define BYTES (1ull << 22)
#define PAGES (BYTES / ELF_PAGE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Marks the pages of a segment; each page is taken once. */
static void pages_take(uint8_t *taken, const struct elf_segment *s)
{
    uint64_t first = (s->vaddr - BASE) / ELF_PAGE;
    uint64_t last = (s->vaddr - BASE + s->bytes - 1) / ELF_PAGE;
    require(s->vaddr >= BASE && s->bytes > 0 && last < PAGES && first <= last);
    for (uint64_t i = first; i <= last; i++)
        require(!taken[i]++);
}

static void accepted_check(const uint8_t *data, size_t size, const struct elf_image *image)
{
    static uint8_t taken[PAGES];
    int entry = 0;
    memset(taken, 0, sizeof(taken));
    require(image->segment_count >= 1 && image->segment_count <= ELF_SEGMENTS);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segment[i];
        pages_take(taken, s);
        require(s->vaddr % ELF_PAGE == 0 && (s->flags & 3) != 3 && s->file_bytes <= s->bytes);
        require(s->file_offset <= size && s->file_bytes <= size - s->file_offset);
        if (s->file_bytes)
            (void)*(const volatile uint8_t *)&data[s->file_offset + s->file_bytes - 1];
        entry |= (s->flags & ELF_X) && image->entry >= s->vaddr &&
                 image->entry < s->vaddr + s->file_bytes;
        require(image->end >= s->vaddr + s->bytes);
    }
    require(entry && image->end % ELF_PAGE == 0 && image->end <= BASE + BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct elf_limits limits = {BASE, BASE + BYTES};
    struct elf_image image;
    uint32_t code = elf_check(data, size, &limits, &image);
    if (code == 0)
        accepted_check(data, size, &image);
    else
        require(code >= EXIT_LOADER_ELF_MAGIC && code <= EXIT_LOADER_ELF_SIZE);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * See elf.h. Each rule has its own exit code. All fields are copied out of the file once, so
 * nothing needs to be aligned, and every sum is written as a difference, so none can overflow. */
#include "kernel/loader/elf.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/memory.h"

#define ELF_MAGIC     0x464C457Fu
#define ELF_CLASS64   2
#define ELF_LSB       1
#define ELF_VERSION   1
#define ELF_EXEC      2
#define ELF_X86_64    62
#define ELF_LOAD      1
#define ELF_PAGE_MASK (ELF_PAGE - 1ull)

struct elf_file_header {
    uint32_t magic;
    uint8_t class, data, ident_version, abi;
    uint8_t pad[8];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, ph_offset, sh_offset;
    uint32_t flags;
    uint16_t size, ph_size, ph_count, sh_size, sh_count, sh_names;
};
ABI_ASSERT(sizeof(struct elf_file_header) == 64, "ELF header layout");

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, file_bytes, bytes, align;
};
ABI_ASSERT(sizeof(struct elf_program_header) == 56, "ELF program header layout");

static uint32_t header_check(const struct elf_file_header *h, uint64_t size)
{
    if (h->magic != ELF_MAGIC)
        return EXIT_LOADER_ELF_MAGIC;
    if (h->class != ELF_CLASS64 || h->data != ELF_LSB || h->ident_version != ELF_VERSION ||
        h->version != ELF_VERSION)
        return EXIT_LOADER_ELF_CLASS;
    if (h->type != ELF_EXEC)
        return EXIT_LOADER_ELF_TYPE;
    if (h->machine != ELF_X86_64)
        return EXIT_LOADER_ELF_MACHINE;
    if (h->size != sizeof(*h) || h->ph_size != sizeof(struct elf_program_header) ||
        h->ph_offset > size ||
        h->ph_count * sizeof(struct elf_program_header) > size - h->ph_offset)
        return EXIT_LOADER_ELF_HEADERS;
    return 0;
}

static uint32_t segment_check(const struct elf_program_header *p, uint64_t size,
                              const struct elf_limits *limits)
{
    if (p->file_bytes > p->bytes)
        return EXIT_LOADER_ELF_SIZE;
    if (p->offset > size || p->file_bytes > size - p->offset)
        return EXIT_LOADER_ELF_BOUNDS;
    if (p->vaddr < limits->base || p->vaddr >= limits->end || p->bytes > limits->end - p->vaddr)
        return EXIT_LOADER_ELF_ADDRESS;
    if (p->vaddr & ELF_PAGE_MASK)
        return EXIT_LOADER_ELF_ALIGN;
    if ((p->flags & (ELF_W | ELF_X)) == (ELF_W | ELF_X))
        return EXIT_LOADER_ELF_WX;
    return 0;
}

static uint64_t segment_end(const struct elf_segment *s)
{
    return (s->vaddr + s->bytes + ELF_PAGE_MASK) & ~ELF_PAGE_MASK;
}

/* Appends *p, which has passed segment_check. Pages have one set of rights: sharing one overlaps.
 */
static uint32_t segment_add(struct elf_image *image, const struct elf_program_header *p)
{
    struct elf_segment s = {p->vaddr, p->bytes, p->offset, p->file_bytes,
                            p->flags & (ELF_R | ELF_W | ELF_X)};
    if (image->segment_count == ELF_SEGMENTS)
        return EXIT_LOADER_ELF_HEADERS;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *other = &image->segment[i];
        if (s.vaddr < segment_end(other) && other->vaddr < segment_end(&s))
            return EXIT_LOADER_ELF_OVERLAP;
    }
    if (image->end < segment_end(&s))
        image->end = segment_end(&s);
    image->segment[image->segment_count++] = s;
    return 0;
}

static bool entry_good(const struct elf_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segment[i];
        if ((s->flags & ELF_X) && image->entry >= s->vaddr &&
            image->entry - s->vaddr < s->file_bytes)
            return true;
    }
    return false;
}

uint32_t elf_check(const uint8_t *file, uint64_t size, const struct elf_limits *limits,
                   struct elf_image *image)
{
    struct elf_file_header header;
    struct elf_program_header p;
    if (size < sizeof(header))
        return EXIT_LOADER_ELF_HEADERS;
    memcpy(&header, file, sizeof(header));
    uint32_t bad = header_check(&header, size);
    if (bad)
        return bad;
    image->entry = header.entry;
    image->end = limits->base;
    image->segment_count = 0;
    for (uint32_t i = 0; i < header.ph_count; i++) {
        memcpy(&p, file + (size_t)header.ph_offset + i * sizeof(p), sizeof(p));
        if (p.type != ELF_LOAD || !(p.bytes | p.file_bytes))
            continue;
        bad = segment_check(&p, size, limits);
        bad = bad ? bad : segment_add(image, &p);
        if (bad)
            return bad;
    }
    if (!image->segment_count)
        return EXIT_LOADER_ELF_HEADERS;
    return entry_good(image) ? 0 : EXIT_LOADER_ELF_ENTRY;
}

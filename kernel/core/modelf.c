/* SPDX-License-Identifier: MIT
 * See modelf.h. Fields are copied out of the file once, and sums are written as differences, so
 * that none can overflow. */
#include "kernel/core/modelf.h"

#include "kernel/hal/mem.h"

#define ELF_MAGIC      0x464C457Fu
#define ELF_CLASS64    2
#define ELF_LSB        1
#define ELF_DYN        3
#define ELF_X86_64     62
#define PHDR_LOAD      1u
#define PHDR_DYNAMIC   2u
#define PHDR_X         1u
#define PHDR_W         2u
#define PHDR_R         4u
#define PHDRS_MAX      8u
#define DYNAMIC_MAX    32u
#define DT_END         0
#define DT_NEEDED      1
#define DT_PLT_BYTES   2
#define DT_RELA        7
#define DT_RELA_BYTES  8
#define DT_RELA_SIZE   9
#define DT_INIT        12
#define DT_FINI        13
#define DT_REL         17
#define DT_TEXT_RELOCS 22
#define DT_INIT_ARRAY  25
#define DT_FINI_ARRAY  26
#define RELATIVE       8u
#define NAME_MAX       15u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, ident_version, abi;
    uint8_t pad[8];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, ph_offset, sh_offset;
    uint32_t flags;
    uint16_t size, ph_size, ph_count, sh_size, sh_count, sh_names;
};

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, file_bytes, bytes, align;
};

struct elf_dynamic {
    uint64_t tag, value;
};

struct elf_rela {
    uint64_t offset, info, addend;
};

/* Where the relocations are, as the dynamic section says. */
struct relocs {
    uint64_t at, bytes, size;
};

static const char *header_check(const struct elf_header *h, uint64_t size)
{
    if (h->magic != ELF_MAGIC)
        return "no ELF magic";
    if (h->class != ELF_CLASS64 || h->data != ELF_LSB || h->machine != ELF_X86_64)
        return "not for x86-64";
    if (h->type != ELF_DYN)
        return "not a shared object";
    if (h->size != sizeof(*h) || h->ph_size != sizeof(struct elf_phdr) || h->ph_count > PHDRS_MAX ||
        h->ph_offset > size || h->ph_count * sizeof(struct elf_phdr) > size - h->ph_offset)
        return "program headers out of the file";
    return 0;
}

static uint32_t page_end(const struct module_segment *s)
{
    return (s->at + s->bytes + MODULE_PAGE - 1) & ~(MODULE_PAGE - 1);
}

static const char *segment_add(struct module_image *image, const struct elf_phdr *p, uint64_t size)
{
    if (p->offset > size || p->file_bytes > size - p->offset || p->file_bytes > p->bytes)
        return "a segment out of the file";
    if (p->vaddr >= MODULE_BYTES_MAX || p->bytes > MODULE_BYTES_MAX - p->vaddr)
        return "larger than a module may be";
    if (p->vaddr % MODULE_PAGE || image->segment_count == MODULE_SEGMENTS)
        return p->vaddr % MODULE_PAGE ? "a segment not at a page" : "too many segments";
    if (p->flags & PHDR_W || !(p->flags & PHDR_R))
        return p->flags & PHDR_W ? "a writable segment" : "a segment that cannot be read";
    const struct module_segment s = {(uint32_t)p->vaddr, (uint32_t)p->bytes, (uint32_t)p->offset,
                                     (uint32_t)p->file_bytes, (p->flags & PHDR_X) != 0};
    for (uint32_t i = 0; i < image->segment_count; i++)
        if (s.at < page_end(&image->segment[i]) && image->segment[i].at < page_end(&s))
            return "segments that overlap";
    if (image->bytes < page_end(&s))
        image->bytes = page_end(&s);
    image->segment[image->segment_count++] = s;
    return 0;
}

/* The segment whose file bytes hold [at, at + bytes), or 0. */
static const struct module_segment *segment_of(const struct module_image *image, uint64_t at,
                                               uint64_t bytes)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct module_segment *s = &image->segment[i];
        if (at >= s->at && at - s->at <= s->file_bytes && bytes <= s->file_bytes - (at - s->at))
            return s;
    }
    return 0;
}

static const char *dynamic_take(const struct elf_dynamic *d, struct relocs *relocs)
{
    switch (d->tag) {
    case DT_NEEDED:
        return "it needs another object";
    case DT_PLT_BYTES:
    case DT_REL:
    case DT_TEXT_RELOCS:
        return "relocations of a kind that modules have not";
    case DT_INIT:
    case DT_FINI:
    case DT_INIT_ARRAY:
    case DT_FINI_ARRAY:
        return "initialisers";
    case DT_RELA:
        relocs->at = d->value;
        return 0;
    case DT_RELA_BYTES:
        relocs->bytes = d->value;
        return 0;
    case DT_RELA_SIZE:
        relocs->size = d->value;
        return 0;
    default:
        return 0;
    }
}

static const char *dynamic_read(const uint8_t *file, uint64_t size, const struct elf_phdr *p,
                                struct relocs *relocs)
{
    struct elf_dynamic d;

    if (p->offset > size || p->file_bytes > size - p->offset ||
        p->file_bytes > DYNAMIC_MAX * sizeof(d))
        return "dynamic section out of the file";
    for (uint64_t at = 0; at + sizeof(d) <= p->file_bytes; at += sizeof(d)) {
        memcpy(&d, file + p->offset + at, sizeof(d));
        if (d.tag == DT_END)
            return 0;
        const char *bad = dynamic_take(&d, relocs);
        if (bad)
            return bad;
    }
    return "dynamic section without an end";
}

/* Every relocation: relative, aligned, inside of constant tables, to an address of the module. */
static const char *relocs_check(const uint8_t *file, const struct relocs *relocs,
                                struct module_image *image)
{
    struct elf_rela r;

    if (!relocs->bytes)
        return 0;
    const struct module_segment *where = segment_of(image, relocs->at, relocs->bytes);
    if (!where || relocs->size != sizeof(r) || relocs->bytes % sizeof(r))
        return "relocations out of the file";
    image->relocs_at = where->file_at + ((uint32_t)relocs->at - where->at);
    image->reloc_count = (uint32_t)(relocs->bytes / sizeof(r));
    for (uint32_t i = 0; i < image->reloc_count; i++) {
        memcpy(&r, file + image->relocs_at + i * sizeof(r), sizeof(r));
        if (r.info != RELATIVE)
            return "a relocation that is not relative";
        const struct module_segment *s = segment_of(image, r.offset, sizeof(uint64_t));
        if (!s || s->exec || r.offset % sizeof(uint64_t))
            return "a relocation outside of its tables";
        if (r.addend >= image->bytes)
            return "a relocation to an address outside";
    }
    return 0;
}

static const char *segments_read(const uint8_t *file, uint64_t size, struct module_image *image,
                                 struct relocs *relocs)
{
    struct elf_header h;
    struct elf_phdr p;

    memcpy(&h, file, sizeof(h));
    const char *bad = header_check(&h, size);
    for (uint32_t i = 0; !bad && i < h.ph_count; i++) {
        memcpy(&p, file + h.ph_offset + i * sizeof(p), sizeof(p));
        if (p.type == PHDR_LOAD && p.bytes | p.file_bytes)
            bad = segment_add(image, &p, size);
        else if (p.type == PHDR_DYNAMIC)
            bad = dynamic_read(file, size, &p, relocs);
    }
    if (bad)
        return bad;
    const struct module_segment *s = segment_of(image, h.entry, sizeof(struct service_ops));
    if (!s || s->exec || h.entry % sizeof(uint64_t))
        return "no table of operations";
    image->table = (uint32_t)h.entry;
    return 0;
}

const char *module_check(const uint8_t *file, uint64_t size, struct module_image *image)
{
    struct relocs relocs = {0, 0, 0};

    memset(image, 0, sizeof(*image));
    if (size < sizeof(struct elf_header) || size > MODULE_FILE_BYTES)
        return "no size of a module";
    const char *bad = segments_read(file, size, image, &relocs);
    return bad ? bad : relocs_check(file, &relocs, image);
}

struct module_reloc module_reloc(const uint8_t *file, const struct module_image *image,
                                 uint32_t index)
{
    struct elf_rela r;

    memcpy(&r, file + image->relocs_at + index * sizeof(r), sizeof(r));
    return (struct module_reloc){(uint32_t)r.offset, (uint32_t)r.addend};
}

static bool in_text(const struct module_image *image, uint64_t at)
{
    const struct module_segment *s = segment_of(image, at, 1);

    return s && s->exec;
}

static bool name_good(const char *name)
{
    unsigned n = 0;

    for (; n < NAME_MAX && name[n]; n++)
        if (!((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= '0' && name[n] <= '9')))
            return false;
    return n && !name[n];
}

const char *module_table_check(const struct service_ops *ops, const struct module_image *image,
                               uint64_t base)
{
    uint64_t function[(sizeof(*ops) - offsetof(struct service_ops, start)) / sizeof(uint64_t)];

    if (!name_good(ops->name) || ops->flags & ~(SVC_POSITIONED | SVC_PROMPT))
        return "a table without a name, or with flags that are none";
    memcpy(function, &ops->start, sizeof(function));
    for (unsigned i = 0; i < sizeof(function) / sizeof(function[0]); i++)
        if (function[i] && !in_text(image, function[i] - base))
            return "an operation outside of its text";
    return 0;
}

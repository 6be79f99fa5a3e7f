/* SPDX-License-Identifier: MIT
 * Multiboot 2 information (Multiboot2 Specification 2.0, 3.6), as GRUB gives it on BIOS and EFI:
 * one block of tags, each 8-byte aligned, walked once. Called by source.c. */
#include <stddef.h>

#include "kernel/loader/memory.h"
#include "kernel/loader/source.h"

#define MB2_HEAD_BYTES 8u
#define MB2_END        0u
#define MB2_CMDLINE    1u
#define MB2_MODULE     3u
#define MB2_MMAP       6u
#define MB2_SCREEN     8u
#define MB2_COLOURS    24u /* in its body, behind two bytes of nothing */
#define MB2_RSDP_V1    14u
#define MB2_RSDP_V2    15u

struct mb2_tag {
    uint32_t type, size; /* the head's 8 bytes included */
};

struct mb2_region {
    uint64_t base, size;
    uint32_t type, zero;
};

/* One tag: its window address and the bytes of its body. */
struct body {
    uint64_t at;
    uint32_t size;
};

static const struct outcome good;

static struct outcome malformed(const char *why)
{
    return (struct outcome){EXIT_LOADER_INFO, why};
}

static struct outcome cmdline_tag(const struct phys *phys, struct body body, struct source *source)
{
    return source_set_cmdline(source, phys, body.at, body.size);
}

static struct outcome module_tag(const struct phys *phys, struct body body, struct source *source)
{
    uint32_t bound[2];
    if (body.size < sizeof(bound))
        return malformed("module tag too small");
    memcpy(bound, phys_at(phys, body.at, sizeof(bound)), sizeof(bound));
    return source_add_module(source, phys, bound[0], bound[1]);
}

static struct outcome mmap_tag(const struct phys *phys, struct body body, struct source *source)
{
    uint32_t head[2]; /* bytes of an entry, version */
    struct mb2_region r;
    if (body.size < sizeof(head))
        return malformed("memory map tag too small");
    memcpy(head, phys_at(phys, body.at, sizeof(head)), sizeof(head));
    if (head[0] < sizeof(r))
        return malformed("memory map entry too small");
    for (uint64_t off = sizeof(head); body.size - off >= sizeof(r); off += head[0]) {
        memcpy(&r, phys_at(phys, body.at + off, sizeof(r)), sizeof(r));
        struct outcome o =
            source_add_region(source, &(struct source_region){r.base, r.size, r.type});
        if (o.exit || body.size - off < head[0])
            return o;
    }
    return good;
}

/* The tag holds a copy of the RSDP. */
static struct outcome rsdp_tag(const struct phys *phys, struct body body, struct source *source)
{
    source->rsdp_bytes = body.size < SOURCE_RSDP ? body.size : SOURCE_RSDP;
    memcpy(source->rsdp, phys_at(phys, body.at, source->rsdp_bytes), source->rsdp_bytes);
    return good;
}

/* Never malformed: a boot goes on without a screen. */
static struct outcome screen_tag(const struct phys *phys, struct body body, struct source *source)
{
    const uint8_t *fields = phys_at(phys, body.at, body.size);
    bool colours = body.size >= MB2_COLOURS + SOURCE_COLOURS;
    if (body.size >= SOURCE_SCREEN)
        source_set_screen(source, fields, colours ? fields + MB2_COLOURS : NULL);
    else
        source->screen_why = "framebuffer tag too small";
    return good;
}

/* Of the two RSDP tags the newer one comes second where both are given, and wins. */
static const struct {
    uint32_t type;
    struct outcome (*read)(const struct phys *phys, struct body body, struct source *source);
} tag_table[] = {
    {MB2_CMDLINE, cmdline_tag}, {MB2_MODULE, module_tag}, {MB2_MMAP, mmap_tag},
    {MB2_RSDP_V1, rsdp_tag},    {MB2_RSDP_V2, rsdp_tag},  {MB2_SCREEN, screen_tag},
};

static struct outcome tag_read(const struct phys *phys, uint64_t at, const struct mb2_tag *tag,
                               struct source *source)
{
    struct body body = {at + sizeof(*tag), tag->size - (uint32_t)sizeof(*tag)};
    for (size_t i = 0; i < sizeof(tag_table) / sizeof(tag_table[0]); i++)
        if (tag_table[i].type == tag->type)
            return tag_table[i].read(phys, body, source);
    return good;
}

struct outcome source_read_mb2(const struct phys *phys, uint32_t info, struct source *source)
{
    uint32_t total;
    struct mb2_tag tag;
    source->protocol = 2;
    if (!phys_at(phys, info, MB2_HEAD_BYTES))
        return malformed("information out of bounds");
    memcpy(&total, phys_at(phys, info, sizeof(total)), sizeof(total));
    if (!phys_at(phys, info, total))
        return malformed("information out of bounds");
    for (uint64_t off = MB2_HEAD_BYTES; off < total && total - off >= sizeof(tag);) {
        memcpy(&tag, phys_at(phys, info + off, sizeof(tag)), sizeof(tag));
        if (tag.size < sizeof(tag) || tag.size > total - off)
            return malformed("tag out of bounds");
        if (tag.type == MB2_END)
            return source->region_count ? good : malformed("no memory map");
        struct outcome o = tag_read(phys, info + off, &tag, source);
        if (o.exit)
            return o;
        off += (tag.size + 7ull) & ~7ull;
    }
    return malformed("tags without an end");
}

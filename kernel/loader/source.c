/* SPDX-License-Identifier: MIT
 * See source.h: the window, the tables with their limits, the choice of the protocol, and the
 * screen, of which a bad one is no reason not to boot. */
#include "kernel/loader/source.h"

#include <stddef.h>

#include "kernel/hal/terminal.h"
#include "kernel/loader/memory.h"

#define BIOS_VIDEO_MODE 0x449u /* in its data area */
#define MODE_TEXT       3u     /* 80 by 25, colour */
#define TEXT_MEMORY     0xB8000u
#define REGION_RAM      1u
#define FRAME_RGB       1u /* types of multiboot's framebuffers; 0 has a palette */
#define FRAME_TEXT      2u

static const struct outcome good;

static struct outcome malformed(const char *why)
{
    return (struct outcome){EXIT_LOADER_INFO, why};
}

const void *phys_at(const struct phys *phys, uint64_t address, uint64_t size)
{
    if (address < phys->base || address - phys->base > phys->size ||
        size > phys->size - (address - phys->base))
        return NULL;
    return phys->bytes + (size_t)(address - phys->base);
}

struct outcome source_add_region(struct source *source, const struct source_region *region)
{
    if (source->region_count == SOURCE_REGIONS)
        return malformed("memory map has more than 256 entries");
    source->region[source->region_count++] = *region;
    return good;
}

struct outcome source_add_module(struct source *source, const struct phys *phys, uint32_t base,
                                 uint32_t end)
{
    if (source->module_count == SOURCE_MODULES)
        return malformed("more than 16 modules");
    if (end < base || !phys_at(phys, base, end - base))
        return malformed("module out of bounds");
    source->module[source->module_count++] = (struct source_module){base, end};
    return good;
}

/* A string of at most max bytes, its NUL included, wherever it is told to be. A command line that
 * does not fit is refused: half of one would boot something that nobody asked for. */
struct outcome source_set_cmdline(struct source *source, const struct phys *phys, uint64_t address,
                                  uint64_t max)
{
    for (uint64_t i = 0; i < max; i++) {
        const char *c = phys_at(phys, address + i, 1);
        if (!c)
            return malformed("command line out of bounds");
        if (i == BOOT_CMDLINE)
            return malformed("command line longer than 2047 bytes");
        source->cmdline[i] = *c;
        if (!*c)
            return good;
    }
    return malformed("command line without an end");
}

void source_set_screen(struct source *source, const uint8_t *fields, const uint8_t *colours)
{
    struct boot_screen *s = &source->screen;
    const uint8_t type = fields[21];
    memset(s, 0, sizeof(*s));
    memcpy(&s->base, fields, sizeof(s->base));
    memcpy(&s->pitch, fields + 8, sizeof(s->pitch));
    memcpy(&s->width, fields + 12, sizeof(s->width));
    memcpy(&s->height, fields + 16, sizeof(s->height));
    s->bits = fields[20];
    s->kind = type == FRAME_TEXT ? BOOT_SCREEN_TEXT : type == FRAME_RGB ? BOOT_SCREEN_RGB : 0;
    if (colours)
        memcpy(&s->red_shift, colours, SOURCE_COLOURS); /* position and size of red, green, blue */
    source->screen_why = terminal_refuse(s);
}
ABI_ASSERT(offsetof(struct boot_screen, blue_bits) - offsetof(struct boot_screen, red_shift) ==
               SOURCE_COLOURS - 1,
           "colours in multiboot's order");

struct boot_screen source_bios_screen(const struct phys *phys)
{
    const uint8_t *mode = phys_at(phys, BIOS_VIDEO_MODE, 1);
    if (!mode || *mode != MODE_TEXT)
        return (struct boot_screen){.kind = BOOT_SCREEN_NONE};
    return (struct boot_screen){
        .kind = BOOT_SCREEN_TEXT, .base = TEXT_MEMORY, .width = 80, .height = 25, .pitch = 160};
}

/* Whoever says that the screen is in RAM is wrong about one of them. */
static bool screen_in_ram(const struct source *source)
{
    uint64_t base = source->screen.base, end = base + terminal_bytes(&source->screen);
    for (uint32_t i = 0; i < source->region_count; i++) {
        const struct source_region *r = &source->region[i];
        if (r->type == REGION_RAM && r->base < end && (base < r->base || base - r->base < r->size))
            return true;
    }
    return false;
}

/* The last screen= of the line is off; other values are the kernel's to judge. */
static bool screen_off(const char *cmdline)
{
    bool off = false;
    for (const char *at = cmdline; *at;) {
        const char *word = at;
        while (*at && *at != ' ')
            at++;
        if (at - word >= 7 && !memcmp(word, "screen=", 7))
            off = at - word == 10 && !memcmp(word + 7, "off", 3);
        while (*at == ' ')
            at++;
    }
    return off;
}

static void screen_judge(struct source *source)
{
    if (!source->screen_why && source->screen.kind && screen_in_ram(source))
        source->screen_why = "its memory is RAM";
    if (source->screen_why || screen_off(source->cmdline))
        source->screen.kind = BOOT_SCREEN_NONE;
}

struct outcome source_read(const struct phys *phys, uint32_t magic, uint32_t info,
                           struct source *source)
{
    memset(source, 0, sizeof(*source));
    struct outcome o = {EXIT_LOADER_PROTOCOL, NULL};
    if (magic == MB1_BOOT_MAGIC)
        o = source_read_mb1(phys, info, source);
    else if (magic == MB2_BOOT_MAGIC)
        o = source_read_mb2(phys, info, source);
    screen_judge(source);
    return o;
}

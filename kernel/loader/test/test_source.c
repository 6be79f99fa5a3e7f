/* SPDX-License-Identifier: MIT
 * The multiboot readers: good information of both kinds, built in a window, and each of its fields
 * made wrong. The window is a heap block, so that ASan sees a byte too far. */
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/loader/source.h"

#define BASE    0x9000u
#define SIZE    0x3000u
#define MMAP    0x9100u
#define MODULES 0x9200u
#define CMDLINE 0x9300u
#define NAME    0x9280u

static uint8_t *bytes;
static struct phys phys;
static struct source source;

static void put32(uint32_t at, uint32_t value)
{
    memcpy(bytes + (at - BASE), &value, sizeof(value));
}

static void window_make(void)
{
    bytes = calloc(1, SIZE);
    phys = (struct phys){bytes, BASE, SIZE};
}

/* As QEMU makes it: two regions, two modules, the loader's path before the words. */
static void mb1_make(void)
{
    static const uint32_t info[] = {0x24C, 639, 0,  0,    CMDLINE, 2, MODULES, 0,   0,
                                    0,     0,   48, MMAP, 0,       0, 0,       NAME};
    static const uint32_t mmap[] = {20, 0, 0, 0x9FC00, 0, 1, 20, 0, 1, 0x1000, 2, 2};
    static const uint32_t module[] = {0xA000, 0xA010, 0, 0, 0xB000, 0xC000, 0, 0};
    window_make();
    memcpy(bytes, info, sizeof(info));
    memcpy(bytes + (MMAP - BASE), mmap, sizeof(mmap));
    memcpy(bytes + (MODULES - BASE), module, sizeof(module));
    memcpy(bytes + (CMDLINE - BASE), "build/loader.elf  pti=on x", 27);
    memcpy(bytes + (NAME - BASE), "qemu", 5);
}

static struct outcome mb1_read(void)
{
    return source_read(&phys, MB1_BOOT_MAGIC, BASE, &source);
}

static void test_mb1(void)
{
    mb1_make();
    EXPECT(mb1_read().exit == 0 && source.protocol == 1);
    EXPECT(source.region_count == 2 && source.region[1].base == 1ull << 32);
    EXPECT(source.region[1].size == ((2ull << 32) | 0x1000) && source.region[1].type == 2);
    EXPECT(source.module_count == 2 && source.module[0].end == 0xA010);
    EXPECT(!strcmp(source.cmdline, "pti=on x"));
    /* Any other boot loader gives the words alone. */
    memcpy(bytes + (NAME - BASE), "GRUB", 5);
    EXPECT(mb1_read().exit == 0 && !strcmp(source.cmdline, "build/loader.elf  pti=on x"));
    /* Without a map, what lies above 1 MiB. */
    put32(BASE, 0x1);
    put32(BASE + 8, 7168);
    EXPECT(mb1_read().exit == 0 && source.region_count == 1 && source.module_count == 0);
    EXPECT(source.region[0].base == 1u << 20 && source.region[0].size == 7u << 20);
    EXPECT(source.cmdline[0] == 0);
    free(bytes);
}

struct damage {
    const char *why; /* the text that must come with the refusal */
    uint32_t at, value;
};

static const struct damage mb1_damages[] = {
    {"no memory map", BASE, 0x8},
    {"memory map out of bounds", BASE + 48, BASE + SIZE - 4},
    {"memory map out of bounds", BASE + 44, 40},
    {"memory map entry too small", MMAP, 16},
    {"memory map entry too small", BASE + 44, 0xFFFFFFFF},
    {"module list out of bounds", BASE + 24, 0},
    {"module out of bounds", BASE + 20, 0xFFFFFFFF},
    {"module out of bounds", MODULES + 4, 0x9FFF},
    {"module out of bounds", MODULES + 20, BASE + SIZE + 1},
    {"command line out of bounds", BASE + 16, 0},
};

static void test_mb1_damages(void)
{
    for (size_t i = 0; i < sizeof(mb1_damages) / sizeof(mb1_damages[0]); i++) {
        mb1_make();
        put32(mb1_damages[i].at, mb1_damages[i].value);
        struct outcome o = mb1_read();
        EXPECT(o.exit == EXIT_LOADER_INFO && !strcmp(o.why, mb1_damages[i].why));
        free(bytes);
    }
}

static void test_cmdline(void)
{
    mb1_make();
    memcpy(bytes + (NAME - BASE), "none", 5);
    memset(bytes + (CMDLINE - BASE), 'a', BOOT_CMDLINE - 1);
    EXPECT(mb1_read().exit == 0 && strlen(source.cmdline) == BOOT_CMDLINE - 1);
    memset(bytes + (CMDLINE - BASE), 'a', BOOT_CMDLINE);
    EXPECT(mb1_read().exit == EXIT_LOADER_INFO);
    memset(bytes + (CMDLINE - BASE), 'a', SIZE - (CMDLINE - BASE));
    EXPECT(mb1_read().exit == EXIT_LOADER_INFO);
    free(bytes);
}

static uint32_t tail; /* where the next tag goes */

static void tag_put(uint32_t type, const void *body, uint32_t size)
{
    put32(BASE + tail, type);
    put32(BASE + tail + 4, size + 8);
    memcpy(bytes + tail + 8, body, size);
    tail += (size + 8 + 7) & ~7u;
    put32(BASE, tail);
}

#define MB2_MODULE_AT  8u
#define MB2_MMAP_AT    24u
#define MB2_CMDLINE_AT 88u

/* As GRUB makes it: a module, two regions, the words, both RSDPs. */
static void mb2_make(void)
{
    static const uint32_t module[] = {0xA000, 0xA010};
    static const uint32_t mmap[] = {24, 0, 0x100000, 0, 0x700000, 0, 1, 0, 0, 1, 0x1000, 0, 3, 0};
    window_make();
    tail = 8;
    tag_put(3, module, sizeof(module));
    tag_put(6, mmap, sizeof(mmap));
    tag_put(1, "pti=off", 8);
    tag_put(14, "RSD PTR one.........", 20);
    tag_put(15, "RSD PTR two.........................", 36);
    tag_put(99, "unknown", 8);
    tag_put(0, "", 0);
}

static struct outcome mb2_read(void)
{
    return source_read(&phys, MB2_BOOT_MAGIC, BASE, &source);
}

static void test_mb2(void)
{
    mb2_make();
    EXPECT(mb2_read().exit == 0 && source.protocol == 2);
    EXPECT(source.module_count == 1 && source.module[0].base == 0xA000);
    EXPECT(source.region_count == 2 && source.region[0].size == 0x700000);
    EXPECT(source.region[1].base == 1ull << 32 && source.region[1].type == 3);
    EXPECT(!strcmp(source.cmdline, "pti=off"));
    EXPECT(source.rsdp_bytes == 36 && !memcmp(source.rsdp, "RSD PTR two", 11));
    free(bytes);
}

static const struct damage mb2_damages[] = {
    {"information out of bounds", BASE, SIZE + 1},
    {"tags without an end", BASE, MB2_CMDLINE_AT},
    {"tags without an end", BASE, 0},
    {"tag out of bounds", BASE + MB2_MMAP_AT + 4, 7},
    {"tag out of bounds", BASE + MB2_MMAP_AT + 4, 0xFFFFFFF0},
    {"tag out of bounds", BASE + MB2_MMAP_AT + 4, SIZE},
    {"memory map entry too small", BASE + MB2_MMAP_AT + 8, 0},
    {"memory map tag too small", BASE + MB2_MMAP_AT + 4, 12},
    {"module tag too small", BASE + MB2_MODULE_AT + 4, 8},
    {"module out of bounds", BASE + MB2_MODULE_AT + 12, BASE + SIZE + 1},
    {"command line without an end", BASE + MB2_CMDLINE_AT + 4, 12},
    {"no memory map", BASE + MB2_MMAP_AT, 99},
};

static void test_mb2_damages(void)
{
    for (size_t i = 0; i < sizeof(mb2_damages) / sizeof(mb2_damages[0]); i++) {
        mb2_make();
        put32(mb2_damages[i].at, mb2_damages[i].value);
        struct outcome o = mb2_read();
        EXPECT(o.exit == EXIT_LOADER_INFO && !strcmp(o.why, mb2_damages[i].why));
        free(bytes);
    }
}

/* Fields of a screen from `at` on, colours at `colours`. */
static void screen_put(uint32_t at, uint32_t colours, const struct boot_screen *s, uint8_t type)
{
    const uint32_t fields[] = {(uint32_t)s->base, (uint32_t)(s->base >> 32), s->pitch, s->width,
                               s->height};
    const uint8_t bits_type[] = {s->bits, type};
    memcpy(bytes + (at - BASE), fields, sizeof(fields));
    memcpy(bytes + (at - BASE) + 20, bits_type, 2);
    memcpy(bytes + (colours - BASE), &s->red_shift, 6);
}

static const struct boot_screen rgb = {.base = 0x4000000000,
                                       .width = 1024,
                                       .height = 768,
                                       .pitch = 4096,
                                       .bits = 32,
                                       .red_shift = 16,
                                       .red_bits = 8,
                                       .green_shift = 8,
                                       .green_bits = 8,
                                       .blue_shift = 0,
                                       .blue_bits = 8};
static const struct boot_screen text = {
    .base = 0xB8000, .width = 80, .height = 25, .pitch = 160, .bits = 16};

static bool screen_is(const struct boot_screen *s, uint8_t kind)
{
    struct boot_screen wanted = *s;
    wanted.kind = kind;
    return !source.screen_why && !memcmp(&source.screen, &wanted, sizeof(wanted));
}

static bool no_screen(const char *why)
{
    return source.screen.kind == BOOT_SCREEN_NONE &&
           (why ? source.screen_why && !strcmp(source.screen_why, why) : !source.screen_why);
}

static void test_mb1_screen(void)
{
    mb1_make();
    EXPECT(mb1_read().exit == 0 && no_screen(NULL));
    put32(BASE, 0x124C);
    memset(bytes + 88, 0, 28);
    EXPECT(mb1_read().exit == 0 && no_screen("neither text nor direct colours"));
    screen_put(BASE + 88, BASE + 110, &rgb, 1);
    EXPECT(mb1_read().exit == 0 && screen_is(&rgb, BOOT_SCREEN_RGB));
    screen_put(BASE + 88, BASE + 110, &text, 2);
    EXPECT(mb1_read().exit == 0 && screen_is(&text, BOOT_SCREEN_TEXT));
    put32(BASE + 88, 0xC0000);
    EXPECT(mb1_read().exit == 0 && no_screen("text memory outside of a PC's"));
    free(bytes);
}

/* The data area's page is all the memory there is, the information in it. */
static void test_bios_screen(void)
{
    static const uint32_t info[] = {1, 0, 8192, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uint8_t page[0x600] = {0};
    const struct phys low = {page, 0, sizeof(page)};
    memcpy(page + 0x500, info, sizeof(info));
    EXPECT(source_read(&low, MB1_BOOT_MAGIC, 0x500, &source).exit == 0 && no_screen(NULL));
    page[0x449] = 3;
    EXPECT(source_read(&low, MB1_BOOT_MAGIC, 0x500, &source).exit == 0);
    EXPECT(source.screen.kind == BOOT_SCREEN_TEXT && source.screen.base == 0xB8000);
    EXPECT(source.screen.width == 80 && source.screen.height == 25 && source.screen.pitch == 160);
    page[0x501] = 0x10; /* framebuffer fields, but no memory that far */
    const struct phys cut = {page, 0, 0x500 + 90};
    EXPECT(source_read(&cut, MB1_BOOT_MAGIC, 0x500, &source).exit == 0);
    EXPECT(no_screen("framebuffer fields out of bounds"));
}

/* The words, RAM from 1 MiB to 8, and a framebuffer tag of `size` bytes. */
static void mb2_screen_make(const char *words, const struct boot_screen *s, uint8_t type,
                            uint32_t size)
{
    static const uint32_t mmap[] = {24, 0, 0x100000, 0, 0x700000, 0, 1, 0};
    static const uint8_t empty[32];
    window_make();
    tail = 8;
    tag_put(8, empty, size);
    screen_put(BASE + 16, BASE + 40, s, type);
    put32(BASE + 8, 8);
    tail = 16 + ((size + 7) & ~7u);
    tag_put(1, words, (uint32_t)strlen(words) + 1);
    tag_put(6, mmap, sizeof(mmap));
    tag_put(0, "", 0);
}

static void test_mb2_screen(void)
{
    static const struct {
        const char *words, *why; /* why NULL and kind 0: turned off */
        uint8_t type, kind;
        uint32_t size;
    } cases[] = {
        {"pti=on", NULL, 1, BOOT_SCREEN_RGB, 30},
        {"screen=auto", NULL, 1, BOOT_SCREEN_RGB, 32},
        {"screen=off screen=auto", NULL, 1, BOOT_SCREEN_RGB, 32},
        {"screen=off", NULL, 1, 0, 32},
        {"pti=on  screen=auto screen=off x", NULL, 1, 0, 32},
        {"screen=office", NULL, 1, BOOT_SCREEN_RGB, 32},
        {"x", "neither text nor direct colours", 0, 0, 32},
        {"x", "neither text nor direct colours", 3, 0, 32},
        {"x", "framebuffer tag too small", 1, 0, 21},
        {"x", "colour masks outside of a pixel", 1, 0, 29},
        {"x", "pitch and width do not fit", 1, 0, 32},
        {"x", "its memory is RAM", 1, 0, 32},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct boot_screen s = rgb;
        if (cases[i].why && !strncmp(cases[i].why, "pitch", 5))
            s.pitch = 4092;
        if (cases[i].why && !strncmp(cases[i].why, "its", 3))
            s.base = 0x7FF000;
        mb2_screen_make(cases[i].words, &s, cases[i].type, cases[i].size);
        EXPECT(mb2_read().exit == 0);
        EXPECT(cases[i].kind ? screen_is(&s, cases[i].kind) : no_screen(cases[i].why));
        free(bytes);
    }
}

static void test_limits(void)
{
    struct source_region region = {0, 1, 1};
    mb1_make();
    memset(&source, 0, sizeof(source));
    for (unsigned i = 0; i < SOURCE_REGIONS; i++)
        EXPECT(source_add_region(&source, &region).exit == 0);
    EXPECT(source_add_region(&source, &region).exit == EXIT_LOADER_INFO);
    for (unsigned i = 0; i < SOURCE_MODULES; i++)
        EXPECT(source_add_module(&source, &phys, BASE, BASE + SIZE).exit == 0);
    EXPECT(!strcmp(source_add_module(&source, &phys, BASE, BASE).why, "more than 16 modules"));
    EXPECT(source_read(&phys, 0, BASE, &source).exit == EXIT_LOADER_PROTOCOL);
    EXPECT(source_read(&phys, MB1_BOOT_MAGIC, 0, &source).exit == EXIT_LOADER_INFO);
    EXPECT(source_read(&phys, MB2_BOOT_MAGIC, 0xFFFFFFFF, &source).exit == EXIT_LOADER_INFO);
    EXPECT(phys_at(&phys, BASE + SIZE, 0) && !phys_at(&phys, BASE + SIZE, 1));
    EXPECT(!phys_at(&phys, BASE - 1, 1) && !phys_at(&phys, BASE, UINT64_MAX));
    free(bytes);
}

int main(void)
{
    test_mb1();
    test_mb1_damages();
    test_cmdline();
    test_mb2();
    test_mb2_damages();
    test_mb1_screen();
    test_bios_screen();
    test_mb2_screen();
    test_limits();
    return unit_done("loader source");
}

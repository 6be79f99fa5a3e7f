/* SPDX-License-Identifier: MIT
 * The kernel's screen: where its memory is found and how it is mapped, who is kept from it, and
 * what a panic shows. The screens are blocks exactly as large as they say. */
#include "kernel/hal/screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/hal/direct.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/sampler.h"

#define TEXT_BASE 0xB8000u
#define COLUMNS   80u
#define FAR       (1ull << 35) /* not in the direct map */
#define GARBAGE   0xAAu

static const struct boot_screen text = {
    .kind = BOOT_SCREEN_TEXT, .base = TEXT_BASE, .width = COLUMNS, .height = 25, .pitch = 160};
static const struct boot_screen pixels = {.kind = BOOT_SCREEN_RGB,
                                          .base = FAR,
                                          .width = 320,
                                          .height = 160,
                                          .pitch = 1280,
                                          .bits = 32,
                                          .red_shift = 16,
                                          .red_bits = 8,
                                          .green_shift = 8,
                                          .green_bits = 8,
                                          .blue_bits = 8};

uint64_t direct_base;
const struct bootinfo *hal_boot;
static struct bootinfo boot;
static uint8_t *memory;
static bool refuses; /* the mapping */
static unsigned mapped_combining, mapped_device, lines_said, holds;
static bool held;
static uint64_t mapped_base, mapped_bytes;

/* ---- what screen.c asks of others ---- */
static void *mapping(paddr_t base, uint64_t bytes)
{
    mapped_base = base;
    mapped_bytes = bytes;
    return refuses ? NULL : memory;
}

void *paging_map_device(paddr_t base, uint64_t bytes)
{
    mapped_device++;
    return mapping(base, bytes);
}

void *paging_map_combining(paddr_t base, uint64_t bytes)
{
    mapped_combining++;
    return mapping(base, bytes);
}

void sampler_hold(bool hold)
{
    HOLD(hold != held);
    held = hold;
    holds += hold;
}

void klog(const char *format, ...)
{
    lines_said += strstr(format, "cannot be mapped") != NULL;
}

/* ---- the machine ---- */

/* A machine with such a screen, all of whose bytes are garbage. */
static void machine_make(const struct boot_screen *screen, const char *words)
{
    const size_t bytes = (size_t)screen->pitch * screen->height;

    free(memory);
    memory = malloc(bytes);
    memset(memory, GARBAGE, bytes);
    boot = (struct bootinfo){.screen = *screen};
    memcpy(boot.cmdline, words, strlen(words) + 1);
    hal_boot = &boot;
    direct_base = (uint64_t)(uintptr_t)memory - screen->base;
    refuses = false;
    mapped_combining = mapped_device = lines_said = holds = 0;
}

static void begin(const struct boot_screen *screen, const char *words)
{
    machine_make(screen, words);
    screen_open();
}

static void say(const char *line)
{
    screen_write(line, strlen(line));
}

static char cell(unsigned row, unsigned column)
{
    return (char)memory[(row * COLUMNS + column) * 2];
}

static bool row_is(unsigned row, const char *line)
{
    char seen[COLUMNS + 1] = "";

    for (unsigned i = 0; i < COLUMNS; i++)
        seen[i] = cell(row, i);
    for (size_t n = COLUMNS; n && seen[n - 1] == ' ';)
        seen[--n] = 0;
    return !strcmp(seen, line);
}

static unsigned row_colours(unsigned row)
{
    return memory[row * COLUMNS * 2 + 1];
}

static bool untouched(void)
{
    for (size_t i = 0; i < (size_t)boot.screen.pitch * boot.screen.height; i++)
        if (memory[i] != GARBAGE)
            return false;
    return true;
}

static unsigned whites(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < (size_t)pixels.pitch * pixels.height; i += 4)
        n += memory[i] == 0xFF && memory[i + 1] == 0xFF && memory[i + 2] == 0xFF;
    return n;
}

/* No screen, or one that nobody can use: each call is one test. */
static void test_none(void)
{
    struct boot_screen bad[] = {text, pixels};

    bad[0].kind = BOOT_SCREEN_NONE;
    bad[1].bits = 8;
    for (unsigned i = 0; i < 2; i++) {
        begin(&bad[i], "pti=on");
        screen_map();
        say("text");
        screen_give();
        screen_urgent();
        screen_panic();
        say("text");
        EXPECT(untouched() && !holds && !mapped_combining && !mapped_device);
    }
}

/* Text is shown while no sample is taken, and a command line of any length leaves room
 * for it. */
static void test_text(void)
{
    char words[BOOT_CMDLINE];

    begin(&text, "pti=on test=life");
    EXPECT(row_is(0, "boot words: pti=on test=life") && row_colours(0) == 0x0F);
    screen_map();
    EXPECT(!mapped_combining && !mapped_device); /* cells are few */
    holds = 0;
    say("one\ntwo");
    EXPECT(row_is(1, "one") && row_is(2, "two") && holds == 1 && !held);
    screen_close();
    say("three");
    EXPECT(row_is(2, "two") && holds == 1);
    memset(words, 'w', sizeof(words));
    words[200] = 0;
    begin(&text, words);
    EXPECT(cell(2, 51) == 'w' && cell(2, 52) == ' ' && cell(2, 53) == ' ');
    words[200] = 'w';
    words[201] = 0;
    begin(&text, words);
    EXPECT(cell(2, 51) == 'w' && cell(2, 52) == ' ' && cell(2, 53) == '.' && cell(3, 0) == ' ');
}

/* ---- pixels ---- */

/* Pixels that the direct map does not reach appear with their mapping, what came before
 * too. */
static void test_mapped(void)
{
    begin(&pixels, "early");
    EXPECT(untouched());
    screen_map();
    const unsigned before = whites();
    EXPECT(before > 100 && mapped_combining == 1 && !mapped_device);
    EXPECT(mapped_base == FAR && mapped_bytes == (uint64_t)pixels.pitch * pixels.height);
    say("more");
    EXPECT(whites() > before);
    screen_give(); /* a task that maps a PC's text memory does not have the pixels */
    const unsigned then = whites();
    say("still");
    EXPECT(whites() > then);
}

/* Pixels in the direct map are there at once, and stay where a mapping is refused. */
static void test_direct(void)
{
    struct boot_screen near = pixels;

    near.base = 0xFD000000;
    begin(&near, "early");
    const unsigned before = whites();
    EXPECT(before > 100);
    refuses = true;
    screen_map();
    say("more");
    EXPECT(whites() > before && !lines_said && mapped_combining == 1);
    near.base = (4ull << 30) - (uint64_t)near.pitch * near.height; /* up to its last byte */
    begin(&near, "early");
    EXPECT(whites() == before);
    near.base += 4;
    begin(&near, "early");
    EXPECT(untouched());
}

/* Pixels that cannot be mapped: said once, and no text is kept for what will never be
 * there. */
static void test_unreachable(void)
{
    begin(&pixels, "early");
    refuses = true;
    screen_map();
    EXPECT(lines_said == 1);
    holds = 0;
    say("more");
    screen_panic();
    say("more");
    EXPECT(untouched() && !holds);
}

/* ---- a task has the text screen ---- */

/* Nothing is written until a panic, which draws what stood there, and itself on red. */
static void test_given(void)
{
    struct boot_screen below = text;

    below.top = 2;
    begin(&below, "x");
    say("mine\n");
    memset(memory + 320, 'T', 3680);
    screen_give();
    holds = 0;
    say("kept back");
    EXPECT(!holds && row_colours(3) == 'T' && cell(4, 0) == 'T');
    screen_panic();
    say("panic");
    EXPECT(row_is(0, "boot words: x") && row_is(1, "mine") && row_is(2, "panic"));
    EXPECT(row_colours(0) == 0x0F && row_colours(2) == 0x4F && row_is(24, ""));
}

/* A panic has room for its record, whatever stands there; a screen that failed is left
 * alone. */
static void test_panic(void)
{
    begin(&text, "x");
    for (unsigned i = 0; i < 40; i++)
        say("line\n");
    screen_close();
    screen_panic();
    say("panic\nmore");
    EXPECT(row_is(1, "line") && row_is(2, "panic") && row_colours(2) == 0x4F && row_is(3, "more"));
    EXPECT(row_colours(1) == 0x0F && row_is(24, ""));
    begin(&text, "x");
    screen_urgent();
    say("why");
    EXPECT(row_is(1, "why") && row_colours(1) == 0x4F && row_colours(0) == 0x0F);
}

int main(void)
{
    test_none();
    test_text();
    test_mapped();
    test_direct();
    test_unreachable();
    test_given();
    test_panic();
    free(memory);
    return unit_done("hal-screen");
}

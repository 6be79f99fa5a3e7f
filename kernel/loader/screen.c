/* SPDX-License-Identifier: MIT
 * See screen.h. A text screen is used only if its memory answers: a BIOS may say that there is one
 * where no card is. */
#include "kernel/loader/screen.h"

#include <stddef.h>

#include "kernel/hal/terminal.h"
#include "kernel/loader/io.h"
#include "kernel/loader/map.h"

#define CRTC_INDEX    0x3D4u
#define CRTC_DATA     0x3D5u
#define CURSOR_START  0x0Au
#define CURSOR_HIDDEN 0x20u

static struct boot_screen screen;
static struct terminal terminal;
static bool opened;

void screen_take(const struct boot_screen *wanted)
{
    screen = *wanted;
    opened = false;
}

static bool text_answers(volatile uint16_t *cell)
{
    uint16_t kept = *cell;
    *cell = 0x5AA5;
    bool answers = *cell == 0x5AA5;
    *cell = 0xA55A;
    answers = answers && *cell == 0xA55A;
    *cell = kept;
    return answers;
}

static void cursor_hide(void)
{
    io_out8(CRTC_INDEX, CURSOR_START);
    io_out8(CRTC_DATA, CURSOR_HIDDEN);
}

static void screen_open(void)
{
    volatile void *memory = NULL;
    opened = true;
    if (screen.kind == BOOT_SCREEN_NONE)
        return;
    if (screen.base + terminal_bytes(&screen) <= MAP_4GIB)
        memory = (volatile void *)(uintptr_t)screen.base;
    if (screen.kind == BOOT_SCREEN_TEXT && !text_answers(memory)) {
        screen.kind = BOOT_SCREEN_NONE;
        return;
    }
    if (screen.kind == BOOT_SCREEN_TEXT)
        cursor_hide();
    terminal_open(&terminal, &screen, memory);
}

void screen_put(char c)
{
    if (!opened)
        screen_open();
    if (screen.kind == BOOT_SCREEN_NONE)
        return;
    terminal_write(&terminal, &c, 1);
    terminal_show(&terminal);
}

void screen_urgent(void)
{
    if (!opened)
        screen_open();
    terminal.urgent = TERMINAL_URGENT;
}

struct boot_screen screen_left(void)
{
    struct boot_screen left = screen;
    if (left.kind != BOOT_SCREEN_NONE && terminal.memory) {
        left.top = (uint16_t)(terminal.row + (terminal.column != 0));
        left.clear = 1;
    }
    return left;
}

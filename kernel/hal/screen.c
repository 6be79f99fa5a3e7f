/* SPDX-License-Identifier: MIT
 * See screen.h. The terminal of terminal.c on the screen's memory. Pixels are written through a
 * mapping of their own because single writes to uncached memory take a hundred nanoseconds each,
 * and a line that scrolls rewrites a million of them; the direct map's, with which the boot begins,
 * is what the firmware's MTRRs say. */
#include "kernel/hal/screen.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hal/direct.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/sampler.h"
#include "kernel/hal/terminal.h"

#define PANIC_ROWS  23u  /* of a record on 80 columns */
#define WORDS_SHOWN 200u /* bytes of the command line */

static struct terminal terminal; /* columns 0: there is no screen */
static bool on, given;

/* The line's beginning: the cells of a matrix would fill the screen. */
static void words_show(void)
{
    uint64_t n = 0;
    while (n < WORDS_SHOWN && hal_boot->cmdline[n] != '\0')
        n++;
    screen_write("boot words: ", 12);
    screen_write(hal_boot->cmdline, n);
    screen_write(hal_boot->cmdline[n] != '\0' ? " ...\n" : "\n", hal_boot->cmdline[n] ? 5 : 1);
}

void screen_open(void)
{
    const struct boot_screen *s = &hal_boot->screen;
    if (s->kind == BOOT_SCREEN_NONE || terminal_refuse(s) != NULL)
        return;
    const bool direct = s->base + terminal_bytes(s) <= DIRECT_BYTES;
    terminal_open(&terminal, s, direct ? (volatile void *)(direct_base + s->base) : NULL);
    on = true;
    words_show();
}

void screen_map(void)
{
    const struct boot_screen *s = &terminal.screen;
    if (terminal.columns == 0 || s->kind != BOOT_SCREEN_RGB)
        return;
    const uint64_t bytes = terminal_bytes(s);
    void *const memory = paging_map_combining(s->base, bytes);
    if (memory != NULL)
        terminal_attach(&terminal, memory);
    if (terminal.memory != NULL)
        return;
    terminal.columns = 0;
    on = false;
    klog("screen: %lu bytes at 0x%lx cannot be mapped\n", bytes, s->base);
}

void screen_write(const char *bytes, uint64_t count)
{
    if (!on)
        return;
    sampler_hold(true); /* as while the serial line is sent to */
    terminal_write(&terminal, bytes, count);
    terminal_show(&terminal);
    sampler_hold(false);
}

void screen_give(void)
{
    given = terminal.columns != 0 && terminal.screen.kind == BOOT_SCREEN_TEXT;
    on = on && !given;
}

void screen_urgent(void)
{
    terminal.urgent = TERMINAL_URGENT;
}

void screen_panic(void)
{
    if (terminal.columns == 0)
        return;
    on = true;
    if (given)
        terminal_redraw(&terminal);
    terminal_room(&terminal, PANIC_ROWS);
    screen_urgent();
}

void screen_close(void)
{
    on = false;
}

/* SPDX-License-Identifier: MIT
 * A terminal on a screen of text cells or of pixels: white text on black, urgent text on red, lines
 * that scroll. What stands on the screen is kept in memory, so the screen is never read and only
 * cells that changed are written. Pure but for that memory, which may be slow; used by the loader
 * (screen.c there), which is 32-bit code, and by the kernel (screen.c here). */
#ifndef TACH_HAL_TERMINAL_H
#define TACH_HAL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/boot.h"

/* What is used of a larger screen, from its upper left corner. */
#define TERMINAL_COLUMNS 128u
#define TERMINAL_ROWS    48u

#define TERMINAL_URGENT 0x80u

struct terminal {
    struct boot_screen screen;
    volatile uint8_t *memory; /* of the screen; NULL: nothing is drawn, only kept */
    uint32_t columns, rows;
    uint32_t top;         /* lines above are not touched any more */
    uint32_t row, column; /* where the next character goes; column may be `columns` */
    uint32_t follow;      /* bytes that still belong to a UTF-8 character */
    uint32_t first, last; /* rows in which `wanted` may differ from `shown`; first > last: none */
    uint8_t urgent;       /* TERMINAL_URGENT: what comes is on red; else 0 */
    uint8_t wanted[TERMINAL_ROWS][TERMINAL_COLUMNS]; /* a glyph, and perhaps TERMINAL_URGENT */
    uint8_t shown[TERMINAL_ROWS][TERMINAL_COLUMNS];
};

/* NULL if a terminal can be made of such a screen, else why not. Nothing of it is trusted. */
const char *terminal_refuse(const struct boot_screen *screen);

/* Bytes of the screen from its base on; of one that was not refused. */
uint64_t terminal_bytes(const struct boot_screen *screen);

/* An empty terminal on a screen that was not refused, whose memory is found at `memory`; NULL: it
 * cannot be reached yet. */
void terminal_open(struct terminal *t, const struct boot_screen *screen, volatile void *memory);

/* From now on the screen's memory is found there. A screen that is not known to be black
 * (screen.clear) is made so, and the text drawn. */
void terminal_attach(struct terminal *t, volatile void *memory);

/* What stands on the screen is somebody else's: all of it is drawn anew, from the first line on. */
void terminal_redraw(struct terminal *t);

/* Adds text, which appears with terminal_show. Newline, carriage return, backspace and tabs work,
 * other control bytes are dots, a character beyond ASCII is one box; any bytes are safe. */
void terminal_write(struct terminal *t, const char *bytes, uint64_t count);

/* Draws the cells that changed. */
void terminal_show(struct terminal *t);

/* Goes to a new line with at least so many empty ones, as far as the screen has them; the text
 * above scrolls. */
void terminal_room(struct terminal *t, uint32_t rows);

#endif

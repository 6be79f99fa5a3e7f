/* SPDX-License-Identifier: MIT
 * The glyphs of the screen: a table that kernel/hal/font.py makes at build time. Read by
 * terminal.c. */
#ifndef TACH_HAL_FONT_H
#define TACH_HAL_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8u
#define FONT_HEIGHT 16u
#define FONT_FIRST  0x20u /* the first character; the last is ~ */
#define FONT_OTHER  0x7Fu /* stands for all that there is no glyph of: a box */
#define FONT_GLYPHS (FONT_OTHER - FONT_FIRST + 1u)

/* A byte a line, from the top; the leftmost pixel is the highest bit. */
extern const uint8_t font_glyphs[FONT_GLYPHS][FONT_HEIGHT];

#endif

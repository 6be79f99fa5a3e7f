/* SPDX-License-Identifier: MIT
 * See terminal.h. Two arrays of cells: what is wanted and what is shown; only terminal_show and the
 * clearing touch the screen's memory, and only by writes. */
#include "kernel/hal/terminal.h"

#include <stddef.h>

#include "kernel/hal/font.h"

#define TEXT_START  0xA0000ull /* where a PC has the memory of its text modes */
#define TEXT_END    0xC0000ull
#define COLUMNS_MIN 20u
#define ROWS_MIN    4u
#define SIDE_MAX    16384u /* pixels, or cells: far more than any screen has */
#define ADDRESS_END (1ull << 52)
#define CELL_BYTES  2u
#define CELL_WHITE  0x0F00u /* attributes of a PC's text mode */
#define CELL_URGENT 0x4F00u
#define RED_LEVEL   0xB0u
#define CHANNEL_MAX 16u
#define TAB         8u
#define ASCII_END   0x80u
#define UTF8_LEAD   0xC0u
#define UTF8_LEAD_3 0xE0u
#define UTF8_LEAD_4 0xF0u
#define BITS_A_BYTE 8u
#define BYTES_16    2u
#define BYTES_32    4u

static uint32_t pixel_bytes(const struct boot_screen *s)
{
    return s->kind == BOOT_SCREEN_TEXT ? CELL_BYTES : (s->bits + 7u) / BITS_A_BYTE;
}

static bool channel_good(const struct boot_screen *s, unsigned shift, unsigned bits)
{
    return bits != 0 && bits <= CHANNEL_MAX && shift + bits <= s->bits;
}

static const char *text_refuse(const struct boot_screen *s)
{
    if (s->base < TEXT_START || s->base + terminal_bytes(s) > TEXT_END)
        return "text memory outside of a PC's";
    return NULL;
}

static const char *pixels_refuse(const struct boot_screen *s)
{
    if (s->bits != 15 && s->bits != 16 && s->bits != 24 && s->bits != 32)
        return "not 15, 16, 24 or 32 bits a pixel";
    if (!channel_good(s, s->red_shift, s->red_bits) ||
        !channel_good(s, s->green_shift, s->green_bits) ||
        !channel_good(s, s->blue_shift, s->blue_bits))
        return "colour masks outside of a pixel";
    return NULL;
}

const char *terminal_refuse(const struct boot_screen *s)
{
    const bool text = s->kind == BOOT_SCREEN_TEXT;
    const uint32_t columns = text ? 1 : FONT_WIDTH, rows = text ? 1 : FONT_HEIGHT;

    if (!text && s->kind != BOOT_SCREEN_RGB)
        return "neither text nor direct colours";
    if (s->width > SIDE_MAX || s->height > SIDE_MAX)
        return "absurd size";
    if (s->width < COLUMNS_MIN * columns || s->height < ROWS_MIN * rows)
        return "too small for text";
    const char *why = text ? NULL : pixels_refuse(s);
    if (why != NULL)
        return why;
    const uint32_t bytes = pixel_bytes(s);
    if (s->pitch < s->width * bytes || s->pitch > SIDE_MAX * CELL_BYTES * BYTES_32)
        return "pitch and width do not fit";
    /* a pixel or cell is written by one access where it has 2 or 4 bytes */
    if (bytes != 3 && (s->pitch % bytes || (uint32_t)s->base % bytes))
        return "lines do not begin at whole pixels";
    if (s->base < TEXT_START || s->base > ADDRESS_END - terminal_bytes(s))
        return "absurd address";
    return text ? text_refuse(s) : NULL;
}

uint64_t terminal_bytes(const struct boot_screen *s)
{
    return (uint64_t)s->pitch * s->height;
}

static void pixel_put(volatile uint8_t *at, uint32_t bytes, uint32_t colour)
{
    if (bytes == BYTES_32) {
        *(volatile uint32_t *)at = colour;
    } else if (bytes == BYTES_16) {
        *(volatile uint16_t *)at = (uint16_t)colour;
    } else {
        at[0] = (uint8_t)colour;
        at[1] = (uint8_t)(colour >> 8);
        at[2] = (uint8_t)(colour >> 16);
    }
}

/* A channel of 8 bits as one of another width. */
static uint32_t channel(uint32_t level, unsigned shift, unsigned bits)
{
    level = bits < BITS_A_BYTE ? level >> (BITS_A_BYTE - bits) : level << (bits - BITS_A_BYTE);
    return level << shift;
}

static uint32_t colour_white(const struct boot_screen *s)
{
    return channel(0xFF, s->red_shift, s->red_bits) | channel(0xFF, s->green_shift, s->green_bits) |
           channel(0xFF, s->blue_shift, s->blue_bits);
}

static void glyph_draw(const struct terminal *t, volatile uint8_t *corner, uint8_t cell)
{
    const struct boot_screen *s = &t->screen;
    const uint8_t *glyph = font_glyphs[(cell & ~TERMINAL_URGENT) - FONT_FIRST];
    const uint32_t ink = colour_white(s), bytes = pixel_bytes(s);
    const uint32_t paper =
        cell & TERMINAL_URGENT ? channel(RED_LEVEL, s->red_shift, s->red_bits) : 0;

    for (uint32_t y = 0; y < FONT_HEIGHT; y++)
        for (uint32_t x = 0; x < FONT_WIDTH; x++)
            pixel_put(corner + (size_t)y * s->pitch + (size_t)x * bytes, bytes,
                      glyph[y] >> (FONT_WIDTH - 1 - x) & 1 ? ink : paper);
}

static void cell_draw(struct terminal *t, uint32_t row, uint32_t column)
{
    const uint8_t cell = t->shown[row][column];
    const struct boot_screen *s = &t->screen;

    if (s->kind == BOOT_SCREEN_TEXT)
        *(volatile uint16_t *)(t->memory + (size_t)row * s->pitch + (size_t)column * CELL_BYTES) =
            (uint16_t)((cell & TERMINAL_URGENT ? CELL_URGENT : CELL_WHITE) |
                       ((cell & ~TERMINAL_URGENT) == FONT_OTHER ? 0xFE : cell & ~TERMINAL_URGENT));
    else
        glyph_draw(t,
                   t->memory + (size_t)row * FONT_HEIGHT * s->pitch +
                       (size_t)column * FONT_WIDTH * pixel_bytes(s),
                   cell);
}

static void memory_clear(const struct terminal *t)
{
    const struct boot_screen *s = &t->screen;
    const uint32_t blank = s->kind == BOOT_SCREEN_TEXT ? CELL_WHITE | ' ' : 0;
    const uint32_t bytes = pixel_bytes(s);

    for (uint32_t y = 0; y < s->height; y++)
        for (uint32_t x = 0; x < s->width; x++)
            pixel_put(t->memory + (size_t)y * s->pitch + (size_t)x * bytes, bytes, blank);
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void rows_touch(struct terminal *t, uint32_t first, uint32_t last)
{
    t->first = lesser(t->first, first);
    t->last = t->last > last ? t->last : last;
}

static void cells_clear(uint8_t cells[TERMINAL_ROWS][TERMINAL_COLUMNS])
{
    for (uint32_t i = 0; i < TERMINAL_ROWS; i++)
        for (uint32_t j = 0; j < TERMINAL_COLUMNS; j++)
            cells[i][j] = ' ';
}

void terminal_attach(struct terminal *t, volatile void *memory)
{
    t->memory = memory;
    if (!t->screen.clear)
        memory_clear(t);
    t->screen.clear = 1;
    terminal_show(t);
}

void terminal_open(struct terminal *t, const struct boot_screen *screen, volatile void *memory)
{
    const bool text = screen->kind == BOOT_SCREEN_TEXT;

    t->screen = *screen;
    t->memory = NULL;
    t->columns = lesser(TERMINAL_COLUMNS, text ? screen->width : screen->width / FONT_WIDTH);
    t->rows = lesser(TERMINAL_ROWS, text ? screen->height : screen->height / FONT_HEIGHT);
    t->top = t->row = lesser(screen->top, t->rows / 2);
    t->column = t->follow = 0;
    t->first = t->rows;
    t->last = 0;
    t->urgent = 0;
    cells_clear(t->wanted);
    cells_clear(t->shown);
    if (memory != NULL)
        terminal_attach(t, memory);
}

void terminal_redraw(struct terminal *t)
{
    t->top = 0;
    t->screen.clear = 0;
    cells_clear(t->shown);
    rows_touch(t, 0, t->rows - 1);
    if (t->memory != NULL)
        terminal_attach(t, t->memory);
}

/* One line up, and an empty one at the end. */
static void scroll(struct terminal *t)
{
    for (uint32_t i = t->top; i < t->rows; i++)
        for (uint32_t j = 0; j < t->columns; j++)
            t->wanted[i][j] = i + 1 < t->rows ? t->wanted[i + 1][j] : ' ';
    rows_touch(t, t->top, t->rows - 1);
}

static void line_new(struct terminal *t)
{
    t->column = 0;
    if (t->row + 1 < t->rows)
        t->row++;
    else
        scroll(t);
}

static void cell_put(struct terminal *t, uint8_t c)
{
    if (t->column == t->columns)
        line_new(t);
    t->wanted[t->row][t->column++] = c | t->urgent;
    rows_touch(t, t->row, t->row);
}

/* True if the byte goes on with a character that has its box already; else a box may be due. */
static bool utf8_follows(struct terminal *t, uint8_t c)
{
    const bool follows = c >= ASCII_END && c < UTF8_LEAD && t->follow != 0;

    if (follows)
        t->follow--;
    else
        t->follow = c < UTF8_LEAD ? 0 : c < UTF8_LEAD_3 ? 1 : c < UTF8_LEAD_4 ? 2 : 3;
    return follows;
}

static void byte_put(struct terminal *t, uint8_t c)
{
    if (utf8_follows(t, c))
        return;
    if (c == '\n')
        line_new(t);
    else if (c == '\r')
        t->column = 0;
    else if (c == '\b')
        t->column -= t->column != 0;
    else if (c == '\t')
        do
            cell_put(t, ' ');
        while (t->column % TAB != 0 && t->column < t->columns);
    else if (c >= ASCII_END)
        cell_put(t, FONT_OTHER);
    else
        cell_put(t, c < ' ' || c == FONT_OTHER ? '.' : c);
}

void terminal_write(struct terminal *t, const char *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        byte_put(t, (uint8_t)bytes[i]);
}

void terminal_show(struct terminal *t)
{
    for (uint32_t i = t->first; i <= t->last && t->memory != NULL; i++)
        for (uint32_t j = 0; j < t->columns; j++)
            if (t->wanted[i][j] != t->shown[i][j]) {
                t->shown[i][j] = t->wanted[i][j];
                cell_draw(t, i, j);
            }
    if (t->memory != NULL) {
        t->first = t->rows;
        t->last = 0;
    }
}

void terminal_room(struct terminal *t, uint32_t rows)
{
    if (t->column != 0)
        line_new(t);
    rows = lesser(rows, t->rows - t->top);
    for (; t->row > t->rows - rows; t->row--)
        scroll(t);
}

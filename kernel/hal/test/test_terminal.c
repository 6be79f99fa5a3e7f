/* SPDX-License-Identifier: MIT
 * The terminal on screens of every kind: blocks of memory exactly as large as the screen, so that
 * the sanitizer sees each byte too far, whose pixels are read back as text by the font. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/font.h"
#include "kernel/hal/terminal.h"

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

static const struct boot_screen text = {
    .kind = BOOT_SCREEN_TEXT, .base = 0xB8000, .width = 80, .height = 25, .pitch = 160};

/* Odd sizes: neither the last column nor the last row is a whole cell. */
static const struct boot_screen pixels = {.kind = BOOT_SCREEN_RGB,
                                          .base = 0xFD000000,
                                          .width = 323,
                                          .height = 150,
                                          .pitch = 1312,
                                          .bits = 32,
                                          .red_shift = 16,
                                          .red_bits = 8,
                                          .green_shift = 8,
                                          .green_bits = 8,
                                          .blue_shift = 0,
                                          .blue_bits = 8};

static struct terminal t;
static uint8_t *memory;

static void open_at(const struct boot_screen *screen, uint8_t garbage)
{
    CHECK(terminal_refuse(screen) == NULL);
    memory = malloc(terminal_bytes(screen));
    memset(memory, garbage, terminal_bytes(screen));
    terminal_open(&t, screen, memory);
}

static void say(const char *string)
{
    terminal_write(&t, string, strlen(string));
    terminal_show(&t);
}

static uint32_t pixel_get(uint32_t x, uint32_t y)
{
    const uint32_t bytes = (t.screen.bits + 7u) / 8;
    uint32_t value = 0;
    memcpy(&value, memory + (size_t)y * t.screen.pitch + (size_t)x * bytes, bytes);
    return value;
}

/* The character whose glyph is drawn in the cell, by its two colours; 0: none. */
static char glyph_read(uint32_t row, uint32_t column, uint32_t ink, uint32_t paper)
{
    uint8_t seen[FONT_HEIGHT] = {0};
    for (uint32_t y = 0; y < FONT_HEIGHT; y++)
        for (uint32_t x = 0; x < FONT_WIDTH; x++) {
            const uint32_t p = pixel_get(column * FONT_WIDTH + x, row * FONT_HEIGHT + y);
            if (p != ink && p != paper)
                return 0;
            seen[y] = (uint8_t)(seen[y] | (p == ink ? 0x80u >> x : 0));
        }
    for (uint32_t i = 0; i < FONT_GLYPHS; i++)
        if (!memcmp(seen, font_glyphs[i], FONT_HEIGHT))
            return (char)(FONT_FIRST + i);
    return 0;
}

/* The row as it can be read on the screen, without blanks at its end. */
static const char *row_read(uint32_t row, uint32_t ink, uint32_t paper)
{
    static char line[TERMINAL_COLUMNS + 1];
    memset(line, 0, sizeof(line));
    for (uint32_t i = 0; i < t.columns; i++)
        line[i] = t.screen.kind == BOOT_SCREEN_TEXT ? (char)memory[row * t.screen.pitch + i * 2]
                                                    : glyph_read(row, i, ink, paper);
    for (size_t n = strlen(line); n && line[n - 1] == ' ';)
        line[--n] = 0;
    return line;
}

static bool row_is(uint32_t row, const char *line)
{
    return !strcmp(row_read(row, 0xFFFFFF, 0), line);
}

static void lines(void)
{
    open_at(&text, 0x55);
    CHECK(t.columns == 80 && t.rows == 25);
    CHECK(row_is(0, "") && row_is(24, "") && memory[1] == 0x0F && memory[3999] == 0x0F);
    say("one\ntwo\r\nthr\bee\tx\ty\rT");
    CHECK(row_is(0, "one") && row_is(1, "two"));
    CHECK(row_is(2, "Thee    x       y"));
    say("\n\b\b\x01\x1B[0m\x7F");
    CHECK(row_is(3, "..[0m."));
    say("\n\xC3\xA4|\xE2\x82\xAC|\xF0\x9F\x98\x80|\xFF|\x80\x80|\xC3|");
    CHECK(row_is(4, "\xFE|\xFE|\xFE|\xFE|\xFE\xFE|\xFE|"));
    free(memory);
}

/* A full line does not make an empty one, a longer one goes on in the next. */
static void wrapped(void)
{
    char line[162] = "";
    memset(line, 'a', 160);
    open_at(&text, 0);
    terminal_write(&t, line, 80);
    say("\nb\n");
    CHECK(row_is(1, "b") && t.row == 2);
    line[80] = 'c';
    terminal_write(&t, line, 81);
    say("d");
    CHECK(row_is(3, "cd"));
    say("\t\t\t\t\t\t\t\t\t\tz\n");
    CHECK(row_is(4, "z"));
    free(memory);
    struct boot_screen odd = text;
    odd.width = 21, odd.pitch = 42;
    open_at(&odd, 0);
    say("\t\t\tz"); /* a tab ends with its line */
    CHECK(row_is(0, "") && row_is(1, "z"));
    free(memory);
}

static void scrolled(void)
{
    struct boot_screen below = text;
    below.top = 2;
    below.clear = 1;
    open_at(&below, 0);
    memset(memory, 'L', 320);
    for (unsigned i = 320; i < 4000; i++)
        memory[i] = i % 2 ? 0x0F : ' ';
    for (unsigned i = 0; i < 40; i++) {
        char number[8];
        (void)snprintf(number, sizeof(number), "%u\n", i);
        say(number);
    }
    CHECK(memory[0] == 'L' && memory[319] == 'L'); /* the loader's lines stay */
    CHECK(row_is(2, "18") && row_is(23, "39") && t.row == 24);
    say("end");
    CHECK(row_is(24, "end"));
    terminal_redraw(&t);
    CHECK(row_is(0, "") && row_is(1, "") && row_is(24, "end")); /* nor did ours go there unseen */
    free(memory);
    below.top = 999;
    below.clear = 0;
    open_at(&below, 0);
    CHECK(t.top == 12 && t.row == 12);
    free(memory);
}

/* What is on the screen already is not written again; it may have been slow. */
static void only_changes(void)
{
    open_at(&text, 0);
    say("same\n");
    memset(memory, 0, 4000);
    say("new");
    CHECK(memory[0] == 0 && memory[160] == 'n' && memory[166] == 0);
    say("\rnow");
    memory[160] = 0;
    say("\rnow");
    CHECK(memory[160] == 0);
    free(memory);
}

static void urgent(void)
{
    open_at(&text, 0);
    say("a\nb");
    terminal_room(&t, 20);
    CHECK(t.row == 2 && t.column == 0);
    for (unsigned i = 0; i < 30; i++)
        say("x\n");
    terminal_room(&t, 20);
    CHECK(t.row == 5);
    t.urgent = TERMINAL_URGENT;
    say("panic");
    CHECK(row_is(5, "panic") && memory[5 * 160 + 1] == 0x4F && row_is(4, "x") && row_is(6, ""));
    terminal_room(&t, 999);
    CHECK(t.row == 0);
    say("all");
    CHECK(row_is(0, "all") && row_is(1, ""));
    free(memory);
}

/* A task had the screen meanwhile. */
static void drawn_anew(void)
{
    struct boot_screen below = text;
    below.top = 1;
    open_at(&below, 0);
    say("mine\n");
    memset(memory, 'X', 4000);
    say("kept");
    terminal_redraw(&t);
    CHECK(row_is(0, "") && row_is(1, "mine") && row_is(2, "kept") && row_is(24, ""));
    terminal_room(&t, 25);
    say("top");
    CHECK(row_is(0, "top"));
    free(memory);
}

static void drawn(unsigned bits, const uint8_t shifts[3], const uint8_t widths[3])
{
    struct boot_screen s = pixels;
    const uint32_t red = (widths[0] < 8 ? 0xB0u >> (8 - widths[0]) : 0xB0u << (widths[0] - 8))
                         << shifts[0];
    uint32_t white = 0;
    s.bits = (uint8_t)bits;
    s.pitch = (bits + 7) / 8 * s.width + (bits == 24 ? 5 : 4);
    s.pitch -= bits == 24 ? 0 : s.pitch % ((bits + 7) / 8);
    s.red_shift = shifts[0], s.green_shift = shifts[1], s.blue_shift = shifts[2];
    s.red_bits = widths[0], s.green_bits = widths[1], s.blue_bits = widths[2];
    for (unsigned i = 0; i < 3; i++) /* 8-bit levels: the lower bits of wider channels stay 0 */
        white |= (widths[i] < 8 ? 0xFFu >> (8 - widths[i]) : 0xFFu << (widths[i] - 8)) << shifts[i];
    open_at(&s, 0xAA);
    CHECK(t.columns == 40 && t.rows == 9);
    CHECK(pixel_get(322, 149) == 0 && pixel_get(0, 0) == 0);
    CHECK(memory[s.width * ((bits + 7) / 8)] == 0xAA); /* what is behind a line is not ours */
    for (unsigned i = 0; i < 12; i++)
        say("The quick brown fox: {0123456789} ~@#%&*\n");
    t.urgent = TERMINAL_URGENT;
    say("\xC3\xA4!");
    CHECK(!strcmp(row_read(7, white, 0), "The quick brown fox: {0123456789} ~@#%&*"));
    CHECK(glyph_read(8, 0, white, red) == 0x7F && glyph_read(8, 1, white, red) == '!');
    CHECK(pixel_get(322, 149) == 0 && memory[s.width * ((bits + 7) / 8)] == 0xAA);
    free(memory);
}

static void colours(void)
{
    drawn(32, (const uint8_t[]){16, 8, 0}, (const uint8_t[]){8, 8, 8});
    drawn(32, (const uint8_t[]){20, 10, 0}, (const uint8_t[]){10, 10, 10});
    drawn(24, (const uint8_t[]){0, 8, 16}, (const uint8_t[]){8, 8, 8});
    drawn(16, (const uint8_t[]){11, 5, 0}, (const uint8_t[]){5, 6, 5});
    drawn(15, (const uint8_t[]){10, 5, 0}, (const uint8_t[]){5, 5, 5});
}

static void large(void)
{
    struct boot_screen s = pixels;
    s.width = 1920, s.height = 1080, s.pitch = 7680;
    open_at(&s, 0xAA);
    CHECK(t.columns == TERMINAL_COLUMNS && t.rows == TERMINAL_ROWS);
    for (unsigned i = 0; i < 100; i++)
        say("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
            "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\n");
    CHECK(row_is(46, "789 0123456789 0123456789") && pixel_get(1919, 1079) == 0);
    free(memory);
    terminal_open(&t, &s, NULL); /* kept only, until its memory is there */
    say("early");
    memory = calloc(1, terminal_bytes(&s));
    memory[0] = 0xAA; /* GRUB's picture */
    terminal_attach(&t, memory);
    CHECK(row_is(0, "early"));
    say("\nlate");
    CHECK(row_is(0, "early") && row_is(1, "late"));
    free(memory);
}

static void any_bytes(void)
{
    static const struct boot_screen *const kinds[] = {&text, &pixels};
    uint64_t state = 88172645463325252ull;
    for (unsigned k = 0; k < 2; k++) {
        open_at(kinds[k], 0);
        for (unsigned i = 0; i < 20000; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            terminal_write(&t, (const char *)&state, state >> 61);
            if (state % 31 == 0)
                terminal_room(&t, (uint32_t)(state >> 40) % 60);
            if (state % 7 == 0)
                terminal_show(&t);
        }
        CHECK(t.row < t.rows && t.column <= t.columns);
        free(memory);
    }
}

#define BAD(from, member, value)                                                                   \
    do {                                                                                           \
        struct boot_screen s = from;                                                               \
        s.member = value;                                                                          \
        CHECK(terminal_refuse(&s) != NULL);                                                        \
    } while (0)

static void refused(void)
{
    BAD(text, kind, BOOT_SCREEN_NONE);
    BAD(text, kind, 77);
    BAD(text, width, 0);
    BAD(text, width, 81);
    BAD(text, height, 0);
    BAD(text, height, 820);
    BAD(text, pitch, 159);
    BAD(text, pitch, 161);
    BAD(text, pitch, 0xFFFFFFFE);
    BAD(text, base, 0x9F000);
    BAD(text, base, 0xBF800);
    BAD(text, base, 0);
    BAD(pixels, kind, BOOT_SCREEN_NONE);
    BAD(pixels, kind, 77);
    BAD(pixels, width, 0);
    BAD(pixels, width, 1u << 30);
    BAD(pixels, width, 0xFFFFFFFF);
    BAD(pixels, height, 63);
    BAD(pixels, height, 0x80000000);
    BAD(pixels, pitch, 1288);
    BAD(pixels, pitch, 1314);
    BAD(pixels, pitch, 0xFFFFFFFC);
    BAD(pixels, base, 0xFD000002);
    BAD(pixels, base, 0x1000);
    BAD(pixels, base, UINT64_MAX - 3);
    BAD(pixels, base, 1ull << 52);
    BAD(pixels, bits, 8);
    BAD(pixels, bits, 0);
    BAD(pixels, bits, 33);
    BAD(pixels, bits, 30);
    BAD(pixels, blue_bits, 17);
    BAD(pixels, red_bits, 0);
    BAD(pixels, red_shift, 25);
    BAD(pixels, green_bits, 25);
    BAD(pixels, blue_shift, 255);
}

int main(void)
{
    lines();
    wrapped();
    scrolled();
    only_changes();
    urgent();
    drawn_anew();
    colours();
    large();
    any_bytes();
    refused();
    printf("terminal: %u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}

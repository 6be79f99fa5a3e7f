/* SPDX-License-Identifier: MIT
 * The boot words serial= and baud=. The loader judges them for the kernel too, which gets the
 * outcome. A bad word is said as it stands, but for bytes that a terminal might take amiss. */
#include "kernel/loader/serial.h"

#include <stddef.h>

#define ADDRESS_MIN 0x100000u /* below are RAM and the BIOS */
#define PORT_MIN    0x100u
#define PORT_END    0x10000u
#define DIVISOR_MAX 0xFFFFu

static char bad_word[64];

static struct outcome refuse(const char *word)
{
    size_t n = 0;
    for (; n < sizeof(bad_word) - 1 && word[n] && word[n] != ' '; n++)
        bad_word[n] = word[n] >= ' ' && word[n] <= '~' ? word[n] : '?';
    bad_word[n] = 0;
    return (struct outcome){EXIT_CMDLINE, bad_word};
}

/* The rest behind the prefix, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if (*text != *prefix)
            return NULL;
    return text;
}

static bool ends(const char *text)
{
    return !*text || *text == ' ';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* 0xDIGITS up to the word's end, at most eight of them; none are 0, which no port is. */
static bool hex_read(const char *text, uint32_t *value)
{
    const char *digits = behind(text, "0x");
    *value = 0;
    if (!digits)
        return false;
    for (unsigned n = 0; !ends(digits); digits++, n++) {
        if (n == 8 || digit_value(*digits) > 15)
            return false;
        *value = *value << 4 | (uint32_t)digit_value(*digits);
    }
    return true;
}

static bool memory_read(const char *text, uint8_t shift, struct boot_serial *line)
{
    uint32_t address;
    if (!hex_read(text, &address) || address < ADDRESS_MIN ||
        address > UINT32_MAX - (SERIAL_REGISTERS << shift) || address & ((1u << shift) - 1))
        return false;
    line->space = BOOT_SERIAL_MEMORY;
    line->shift = shift;
    line->base = address;
    return true;
}

static bool port_read(const char *text, struct boot_serial *line)
{
    static const uint16_t com[] = {0x3F8, 0x2F8, 0x3E8, 0x2E8};
    const char *number = behind(text, "com");
    uint32_t port;
    line->space = BOOT_SERIAL_PORT;
    if (number && *number >= '1' && *number <= '4' && ends(number + 1)) {
        line->base = com[*number - '1'];
        return true;
    }
    if (!hex_read(text, &port) || port < PORT_MIN || port > PORT_END - SERIAL_REGISTERS)
        return false;
    line->base = port;
    return true;
}

static bool line_read(const char *text, struct serial_wish *wish)
{
    const char *rest;
    wish->kind = SERIAL_NAMED;
    wish->line = (struct boot_serial){.source = BOOT_SERIAL_WORD, .baud = wish->line.baud};
    if ((rest = behind(text, "pci")) && ends(rest)) {
        wish->kind = SERIAL_PCI;
        return true;
    }
    if ((rest = behind(text, "mmio:")))
        return memory_read(rest, 0, &wish->line);
    if ((rest = behind(text, "mmio32:")))
        return memory_read(rest, 2, &wish->line);
    return port_read(text, &wish->line);
}

static bool baud_read(const char *text, uint32_t *baud)
{
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9' && value <= SERIAL_BAUD; text++)
        value = value * 10 + (uint32_t)(*text - '0');
    *baud = value;
    return ends(text) && value && SERIAL_BAUD % value == 0 && SERIAL_BAUD / value <= DIVISOR_MAX;
}

/* One word of the line; those that are not ours are somebody else's to judge. */
static bool word_read(const char *word, struct serial_wish *wish)
{
    const char *value = behind(word, "serial=");
    if (value)
        return line_read(value, wish);
    value = behind(word, "baud=");
    wish->baud_given |= value != NULL;
    return !value || baud_read(value, &wish->line.baud);
}

struct outcome serial_wish_read(const char *cmdline, struct serial_wish *wish)
{
    *wish = (struct serial_wish){.line = {.baud = SERIAL_BAUD}};
    for (const char *at = cmdline; *at;) {
        if (!word_read(at, wish))
            return refuse(at);
        while (!ends(at))
            at++;
        while (*at == ' ')
            at++;
    }
    return (struct outcome){0, NULL};
}

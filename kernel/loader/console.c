/* SPDX-License-Identifier: MIT
 * Text and numbers for the serial port and the screen, and the end of a failed boot. */
#include "kernel/loader/console.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/io.h"
#include "kernel/loader/port.h"
#include "kernel/loader/screen.h"

static void console_byte(char c)
{
    port_put((uint8_t)c);
    screen_put(c);
}

void console_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            console_byte('\r');
        console_byte(*text);
    }
}

void console_dec(uint32_t value)
{
    char digits[11];
    char *p = digits + sizeof(digits) - 1;
    *p = 0;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    console_text(p);
}

void console_hex(uint64_t value)
{
    bool started = false;
    console_text("0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = (unsigned)(value >> shift) & 15;
        started = started || digit || shift == 0;
        if (started)
            console_byte("0123456789abcdef"[digit]);
    }
}

static const struct {
    uint32_t code;
    const char *name, *text;
} exit_table[] = {
#define X(name, value, text) {value, #name, text},
    EXITS(X)
#undef X
};

_Noreturn void loader_die(uint32_t code, const char *why)
{
    screen_urgent();
    console_text("tach: exit ");
    console_dec(code);
    for (size_t i = 0; i < sizeof(exit_table) / sizeof(exit_table[0]); i++) {
        if (exit_table[i].code != code)
            continue;
        console_text(" ");
        console_text(exit_table[i].name);
        console_text(": ");
        console_text(exit_table[i].text);
    }
    if (why) {
        console_text(": ");
        console_text(why);
    }
    console_text("\n");
    port_flush();
    io_out8(EXIT_PORT, (uint8_t)code);
    for (const char *p = "Shutdown"; *p; p++)
        io_out8(BOCHS_EXIT_PORT, (uint8_t)*p);
    for (;;)
        cpu_halt();
}

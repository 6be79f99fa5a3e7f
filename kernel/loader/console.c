/* SPDX-License-Identifier: MIT
 * COM1 and the end of a failed boot. Every wait is bounded: a board without a UART, or with one
 * that never drains, boots all the same. */
#include "kernel/loader/console.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/abi/boot.h"
#include "kernel/loader/io.h"

#define COM1         0x3F8u
#define UART_DATA    (COM1 + 0)
#define UART_IER     (COM1 + 1)
#define UART_FCR     (COM1 + 2)
#define UART_LCR     (COM1 + 3)
#define UART_MCR     (COM1 + 4)
#define UART_LSR     (COM1 + 5)
#define LCR_8N1      0x03u
#define LCR_DLAB     0x80u
#define MCR_DTR_RTS  0x03u
#define LSR_THRE     0x20u
#define LSR_TEMT     0x40u
#define LSR_ABSENT   0xFFu   /* an empty bus reads as ones */
#define UART_POLLS   200000u /* about 0.2 s of port reads: a FIFO of 16 drains in 1.4 ms */
#define DIVISOR_115K 1u

static bool uart_present;

static bool uart_wait(uint8_t bits)
{
    for (uint32_t i = 0; i < UART_POLLS; i++) {
        uint8_t status = io_in8(UART_LSR);
        if (status == LSR_ABSENT)
            return false;
        if (status & bits)
            return true;
    }
    return false;
}

void console_init(void)
{
    /* Firmware may still be sending; changing the divisor now would garble its last bytes. */
    uart_present = uart_wait(LSR_TEMT);
    io_out8(UART_IER, 0);
    io_out8(UART_LCR, LCR_DLAB);
    io_out8(UART_DATA, DIVISOR_115K & 0xFF);
    io_out8(UART_IER, DIVISOR_115K >> 8);
    io_out8(UART_LCR, LCR_8N1);
    io_out8(UART_FCR, 0x01);
    io_out8(UART_MCR, MCR_DTR_RTS);
    /* A UART that was not set up may report an empty transmitter only after that. */
    uart_present = uart_wait(LSR_THRE);
}

static void console_byte(char c)
{
    if (!uart_present)
        return;
    uart_present = uart_wait(LSR_THRE);
    if (uart_present)
        io_out8(UART_DATA, (uint8_t)c);
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
    if (uart_present)
        uart_wait(LSR_TEMT);
    io_out8(EXIT_PORT, (uint8_t)code);
    for (const char *p = "Shutdown"; *p; p++)
        io_out8(BOCHS_EXIT_PORT, (uint8_t)*p);
    for (;;)
        cpu_halt();
}

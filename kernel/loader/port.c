/* SPDX-License-Identifier: MIT
 * A 16550 by ports or by memory. Every wait is bounded: a board without a UART, or with one that
 * never drains, boots all the same. A line that stood still is looked at once a byte from then on,
 * and goes on when it moves again: an emulated port stands still while nobody reads it. */
#include "kernel/loader/port.h"

#include <stddef.h>

#include "kernel/loader/config.h"
#include "kernel/loader/io.h"
#include "kernel/loader/serial.h"

#define COM1        0x3F8u
#define MCR_DTR_RTS 0x03u
#define LCR_8N1     0x03u
#define LCR_DLAB    0x80u
#define LSR_THRE    0x20u
#define LSR_TEMT    0x40u
#define LSR_ABSENT  0xFFu /* an empty bus reads as ones */
/* A wait ends after so many looks at the status and ticks of the TSC, which is three seconds at
 * least; and after so many looks where a tick is an instruction. For each 115200th that a byte
 * takes longer, more: what a FIFO needs where a tick is a sixth of a nanosecond, a look a tenth of
 * a microsecond. */
#define WAIT_LOOKS      (1u << 20)
#define WAIT_TICKS      (1ull << 34)
#define WAIT_TICKS_OPEN (1ull << 32) /* nothing may be there */
#define WAIT_LOOKS_MOST (1u << 27)
#define SLOW_TICKS      (1ull << 24) /* more of them for each 115200th that a byte takes */
#define COMMAND         0x04u
#define COMMAND_DECODE  0x3u /* ports and memory */

enum uart_register { UART_DATA, UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_LSR };

static struct boot_serial line; /* of the port in use, whether one answers or not */
static bool uart_present;
static bool uart_stuck; /* the last wait was in vain */

static volatile void *memory_at(enum uart_register r)
{
    return (volatile void *)(uintptr_t)(line.base + ((uint32_t)r << line.shift));
}

static uint8_t uart_read(enum uart_register r)
{
    if (line.space == BOOT_SERIAL_PORT)
        return io_in8((uint16_t)(line.base + r));
    return line.shift ? (uint8_t) * (volatile uint32_t *)memory_at(r)
                      : *(volatile uint8_t *)memory_at(r);
}

static void uart_write(enum uart_register r, uint8_t value)
{
    if (line.space == BOOT_SERIAL_PORT)
        io_out8((uint16_t)(line.base + r), value);
    else if (line.shift)
        *(volatile uint32_t *)memory_at(r) = value;
    else
        *(volatile uint8_t *)memory_at(r) = value;
}

static bool wait_over(uint32_t looks, uint64_t ticks)
{
    static uint64_t start;
    const uint64_t slow = SERIAL_BAUD / line.baud * SLOW_TICKS;
    if (looks == WAIT_LOOKS)
        start = io_tsc();
    return uart_stuck || looks == WAIT_LOOKS_MOST ||
           (looks > WAIT_LOOKS && io_tsc() - start > ticks + slow);
}

static bool uart_wait(uint8_t bits, uint64_t ticks)
{
    for (uint32_t looks = 1;; looks++) {
        const uint8_t status = uart_read(UART_LSR);
        if (status == LSR_ABSENT)
            return false;
        if (status & bits) {
            uart_stuck = false;
            return true;
        }
        if (wait_over(looks, ticks)) {
            uart_stuck = true;
            return false;
        }
    }
}

static bool line_open(const struct boot_serial *wanted)
{
    line = *wanted;
    uint16_t divisor = (uint16_t)(SERIAL_BAUD / line.baud);
    /* Firmware may still be sending; changing the divisor now would garble its last bytes. */
    uart_stuck = false;
    uart_wait(LSR_TEMT, WAIT_TICKS_OPEN);
    uart_write(UART_IER, 0);
    uart_write(UART_LCR, LCR_DLAB);
    uart_write(UART_DATA, (uint8_t)divisor);
    uart_write(UART_IER, (uint8_t)(divisor >> 8));
    uart_write(UART_LCR, LCR_8N1);
    uart_write(UART_FCR, 0x01);
    uart_write(UART_MCR, MCR_DTR_RTS);
    /* A UART that was not set up may report an empty transmitter only after that. */
    uart_stuck = false;
    uart_present = uart_wait(LSR_THRE, WAIT_TICKS_OPEN);
    return uart_present;
}

static const struct boot_serial com1 = {
    .space = BOOT_SERIAL_PORT, .source = BOOT_SERIAL_COM1, .baud = SERIAL_BAUD, .base = COM1};

void port_open(void)
{
    line_open(&com1);
}

/* baud and source are the caller's. */
static bool pci_open(const struct phys *phys, const struct source *source,
                     struct boot_serial wanted)
{
    uint32_t function;
    config_open(phys, source);
    if (!serial_pci_find(config_read, &wanted, &function))
        return false;
    uint32_t command = config_read(function | COMMAND) & 0xFFFF; /* status: ones would clear it */
    config_write(function | COMMAND, command | COMMAND_DECODE);
    return line_open(&wanted);
}

static bool any_open(const struct phys *phys, const struct source *source,
                     const struct serial_wish *wish)
{
    struct boot_serial wanted = com1;
    wanted.baud = wish->line.baud;
    if (line_open(&wanted))
        return true;
    if (serial_spcr_find(phys, source, &wanted)) {
        wanted.source = BOOT_SERIAL_SPCR;
        wanted.baud = wish->baud_given ? wish->line.baud : wanted.baud;
        if (line_open(&wanted))
            return true;
    }
    wanted.source = BOOT_SERIAL_PCI;
    wanted.baud = wish->line.baud;
    return pci_open(phys, source, wanted);
}

struct outcome port_choose(const struct phys *phys, const struct source *source)
{
    struct serial_wish wish;
    struct outcome o = serial_wish_read(source->cmdline, &wish);
    if (o.exit)
        return o;
    port_flush();
    if (wish.kind == SERIAL_ANY) {
        any_open(phys, source, &wish);
        return o;
    }
    if (wish.kind == SERIAL_PCI ? pci_open(phys, source, wish.line) : line_open(&wish.line))
        return o;
    port_open();
    return (struct outcome){EXIT_CMDLINE, "serial=: nothing answers there"};
}

struct boot_serial port_line(void)
{
    struct boot_serial found = line;
    if (!uart_present)
        found.space = BOOT_SERIAL_NONE;
    return found;
}

void port_put(uint8_t byte)
{
    if (uart_present && uart_wait(LSR_THRE, WAIT_TICKS))
        uart_write(UART_DATA, byte);
}

void port_flush(void)
{
    if (uart_present)
        uart_wait(LSR_TEMT, WAIT_TICKS);
}

/* SPDX-License-Identifier: MIT
 * COM1 by polling. Every wait is bounded: without a UART the kernel runs on, silently. Where the
 * chip has a FIFO, one look at the line status is good for sixteen bytes. */
#include "kernel/hal/uart.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/x86.h"

#define COM1 0x3F8u

enum uart_register {
    UART_DATA = 0,
    UART_INTERRUPT = 1,
    UART_FIFO = 2, /* read: interrupt identification */
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_STATUS = 5
};

#define DIVISOR_115200   1u
#define LINE_8N1         0x03u
#define LINE_DIVISOR     0x80u
#define FIFO_ON_CLEAR    0xC7u
#define FIFO_WORKS       0xC0u
#define MODEM_DTR_RTS    0x03u
#define MODEM_IRQ        0x08u /* OUT2 lets the interrupt line out */
#define INTERRUPT_DATA   0x01u
#define STATUS_DATA      0x01u
#define STATUS_ROOM      0x20u
#define STATUS_EMPTY     0x40u
#define STATUS_NO_UART   0xFFu
#define FIFO_BYTES       16u
#define WAIT_TURNS       1000000u
#define WAIT_TURNS_FIRST 100000u

static bool uart_present;
static unsigned uart_burst = 1; /* bytes that fit once the transmitter is empty */
static unsigned uart_room;      /* of those, still free for certain */

static uint8_t uart_read(enum uart_register r)
{
    return x86_in8((uint16_t)(COM1 + r));
}

static void uart_write(enum uart_register r, unsigned value)
{
    x86_out8((uint16_t)(COM1 + r), (uint8_t)value);
}

static bool uart_wait(unsigned bits, unsigned turns)
{
    while (turns-- != 0) {
        uint8_t status = uart_read(UART_STATUS);
        if (status == STATUS_NO_UART)
            return false;
        if ((status & bits) == bits)
            return true;
    }
    return false;
}

bool uart_init(void)
{
    /* the loader's last bytes leave before the rate is set again */
    uart_present = uart_wait(STATUS_ROOM | STATUS_EMPTY, WAIT_TURNS_FIRST);
    if (!uart_present)
        return true;
    uart_write(UART_INTERRUPT, 0);
    uart_write(UART_LINE, LINE_DIVISOR);
    uart_write(UART_DATA, DIVISOR_115200);
    uart_write(UART_INTERRUPT, 0);
    uart_write(UART_LINE, LINE_8N1);
    uart_write(UART_FIFO, FIFO_ON_CLEAR);
    uart_write(UART_MODEM, MODEM_DTR_RTS);
    uart_burst = (uart_read(UART_FIFO) & FIFO_WORKS) == FIFO_WORKS ? FIFO_BYTES : 1;
    return true;
}

void uart_put(uint8_t byte)
{
    if (!uart_present)
        return;
    if (uart_room == 0) {
        if (!uart_wait(STATUS_ROOM, WAIT_TURNS)) {
            uart_present = false; /* a stuck line must not cost a second a byte */
            return;
        }
        uart_room = uart_burst;
    }
    uart_room--;
    uart_write(UART_DATA, byte);
}

int uart_get(void)
{
    if (!uart_present || (uart_read(UART_STATUS) & STATUS_DATA) == 0)
        return -1;
    return uart_read(UART_DATA);
}

void uart_listen(void)
{
    if (!uart_present)
        return;
    irq_unmask(UART_IRQ); /* first: an edge that comes to a masked line is lost */
    uart_write(UART_MODEM, MODEM_DTR_RTS | MODEM_IRQ);
    uart_write(UART_INTERRUPT, INTERRUPT_DATA);
}

void uart_flush(void)
{
    if (uart_present)
        (void)uart_wait(STATUS_ROOM | STATUS_EMPTY, WAIT_TURNS);
}

/* SPDX-License-Identifier: MIT
 * The port that the loader chose, by polling. Every wait is bounded: without a UART the kernel runs
 * on, silently. A line that stood still is looked at once a byte from then on, and goes on when it
 * moves again: an emulated port stands still while nobody reads it. Where the chip has a FIFO, one
 * look at the line status is good for sixteen bytes. One in memory is reached through the direct
 * map, which covers the first 4 GiB from the first instruction on, uncached where there is no RAM.
 */
#include "kernel/hal/uart.h"

#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/x86.h"

enum uart_register {
    UART_DATA = 0,
    UART_INTERRUPT = 1,
    UART_FIFO = 2, /* read: interrupt identification */
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_STATUS = 5
};

#define CLOCK_BAUD     115200u
#define REGISTERS      8u
#define LINE_8N1       0x03u
#define LINE_DIVISOR   0x80u
#define FIFO_ON_CLEAR  0xC7u
#define FIFO_WORKS     0xC0u
#define MODEM_DTR_RTS  0x03u
#define MODEM_IRQ      0x08u /* OUT2 lets the interrupt line out */
#define INTERRUPT_DATA 0x01u
#define STATUS_DATA    0x01u
#define STATUS_ROOM    0x20u
#define STATUS_EMPTY   0x40u
#define STATUS_NO_UART 0xFFu
#define FIFO_BYTES     16u
/* A wait ends after so many looks at the status and ticks of the TSC, which is three seconds at
 * least; and after so many looks where a tick is an instruction. For each 115200th that a byte
 * takes longer, more: what a FIFO needs where a tick is a sixth of a nanosecond, a look a tenth of
 * a microsecond. */
#define WAIT_LOOKS      (1u << 20)
#define WAIT_TICKS      (1ull << 34)
#define WAIT_LOOKS_MOST (1u << 27)
#define SLOW_TICKS      (1ull << 24) /* more of them for each 115200th that a byte takes */

static const struct {
    uint16_t port;
    uint8_t irq;
} uart_com[] = {{0x3F8, 4}, {0x2F8, 3}, {0x3E8, 4}, {0x2E8, 3}};

static struct boot_serial line;
static bool uart_present;
static bool uart_stuck;         /* the last wait was in vain */
static unsigned uart_burst = 1; /* bytes that fit once the transmitter is empty */
static unsigned uart_room;      /* of those, still free for certain */

static volatile void *memory_at(enum uart_register r)
{
    return (volatile void *)(DIRECT_BASE + line.base + ((uint64_t)r << line.shift));
}

static uint8_t uart_read(enum uart_register r)
{
    if (line.space == BOOT_SERIAL_PORT)
        return x86_in8((uint16_t)(line.base + r));
    return line.shift ? (uint8_t) * (volatile uint32_t *)memory_at(r)
                      : *(volatile uint8_t *)memory_at(r);
}

static void uart_write(enum uart_register r, unsigned value)
{
    if (line.space == BOOT_SERIAL_PORT)
        x86_out8((uint16_t)(line.base + r), (uint8_t)value);
    else if (line.shift)
        *(volatile uint32_t *)memory_at(r) = (uint8_t)value;
    else
        *(volatile uint8_t *)memory_at(r) = (uint8_t)value;
}

/* The loader's choice, if this image is made for it; else COM1, to say that it is not. */
static void line_take(void)
{
    const struct boot_serial *s = &hal_boot->serial;
    const uint64_t end = s->base + ((uint64_t)REGISTERS << (s->shift & 3));
    if (hal_boot->magic != BOOT_MAGIC || hal_boot->version != BOOT_VERSION)
        line = (struct boot_serial){
            .space = BOOT_SERIAL_PORT, .baud = CLOCK_BAUD, .base = uart_com[0].port};
    else if (s->baud != 0 && s->baud <= CLOCK_BAUD && s->base < end &&
             end <= (s->space == BOOT_SERIAL_PORT ? 1ull << 16 : 1ull << 32))
        line = *s;
}

static bool wait_over(uint32_t looks)
{
    static uint64_t start;
    const uint64_t slow = CLOCK_BAUD / line.baud * SLOW_TICKS;
    if (looks == WAIT_LOOKS)
        start = x86_rdtsc();
    return uart_stuck || looks == WAIT_LOOKS_MOST ||
           (looks > WAIT_LOOKS && x86_rdtsc() - start > WAIT_TICKS + slow);
}

/* Until all of these bits are set. */
static bool uart_wait(unsigned bits)
{
    for (uint32_t looks = 1;; looks++) {
        const uint8_t status = uart_read(UART_STATUS);
        if (status == STATUS_NO_UART)
            return false;
        if ((status & bits) == bits) {
            uart_stuck = false;
            return true;
        }
        if (wait_over(looks)) {
            uart_stuck = true;
            return false;
        }
    }
}

/* Where the port is and who named it. */
static void line_say(void)
{
    static const char *const sources[] = {
        [BOOT_SERIAL_COM1] = "default",
        [BOOT_SERIAL_WORD] = "boot word",
        [BOOT_SERIAL_SPCR] = "SPCR",
        [BOOT_SERIAL_PCI] = "PCI",
    };
    const bool known = line.source < sizeof(sources) / sizeof(sources[0]);
    hal_found("uart: %s 0x%lx, %u baud, FIFO of %u, by %s\n",
              line.space == BOOT_SERIAL_PORT ? "ports"
              : line.shift != 0              ? "memory (4 bytes each)"
                                             : "memory",
              (uint64_t)line.base, line.baud, uart_burst, known ? sources[line.source] : "nobody");
}

bool uart_init(void)
{
    line_take();
    if (line.space == BOOT_SERIAL_NONE)
        return true;
    const unsigned divisor = CLOCK_BAUD / line.baud;
    uart_stuck = false;
    uart_room = 0;
    /* the loader's last bytes leave before the rate is set again */
    uart_present = uart_wait(STATUS_ROOM | STATUS_EMPTY) || uart_stuck;
    if (!uart_present)
        return true;
    uart_write(UART_INTERRUPT, 0);
    uart_write(UART_LINE, LINE_DIVISOR);
    uart_write(UART_DATA, divisor & 0xFF);
    uart_write(UART_INTERRUPT, divisor >> 8);
    uart_write(UART_LINE, LINE_8N1);
    uart_write(UART_FIFO, FIFO_ON_CLEAR);
    uart_write(UART_MODEM, MODEM_DTR_RTS);
    uart_burst = (uart_read(UART_FIFO) & FIFO_WORKS) == FIFO_WORKS ? FIFO_BYTES : 1;
    line_say();
    return true;
}

void uart_put(uint8_t byte)
{
    if (!uart_present)
        return;
    if (uart_room == 0) {
        if (!uart_wait(STATUS_ROOM))
            return;
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

unsigned uart_irq(void)
{
    for (unsigned i = 0; i < sizeof(uart_com) / sizeof(uart_com[0]); i++)
        if (line.space == BOOT_SERIAL_PORT && line.base == uart_com[i].port)
            return uart_com[i].irq;
    return UART_IRQ_NONE;
}

void uart_listen(void)
{
    if (!uart_present || uart_irq() == UART_IRQ_NONE)
        return;
    irq_unmask(uart_irq()); /* first: an edge that comes to a masked line is lost */
    uart_write(UART_MODEM, MODEM_DTR_RTS | MODEM_IRQ);
    uart_write(UART_INTERRUPT, INTERRUPT_DATA);
}

void uart_flush(void)
{
    if (uart_present)
        (void)uart_wait(STATUS_ROOM | STATUS_EMPTY);
}

/* SPDX-License-Identifier: MIT
 * The kernel's serial port on the host: a 16550 whose transmitter stands still when told to. How
 * long a wait is, and what becomes of the line behind one that was in vain. */
#include <stdarg.h>
#include <stdio.h>

#include "kernel/abi/boot.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/uart.h"
#include "kernel/hal/x86.h"

#define COM2    0x2F8u
#define DATA    0u
#define LINE    3u
#define STATUS  5u
#define EMPTY   0x60u
#define FIFO    16u
#define GHZ     6u    /* the quickest TSC */
#define PAUSE   2500u /* ms */
#define FIFO_US 1389u /* sixteen bytes at 115200 */

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

static uint8_t registers[8];
static unsigned sent, pending, full; /* full: bytes sent to a transmitter that had no room */
static uint64_t now, looks;
static unsigned look_ticks;
static bool stuck, absent;

static struct bootinfo boot;
const struct bootinfo *hal_boot = &boot;

void hal_found(const char *format, ...)
{
    CHECK(format[0] == 'u');
}

void irq_unmask(unsigned number)
{
    CHECK(number == 3);
}

uint64_t x86_rdtsc(void)
{
    return now;
}

uint8_t x86_in8(uint16_t port)
{
    if (absent || port < COM2 || port >= COM2 + 8)
        return 0xFF;
    if (port != COM2 + STATUS)
        return port == COM2 + 2 ? 0xC1 : registers[port - COM2];
    looks++;
    now += look_ticks;
    if (!stuck)
        pending = 0;
    return pending != 0 || stuck ? 0 : EMPTY;
}

void x86_out8(uint16_t port, uint8_t value)
{
    if (port < COM2 || port >= COM2 + 8)
        return;
    if (port != COM2 + DATA || registers[LINE] & 0x80) {
        registers[port - COM2] = value;
        return;
    }
    sent++;
    full += pending++ == FIFO;
}

static void start(bool standing, unsigned baud)
{
    boot = (struct bootinfo){.magic = BOOT_MAGIC,
                             .version = BOOT_VERSION,
                             .serial = {.space = BOOT_SERIAL_PORT, .baud = baud, .base = COM2}};
    stuck = standing;
    sent = pending = full = 0;
    look_ticks = GHZ * 100; /* the quickest look: a tenth of a microsecond */
    CHECK(uart_init());
}

static void put(unsigned count)
{
    while (count-- > 0)
        uart_put('x');
}

static bool waited(uint64_t from, unsigned least_ms)
{
    const uint64_t ms = (now - from) / (1000000 * GHZ);
    return ms >= least_ms && ms < 2 * least_ms + 2 * PAUSE;
}

static void flows(void)
{
    start(false, 115200);
    looks = 0;
    put(10 * FIFO);
    CHECK(sent == 10 * FIFO && full == 0 && looks == 10);
    uart_flush();
    CHECK(looks == 11);
}

/* One wait that is long enough for any rate, and for a reader of an emulated port that pauses; then
 * one look a byte, until the line moves, and patience again. */
static void stands_still(unsigned baud, unsigned least_ms)
{
    start(false, baud);
    put(FIFO);
    stuck = true;
    uint64_t from = now;
    put(1);
    CHECK(waited(from, least_ms) && sent == FIFO);
    looks = 0;
    put(100);
    uart_flush();
    CHECK(looks == 101 && sent == FIFO);
    stuck = false;
    put(FIFO);
    CHECK(looks == 102 && sent == 2 * FIFO && full == 0);
    stuck = true;
    from = now;
    put(1);
    CHECK(waited(from, least_ms));
}

/* The loader's last bytes have not left when the kernel starts, and do not for long: they may be
 * lost, the line is not. */
static void starts_late(void)
{
    const uint64_t from = now;
    start(true, 115200);
    CHECK(waited(from, PAUSE));
    put(1);
    CHECK(sent == 0);
    stuck = false;
    put(1);
    CHECK(sent == 1 && registers[LINE] == 3);
}

/* A TSC that counts instructions must not stretch a wait. */
static void counts(void)
{
    start(false, 115200);
    put(FIFO);
    stuck = true;
    look_ticks = 8;
    looks = 0;
    put(1);
    CHECK(looks > 1u << 26 && looks <= 1u << 27);
}

static void not_there(void)
{
    absent = true;
    start(false, 115200);
    looks = 0;
    put(100);
    uart_flush();
    CHECK(uart_get() == -1 && sent == 0 && looks == 0);
    absent = false;
    put(1);
    CHECK(sent == 0);
}

int main(void)
{
    flows();
    stands_still(115200, PAUSE);
    stands_still(300, PAUSE + FIFO_US * 115200 / 300 / 1000);
    stands_still(20, FIFO_US * 115200 / 20 / 1000);
    starts_late();
    counts();
    not_there();
    printf("hal-uart: %u passed, %u failed\n", passed, failed);
    return failed != 0;
}

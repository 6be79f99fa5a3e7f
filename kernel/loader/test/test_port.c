/* SPDX-License-Identifier: MIT
 * The loader's serial port by ports: which is opened, how it is set up, and that each wait has an
 * end, but none before a slow line has sent a FIFO's bytes or a reader has paused for some seconds.
 * Memory-mapped ones need a machine: kernel/test/serial_memory.py. */
#include <stdbool.h>
#include <stdlib.h>

#include "bench/test/unit.h"
#include "kernel/loader/io.h"
#include "kernel/loader/port.h"

#define COM1    0x3F8u
#define COM2    0x2F8u
#define STATUS  5u
#define READY   0x60u
#define GHZ     6u    /* the quickest TSC */
#define PAUSE   2500u /* ms */
#define FIFO_US 1389u /* sixteen bytes at 115200 */

static uint8_t registers[8]; /* of COM2; COM1 is not there */
static uint8_t divisor[2];
static uint64_t looks; /* at the status */
static uint64_t now;   /* ticks */
static unsigned look_ticks = GHZ * 100;
static unsigned sent;
static bool stuck;

uint8_t io_in8(uint16_t port)
{
    if (port < COM2 || port >= COM2 + 8)
        return 0xFF;
    if (port != COM2 + STATUS)
        return registers[port - COM2];
    looks++;
    now += look_ticks;
    return stuck ? 0 : READY;
}

uint64_t io_tsc(void)
{
    return now;
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port < COM2 || port >= COM2 + 8)
        return;
    if (registers[3] & 0x80 && port - COM2 < 2)
        divisor[port - COM2] = value;
    else if (port == COM2)
        sent++;
    else
        registers[port - COM2] = value;
}

void io_out32(uint16_t port, uint32_t value)
{
    EXPECT(port == 0xCF8 && value >> 31);
}

uint32_t io_in32(uint16_t port)
{
    EXPECT(port == 0xCFC);
    return 0xFFFFFFFF; /* no PCI */
}

uint32_t io_config_in32(uint32_t address)
{
    EXPECT(!address); /* no MCFG either */
    return 0xFFFFFFFF;
}

void io_config_out32(uint32_t address, uint32_t value)
{
    EXPECT(!address && !value);
}

static struct outcome choose(const char *words)
{
    static struct source source;
    static const struct phys nothing = {NULL, 0, 0};
    memset(&source, 0, sizeof(source));
    snprintf(source.cmdline, sizeof(source.cmdline), "%s", words);
    memset(registers, 0, sizeof(registers));
    stuck = false;
    return port_choose(&nothing, &source);
}

static void set_up(void)
{
    EXPECT(choose("serial=com2 baud=300").exit == 0);
    const struct boot_serial line = port_line();
    EXPECT(line.space == BOOT_SERIAL_PORT && line.base == COM2 && line.baud == 300);
    EXPECT(divisor[0] == (384 & 0xFF) && divisor[1] == 384 >> 8);
    EXPECT(registers[1] == 0 && registers[3] == 3 && registers[4] == 3);
    sent = 0;
    port_put('x');
    EXPECT(sent == 1);
    port_open(); /* COM1 again: nothing answers */
    EXPECT(port_line().space == BOOT_SERIAL_NONE);
    port_put('x');
    port_flush();
    EXPECT(sent == 1);
    EXPECT(choose("serial=com3").exit == EXIT_CMDLINE);
    EXPECT(choose("serial=pci").exit == EXIT_CMDLINE);
    EXPECT(choose("").exit == 0 && port_line().space == BOOT_SERIAL_NONE);
}

static bool waited(uint64_t from, unsigned least_ms)
{
    const uint64_t ms = (now - from) / (1000000 * GHZ);
    return ms >= least_ms && ms < 2 * least_ms + 2 * PAUSE;
}

/* A line that stops: one wait, long enough for any rate and for a reader that pauses. From then on
 * one look a byte, until it moves again. */
static void waits(const char *words, unsigned least_ms)
{
    EXPECT(choose(words).exit == 0);
    stuck = true;
    sent = 0;
    uint64_t from = now;
    port_put('x');
    EXPECT(waited(from, least_ms));
    looks = 0;
    port_put('x');
    port_flush();
    EXPECT(looks == 2 && sent == 0);
    stuck = false;
    port_put('x');
    EXPECT(looks == 3 && sent == 1);
    EXPECT(port_line().space == BOOT_SERIAL_PORT);
    stuck = true; /* it is patient again */
    from = now;
    port_put('x');
    EXPECT(waited(from, least_ms) && sent == 1);
}

/* A TSC that counts instructions must not stretch a wait. */
static void waits_counted(void)
{
    look_ticks = 8;
    EXPECT(choose("serial=com2").exit == 0);
    stuck = true;
    looks = 0;
    port_put('x');
    EXPECT(looks > 1u << 26 && looks <= 1u << 27);
}

/* Nothing but zeros: no port, and known soon. */
static void opens(void)
{
    look_ticks = GHZ * 100;
    static struct source source;
    static const struct phys nothing = {NULL, 0, 0};
    snprintf(source.cmdline, sizeof(source.cmdline), "serial=com2");
    port_open();
    stuck = true;
    const uint64_t from = now;
    EXPECT(port_choose(&nothing, &source).exit == EXIT_CMDLINE);
    EXPECT(now - from < 2000 * 1000000ull * GHZ && port_line().space == BOOT_SERIAL_NONE);
}

int main(void)
{
    set_up();
    waits("serial=com2", PAUSE);
    waits("serial=com2 baud=300", PAUSE + FIFO_US * 115200 / 300 / 1000);
    waits("serial=com2 baud=20", FIFO_US * 115200 / 20 / 1000);
    waits_counted();
    opens();
    return unit_done("port");
}

/* SPDX-License-Identifier: MIT
 * A serial port on PCI, by its class. Every bus that the first configuration mechanism reaches is
 * looked at, so bridges need no walk; PCI Express devices answer there too. */
#include <stddef.h>

#include "kernel/loader/serial.h"

#define CONFIG_ENABLE   0x80000000u
#define BUSES           256u
#define DEVICES         32u
#define FUNCTIONS       8u
#define REGISTER_ID     0x00u
#define REGISTER_CLASS  0x08u
#define REGISTER_HEADER 0x0Cu
#define REGISTER_BAR    0x10u
#define BARS            6u
#define NONE            0xFFFFFFFFu
#define CLASS_SERIAL    0x0700u /* simple communication, serial; the interface is below */
#define INTERFACE_16550 2u      /* this and those after it, up to 16950, are one */
#define INTERFACE_LAST  6u
#define HEADER_TYPE     0x7F0000u
#define HEADER_MANY     0x800000u
#define BAR_PORT        1u
#define BAR_WIDTH       6u
#define BAR_WIDE        4u
#define BAR_BELOW_1M    2u

/* The first region that can be reached: ports, or memory below 4 GiB. */
static bool bar_read(serial_config config, uint32_t function, struct boot_serial *line)
{
    for (uint32_t i = 0; i < BARS; i++) {
        const uint32_t bar = config(function | (REGISTER_BAR + 4 * i));
        const bool wide = !(bar & BAR_PORT) && (bar & BAR_WIDTH) == BAR_WIDE;
        const uint32_t base = bar & ~(bar & BAR_PORT ? 3u : 15u);
        const uint32_t high =
            wide && i + 1 < BARS ? config(function | (REGISTER_BAR + 4 * i + 4)) : 0;
        i += wide;
        if (!base || high || (bar & BAR_PORT && base > 0xFFF8) ||
            (!(bar & BAR_PORT) && (bar & BAR_WIDTH) == BAR_BELOW_1M))
            continue;
        line->space = bar & BAR_PORT ? BOOT_SERIAL_PORT : BOOT_SERIAL_MEMORY;
        line->shift = 0;
        line->base = base;
        return true;
    }
    return false;
}

static bool function_is_serial(serial_config config, uint32_t function)
{
    const uint32_t class = config(function | REGISTER_CLASS);
    const uint32_t interface = class >> 8 & 0xFF;
    return class >> 16 == CLASS_SERIAL && interface >= INTERFACE_16550 &&
           interface <= INTERFACE_LAST && !(config(function | REGISTER_HEADER) & HEADER_TYPE);
}

static bool device_find(serial_config config, uint32_t device, struct boot_serial *line,
                        uint32_t *function)
{
    if (config(device | REGISTER_ID) == NONE)
        return false;
    const bool many = config(device | REGISTER_HEADER) & HEADER_MANY;
    for (uint32_t f = 0; f < (many ? FUNCTIONS : 1u); f++) {
        *function = device | f << 8;
        if (config(*function | REGISTER_ID) != NONE && function_is_serial(config, *function) &&
            bar_read(config, *function, line))
            return true;
    }
    return false;
}

bool serial_pci_find(serial_config config, struct boot_serial *line, uint32_t *function)
{
    for (uint32_t bus = 0; bus < BUSES; bus++)
        for (uint32_t device = 0; device < DEVICES; device++)
            if (device_find(config, CONFIG_ENABLE | bus << 16 | device << 11, line, function))
                return true;
    return false;
}

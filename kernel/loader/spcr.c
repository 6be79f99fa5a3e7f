/* SPDX-License-Identifier: MIT
 * The firmware's word on its serial console: ACPI's SPCR. What it says is used only where no boot
 * word says otherwise. */
#include <stddef.h>

#include "kernel/loader/serial.h"
#include "kernel/loader/tables.h"

#define SPCR_BYTES   60u
#define SPCR_TYPE    36u
#define SPCR_SPACE   40u /* of a generic address: space, bits, offset, access, 8 bytes of address */
#define SPCR_BITS    41u
#define SPCR_ADDRESS 44u
#define SPCR_BAUD    58u
#define BITS_WIDE    32u

/* The table's code for a rate; 0 and what it does not know: the usual one. */
static uint32_t baud_of(uint8_t code)
{
    static const uint32_t rates[] = {0, 0, 0, 9600, 19200, 0, 57600, 115200};
    return code < sizeof(rates) / sizeof(rates[0]) && rates[code] ? rates[code] : SERIAL_BAUD;
}

bool serial_spcr_find(const struct phys *phys, const struct source *source,
                      struct boot_serial *line)
{
    const uint8_t *t = table_find(phys, source, "SPCR", SPCR_BYTES).bytes;
    /* 0, 1: 16550 and its like; 18: the same, its registers as the address says */
    if (!t || !(t[SPCR_TYPE] <= 1 || t[SPCR_TYPE] == 18) || t[SPCR_SPACE] > 1)
        return false;
    const bool port = t[SPCR_SPACE] == 1;
    const uint32_t base = table_u32(t + SPCR_ADDRESS);
    const uint8_t shift = !port && t[SPCR_BITS] == BITS_WIDE ? 2 : 0;
    if (!base || table_u32(t + SPCR_ADDRESS + 4) || base > (port ? 0xFFF8u : 0xFFFFFF00u) ||
        base & ((1u << shift) - 1))
        return false;
    line->space = port ? BOOT_SERIAL_PORT : BOOT_SERIAL_MEMORY;
    line->shift = shift;
    line->base = base;
    line->baud = baud_of(t[SPCR_BAUD]);
    return true;
}

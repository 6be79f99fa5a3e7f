/* SPDX-License-Identifier: MIT
 * See ioapic.h. Two registers: an index and a window. A pin that is edge triggered forgets what
 * comes while it is masked; one that is level triggered does not, for its line stays up. */
#include "kernel/hal/ioapic.h"

#include <stddef.h>

#include "kernel/hal/paging.h"

#define REGISTERS   0x20u
#define WINDOW      4u /* of 32-bit words */
#define VERSION     1u
#define VERSION_NO  0xFFu
#define PINS(v)     (((v) >> 16 & 0xFFu) + 1u)
#define PINS_MAX    240u
#define REDIRECTION 0x10u
#define BIT_NMI     0x400u
#define BIT_LOW     0x2000u
#define BIT_LEVEL   0x8000u
#define BIT_MASKED  0x10000u
#define CPU_SHIFT   24u

static volatile uint32_t *registers;
static unsigned pins;

static uint32_t ioapic_read(uint32_t index)
{
    registers[0] = index;
    return registers[WINDOW];
}

static void ioapic_write(uint32_t index, uint32_t value)
{
    registers[0] = index;
    registers[WINDOW] = value;
}

/* Absent memory reads as ones or zeros, and its index register does not keep what is written. */
static bool answers(void)
{
    const uint32_t version = ioapic_read(VERSION);
    return (registers[0] & 0xFFu) == VERSION && (version & 0xFFu) != 0 &&
           (version & 0xFFu) != VERSION_NO && PINS(version) <= PINS_MAX;
}

bool ioapic_init(uint32_t physical)
{
    registers = paging_map_device(physical, REGISTERS);
    if (registers == NULL || !answers())
        return false;
    pins = PINS(ioapic_read(VERSION));
    for (unsigned pin = 0; pin < pins; pin++)
        ioapic_set(pin, (struct ioapic_pin){.masked = true});
    return true;
}

unsigned ioapic_pins(void)
{
    return pins;
}

void ioapic_set(unsigned pin, struct ioapic_pin what)
{
    const uint32_t at = REDIRECTION + 2 * pin;
    const uint32_t low = what.vector | (what.low ? BIT_LOW : 0) | (what.level ? BIT_LEVEL : 0) |
                         (what.masked ? BIT_MASKED : 0) | (what.nmi ? BIT_NMI : 0);
    if (!what.masked)
        ioapic_write(at + 1, (uint32_t)what.cpu << CPU_SHIFT);
    ioapic_write(at, low);
}

/* SPDX-License-Identifier: MIT
 * The I/O APIC (Intel 82093AA): which vector each of its pins raises, and whether. Called by irq.c;
 * interrupts off. */
#ifndef TACH_HAL_IOAPIC_H
#define TACH_HAL_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#define IOAPIC_DEFAULT 0xFEC00000u

/* Maps the registers there and masks all pins. False: nothing that looks like an I/O APIC answers.
 */
bool ioapic_init(uint32_t physical);

/* How many pins it has; 0 before. */
unsigned ioapic_pins(void);

/* One pin: its vector, sent to the CPU of that APIC number. */
struct ioapic_pin {
    uint8_t vector, cpu;
    bool level, low, masked;
    bool nmi; /* raises an NMI instead of the vector */
};
void ioapic_set(unsigned pin, struct ioapic_pin what);

#endif

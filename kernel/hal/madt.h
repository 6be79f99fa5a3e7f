/* SPDX-License-Identifier: MIT
 * The firmware's table of interrupt controllers (ACPI 6.4, 5.2.12): where the first I/O APIC is and
 * which of its pins an ISA interrupt reaches. Pure: bytes in, a struct out. */
#ifndef TACH_HAL_MADT_H
#define TACH_HAL_MADT_H

#include <stdbool.h>
#include <stdint.h>

#define MADT_ISA 16u

/* One ISA interrupt's way: its pin, and whether that is level triggered and active low. */
struct madt_pin {
    uint8_t pin;
    bool level, low;
};

struct madt {
    uint32_t ioapic; /* physical address of the registers; 0: none was named */
    struct madt_pin isa[MADT_ISA];
};

/* What holds where no table says anything: each interrupt at the pin of its number, edges, high;
 * the timer at pin 2. Every PC and every emulator is wired so. */
void madt_default(struct madt *madt);

/* The table at `bytes`, of that many; whatever does not fit into it is left out. False: it is no
 * such table, or its checksum is wrong; *madt is then as madt_default leaves it. */
bool madt_read(const uint8_t *bytes, uint64_t size, struct madt *madt);

/* The same of the HPET table: the physical address of its registers, 0: it is no such table, or
 * they are not in memory. */
uint64_t hpet_table_read(const uint8_t *bytes, uint64_t size);

/* Sum of all bytes: 0 in a sound ACPI structure. */
uint8_t acpi_sum(const uint8_t *bytes, uint64_t size);

/* Little-endian numbers at any address. */
uint32_t acpi_u32(const uint8_t *bytes);
uint64_t acpi_u64(const uint8_t *bytes);

#endif

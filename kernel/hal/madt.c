/* SPDX-License-Identifier: MIT
 * See madt.h. Every length is the firmware's, so each is compared with what is left. */
#include "kernel/hal/madt.h"

#include "kernel/hal/mem.h"

#define HEADER      36u /* of every ACPI table; its length is at 4 */
#define ENTRIES     44u /* behind the local APIC's address and the flags */
#define ENTRY_MIN   2u
#define TYPE_IOAPIC 1u
#define IOAPIC_SIZE 12u
#define TYPE_ISO    2u /* interrupt source override */
#define ISO_SIZE    10u
#define PIN_MAX     23u
#define HPET_SIZE   56u
#define HPET_SPACE  40u /* where the registers are: 0 in memory, 1 at ports */
#define HPET_BASE   44u
#define TIMER_PIN   2u
#define FLAG_LOW    0x3u /* polarity in bits 1:0, trigger in bits 3:2; 1 is the other, 0 the bus's */
#define FLAG_LEVEL  0xCu

uint8_t acpi_sum(const uint8_t *bytes, uint64_t size)
{
    uint8_t sum = 0;
    for (uint64_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

uint32_t acpi_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

uint64_t acpi_u64(const uint8_t *bytes)
{
    return (uint64_t)acpi_u32(bytes + 4) << 32 | acpi_u32(bytes);
}

void madt_default(struct madt *madt)
{
    *madt = (struct madt){0};
    for (unsigned i = 0; i < MADT_ISA; i++)
        madt->isa[i].pin = (uint8_t)i;
    madt->isa[0].pin = TIMER_PIN;
}

/* id, reserved, address, number of its first pin: only the one with pin 0 has lines of ours. */
static void ioapic_entry(const uint8_t *e, struct madt *madt)
{
    if (!madt->ioapic && acpi_u32(e + 8) == 0)
        madt->ioapic = acpi_u32(e + 4);
}

/* bus, source, pin, flags */
static void override_entry(const uint8_t *e, struct madt *madt)
{
    const uint32_t pin = acpi_u32(e + 4);
    if (e[3] >= MADT_ISA || pin > PIN_MAX)
        return;
    madt->isa[e[3]] = (struct madt_pin){.pin = (uint8_t)pin,
                                        .level = (e[8] & FLAG_LEVEL) == FLAG_LEVEL,
                                        .low = (e[8] & FLAG_LOW) == FLAG_LOW};
}

bool madt_read(const uint8_t *bytes, uint64_t size, struct madt *madt)
{
    madt_default(madt);
    if (size < ENTRIES || memcmp(bytes, "APIC", 4) != 0)
        return false;
    const uint64_t length = acpi_u32(bytes + 4);
    if (length < ENTRIES || length > size || acpi_sum(bytes, length) != 0)
        return false;
    madt->isa[0].pin = 0; /* a table says where it differs */
    for (uint64_t at = ENTRIES; length - at >= ENTRY_MIN;) {
        const uint8_t *e = bytes + at;
        if (e[1] < ENTRY_MIN || e[1] > length - at)
            break;
        if (e[0] == TYPE_IOAPIC && e[1] >= IOAPIC_SIZE)
            ioapic_entry(e, madt);
        else if (e[0] == TYPE_ISO && e[1] >= ISO_SIZE)
            override_entry(e, madt);
        at += e[1];
    }
    return true;
}

uint64_t hpet_table_read(const uint8_t *bytes, uint64_t size)
{
    if (size < HPET_SIZE || memcmp(bytes, "HPET", 4) != 0)
        return 0;
    const uint64_t length = acpi_u32(bytes + 4);
    if (length < HPET_SIZE || length > size || acpi_sum(bytes, length) != 0)
        return 0;
    return bytes[HPET_SPACE] == 0 ? acpi_u64(bytes + HPET_BASE) : 0;
}

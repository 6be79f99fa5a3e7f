/* SPDX-License-Identifier: MIT
 * Which pins of the I/O APIC a line is, for tables as firmware writes them and as it forgets to:
 * the PIT's line above all. The chips are counters here. */
#include "kernel/hal/irq.h"

#include <stdio.h>
#include <string.h>

#include "kernel/hal/acpi.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/found.h"
#include "kernel/hal/ioapic.h"
#include "kernel/hal/x86.h"

#define PINS 24u

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

static struct madt table;
static uint32_t number;
static bool chip, pic_word, alone;
static struct ioapic_pin set[PINS];

/* ---- what irq.c asks of others ---- */

bool acpi_madt(struct madt *madt)
{
    *madt = table;
    return true;
}

bool bootword(const char *name, char *value, size_t size)
{
    if (strcmp(name, "irq") != 0 || !pic_word)
        return false;
    snprintf(value, size, "pic");
    return true;
}

void hal_found(const char *format, ...)
{
    (void)format;
}

bool ioapic_init(uint32_t physical)
{
    CHECK(physical == (table.ioapic != 0 ? table.ioapic : IOAPIC_DEFAULT));
    return chip;
}

unsigned ioapic_pins(void)
{
    return PINS;
}

void ioapic_set(unsigned pin, struct ioapic_pin what)
{
    CHECK(pin < PINS);
    if (pin < PINS)
        set[pin] = what;
}

uint32_t apic_number(void)
{
    return number;
}

void apic_alone(void)
{
    alone = true;
}

void apic_self(uint8_t vector)
{
    CHECK(vector == IRQ_VECTOR(IRQ_SOFT));
}

uint8_t x86_in8(uint16_t port)
{
    return port == 0x21 || port == 0xA1 ? 0xFF : 0;
}

void x86_out8(uint16_t port, uint8_t value)
{
    (void)port;
    (void)value;
}

uint64_t x86_read_cr8(void)
{
    return 0;
}

/* ---- the tests ---- */

/* A table in which each line has the pin of its number, but for what the test changes. */
static void table_plain(void)
{
    madt_default(&table);
    table.isa[0].pin = 0;
    memset(set, 0, sizeof(set));
    chip = true;
    pic_word = alone = false;
    number = 3;
}

/* The pins that line 0 raises once it is let in, as bits. */
static unsigned clock_pins(void)
{
    unsigned bits = 0;
    memset(set, 0, sizeof(set));
    irq_unmask(0);
    for (unsigned i = 0; i < PINS; i++)
        if (set[i].vector == IRQ_VECTOR(0) && !set[i].masked && set[i].cpu == 3)
            bits |= 1u << i;
    irq_mask(0);
    for (unsigned i = 0; i < PINS; i++)
        CHECK(set[i].vector != IRQ_VECTOR(0) || set[i].masked);
    return bits;
}

static void clock_line(void)
{
    table_plain();
    CHECK(irq_init() && alone);
    CHECK(clock_pins() == (1u << 0 | 1u << 2)); /* no word of it: as QEMU's microvm */
    CHECK(irq_present(0) && !irq_present(2) && irq_present(4) && irq_present(23));
    table_plain();
    table.isa[0].pin = 2; /* as every PC's */
    CHECK(irq_init() && clock_pins() == 1u << 2 && !irq_present(2));
    table_plain();
    table.isa[0].pin = 7; /* it says so, and pin 2 is nobody's */
    CHECK(irq_init() && clock_pins() == 1u << 7 && irq_present(2));
    table_plain();
    table.isa[9] = (struct madt_pin){.pin = 2, .level = true}; /* pin 2 is somebody's */
    CHECK(irq_init() && clock_pins() == 1u << 0 && irq_present(9) && !irq_present(2));
    table_plain();
    table.isa[2].pin = 5; /* line 2 is elsewhere: pin 2 may be anything */
    CHECK(irq_init() && clock_pins() == 1u << 0);
}

static void lines_set(void)
{
    table_plain();
    table.isa[9] = (struct madt_pin){.pin = 20, .level = true, .low = true};
    CHECK(irq_init());
    irq_unmask(9);
    CHECK(set[20].vector == IRQ_VECTOR(9) && set[20].level && set[20].low && !set[20].masked);
    CHECK(irq_level(9) && irq_level(16) && !irq_level(4) && irq_holdable(4));
    CHECK(!irq_present(20)); /* its pin is line 9's */
}

/* Who cannot be addressed by an I/O APIC, or has none, or is told so, has the 8259. */
static void without(void)
{
    table_plain();
    number = 254;
    CHECK(irq_init() && alone && irq_present(23));
    table_plain();
    number = 255;
    CHECK(irq_init() && !alone && !irq_present(23) && irq_present(0) && !irq_holdable(4));
    table_plain();
    chip = false;
    CHECK(irq_init() && !alone && !irq_present(16));
    table_plain();
    pic_word = true;
    CHECK(irq_init() && !alone && !irq_present(16) && !irq_present(2));
    CHECK(!irq_clock_nmi());
}

/* A pin that is taken raises NMIs and is no line any more; one that a level triggered line has, or
 * that is not there, is not taken. */
static void pins_taken(void)
{
    table_plain();
    table.isa[0].pin = 2;
    table.isa[10] = (struct madt_pin){.pin = 10, .level = true};
    CHECK(irq_init() && irq_pin_nmi(0) == IRQ_PIN_NONE && irq_pin_nmi(1u << 10) == IRQ_PIN_NONE);
    CHECK(irq_pin_nmi(1u << 30 | 1u << 4) == IRQ_PIN_NONE && irq_present(20));
    CHECK(irq_pin_nmi(0xF00000) == 23 && set[23].nmi && set[23].cpu == 3 && !set[23].masked);
    CHECK(!irq_present(23) && irq_present(22) && irq_present(0));
    CHECK(irq_pin_nmi(0xF00800) == 11 && !irq_present(11) && irq_present(12));
    CHECK(irq_pin_nmi(1u << 2) == 2 && set[2].nmi && !irq_present(0));
    chip = false;
    CHECK(irq_init() && irq_pin_nmi(0xFFFFFF) == IRQ_PIN_NONE);
}

/* Last: the line is the sampler's from then on. */
static void sampled(void)
{
    table_plain();
    CHECK(irq_init() && irq_clock_nmi());
    CHECK(set[0].nmi && set[2].nmi && !set[1].nmi && set[0].cpu == 3 && !set[0].masked);
    CHECK(!irq_present(0));
}

int main(void)
{
    clock_line();
    lines_set();
    without();
    pins_taken();
    sampled();
    printf("hal irq: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

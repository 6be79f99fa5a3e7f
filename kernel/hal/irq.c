/* SPDX-License-Identifier: MIT
 * See irq.h. The 8259's way is taken when no I/O APIC answers, or when the boot word irq=pic asks
 * for it: apic.c has left the 8259 masked, with lines 0..15 at the vectors that they have here. */
#include "kernel/hal/irq.h"

#include "kernel/hal/acpi.h"
#include "kernel/hal/bootword.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/ioapic.h"
#include "kernel/hal/x86.h"

#define PIC_MASTER_DATA 0x21u
#define PIC_SLAVE_DATA  0xA1u
#define PIC_LINES       16u
#define PIC_EACH        8u
#define PIC_CASCADE     2u
#define PIN_CLOCK       2u
#define NUMBER_MAX      254u /* what an I/O APIC's entry can hold; 255 is everybody */
#define PIT_HZ          1193182u
#define PIT_COUNTER_0   0x40u
#define PIT_COMMAND     0x43u
#define PIT_PERIODIC    0x34u /* channel 0, both bytes, rate generator */
#define PIT_SILENT      0x30u /* counts down once, and not before a count is written */
#define PIT_HZ_MIN      19u
#define PIT_HZ_MAX      100000u

static struct madt_pin lines[IRQ_LINES];
static bool routed;
static bool clock_apart;  /* the table has no word of the PIT: its line is pin 0 and pin 2 */
static bool clock_taken;  /* line 0's edges are NMIs */
static uint32_t nmi_pins; /* of others than the clock, as bits */
/* Which is taken first: ISA lines that PCs have left free, what the PIT has once it is silent, and
 * only then what cards may share. */
static const uint8_t nmi_order[] = {11, 10, 15, 14, 12, PIN_CLOCK, 23, 22, 21, 20, 19, 18, 17, 16};
static uint8_t cpu_number;

/* A table that leaves the PIT at pin 0 may be short of an entry: QEMU's microvm wires it to pin 2
 * and does not say so. What else could be at pin 2, the cascade, raises nothing. */
static bool clock_unsaid(const struct madt *madt)
{
    bool given = madt->isa[0].pin != 0;
    for (unsigned i = 0; i < MADT_ISA; i++)
        given |= i != PIN_CLOCK && madt->isa[i].pin == PIN_CLOCK;
    return !given && madt->isa[PIN_CLOCK].pin == PIN_CLOCK;
}

/* Lines 16 and up are PCI's: level, low. A line whose pin another one has been given has none. */
static void lines_fill(const struct madt *madt)
{
    for (unsigned i = 0; i < IRQ_LINES; i++)
        lines[i] = i < MADT_ISA ? madt->isa[i] : (struct madt_pin){(uint8_t)i, true, true};
    for (unsigned i = 0; i < MADT_ISA; i++) {
        const uint8_t pin = madt->isa[i].pin;
        if (pin != i && pin < IRQ_LINES && lines[pin].pin == pin)
            lines[pin].pin = IRQ_PIN_NONE;
    }
    clock_apart = clock_unsaid(madt);
    if (clock_apart)
        lines[PIN_CLOCK].pin = IRQ_PIN_NONE;
}

static void route_say(const struct madt *madt)
{
    if (routed)
        hal_found("irq: I/O APIC at 0x%x, %u pins, PIT at pin %s\n",
                  madt->ioapic != 0 ? madt->ioapic : IOAPIC_DEFAULT, ioapic_pins(),
                  clock_apart                 ? "0 or 2"
                  : lines[0].pin == PIN_CLOCK ? "2"
                                              : "0");
    else
        hal_found("irq: 8259\n");
}

bool irq_init(void)
{
    struct madt madt;
    char word[8] = "";
    cpu_number = (uint8_t)apic_number();
    if (bootword("irq", word, sizeof(word)) && word[0] == 'p') {
        hal_found("irq: 8259, by boot word\n");
        return true;
    }
    (void)acpi_madt(&madt);
    lines_fill(&madt);
    routed =
        apic_number() <= NUMBER_MAX && ioapic_init(madt.ioapic != 0 ? madt.ioapic : IOAPIC_DEFAULT);
    if (routed)
        apic_alone();
    route_say(&madt);
    return true;
}

bool irq_present(unsigned line)
{
    if (line == IRQ_SOFT)
        return true;
    if (line == 0 && clock_taken)
        return false;
    if (routed)
        return line < IRQ_LINES && lines[line].pin < ioapic_pins() &&
               !(nmi_pins >> lines[line].pin & 1);
    return line < PIC_LINES && line != PIC_CASCADE;
}

bool irq_level(unsigned line)
{
    return routed && line < IRQ_LINES && lines[line].level;
}

bool irq_holdable(unsigned line)
{
    return routed || line == IRQ_SOFT;
}

/* One bit of the 8259s' masks. The slave's interrupts pass through the master's cascade. */
static void pic_set(unsigned line, bool masked)
{
    const uint16_t port = line < PIC_EACH ? PIC_MASTER_DATA : PIC_SLAVE_DATA;
    const uint8_t bit = (uint8_t)(1u << line % PIC_EACH), old = x86_in8(port);
    x86_out8(port, (uint8_t)(masked ? old | bit : old & ~bit));
    if (line >= PIC_EACH && !masked)
        x86_out8(PIC_MASTER_DATA, (uint8_t)(x86_in8(PIC_MASTER_DATA) & ~(1u << PIC_CASCADE)));
}

static void line_set(unsigned line, bool masked)
{
    if (!routed) {
        pic_set(line, masked);
        return;
    }
    const struct ioapic_pin way = {.vector = (uint8_t)IRQ_VECTOR(line),
                                   .cpu = cpu_number,
                                   .level = lines[line].level,
                                   .low = lines[line].low,
                                   .masked = masked};
    ioapic_set(lines[line].pin, way);
    if (line == 0 && clock_apart)
        ioapic_set(PIN_CLOCK, way);
}

void irq_mask(unsigned line)
{
    line_set(line, true);
}

void irq_unmask(unsigned line)
{
    line_set(line, false);
}

unsigned irq_held(void)
{
    return (unsigned)x86_read_cr8();
}

void irq_raise(void)
{
    apic_self(IRQ_VECTOR(IRQ_SOFT));
}

void irq_clock(unsigned hz)
{
    if (clock_taken)
        return;
    if (hz < PIT_HZ_MIN || hz > PIT_HZ_MAX) {
        x86_out8(PIT_COMMAND, PIT_SILENT);
        return;
    }
    const unsigned count = PIT_HZ / hz;
    x86_out8(PIT_COMMAND, PIT_PERIODIC);
    x86_out8(PIT_COUNTER_0, (uint8_t)count);
    x86_out8(PIT_COUNTER_0, (uint8_t)(count >> 8));
}

static bool clock_has(unsigned pin)
{
    return lines[0].pin == pin || (clock_apart && pin == PIN_CLOCK);
}

/* A device that is wired to it keeps it busy: what is level triggered may stay up for ever. */
static bool pin_fits(unsigned pin, uint32_t pins)
{
    bool level = false;
    for (unsigned i = 0; i < MADT_ISA; i++)
        level |= lines[i].pin == pin && lines[i].level;
    return pin < ioapic_pins() && pins >> pin & 1 && !level;
}

unsigned irq_pin_nmi(uint32_t pins)
{
    for (unsigned i = 0; routed && i < sizeof(nmi_order); i++) {
        const unsigned pin = nmi_order[i];
        if (!pin_fits(pin, pins))
            continue;
        if (clock_has(pin)) {
            (void)irq_clock_nmi();
            return pin;
        }
        nmi_pins |= 1u << pin;
        ioapic_set(pin, (struct ioapic_pin){.cpu = cpu_number, .nmi = true});
        return pin;
    }
    return IRQ_PIN_NONE;
}

bool irq_clock_nmi(void)
{
    if (!routed || lines[0].pin >= ioapic_pins())
        return false;
    clock_taken = true;
    x86_out8(PIT_COMMAND, PIT_SILENT); /* no edge before the first count */
    const struct ioapic_pin nmi = {.cpu = cpu_number, .nmi = true};
    ioapic_set(lines[0].pin, nmi);
    if (clock_apart)
        ioapic_set(PIN_CLOCK, nmi);
    return true;
}

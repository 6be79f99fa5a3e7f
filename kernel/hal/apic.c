/* SPDX-License-Identifier: MIT
 * The local APIC: by its registers in memory, or in x2APIC mode, which firmware has left on or the
 * boot word apic=x2 asks for, by MSRs. Registers and fields: Intel SDM 3A chapter 11. Its timer is
 * apic_timer.c's. */
#include "kernel/hal/apic.h"

#include "kernel/hal/apic_register.h"
#include "kernel/hal/apic_timer.h"
#include "kernel/hal/found.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"

#define APIC_BASE_ENABLE 0x800ull
#define APIC_BASE_X2     0x400ull
#define APIC_BYTES       4096u
#define EDX_APIC         (1u << 9)
#define ECX_X2APIC       (1u << 21)
#define SVR_ENABLE       0x100u
#define SERVICE_WORDS    8u
#define VECTORS          256u
#define COMMAND_SELF     0x44000u /* to this CPU, fixed, edge */
#define ID_SHIFT         24
#define PIC_MASTER       0x20u
#define PIC_SLAVE        0xA0u
#define PIC_ICW1         0x11u
#define PIC_ICW4         0x03u /* 8086 mode, automatic end of interrupt */
#define PIC_CASCADE      2u
#define PIC_MASTER_PIN   4u
#define PIC_ALL          0xFFu

volatile uint8_t *apic_memory;

/* The 8259s: moved away from the exceptions' vectors, then silent. */
static void pic_mask(void)
{
    const uint16_t ports[] = {PIC_MASTER, PIC_SLAVE};
    for (unsigned i = 0; i < 2; i++) {
        const uint16_t data = (uint16_t)(ports[i] + 1);
        x86_out8(ports[i], PIC_ICW1);
        x86_out8(data, (uint8_t)(VECTOR_DEVICE + 8 * i));
        x86_out8(data, i == 0 ? PIC_MASTER_PIN : PIC_CASCADE);
        x86_out8(data, PIC_ICW4);
        x86_out8(data, PIC_ALL);
    }
}

/* By the boot word, though firmware did not switch it on. */
static bool x2_wanted(void)
{
    if (hal_config.x2apic && (x86_cpuid(1, 0).ecx & ECX_X2APIC) == 0)
        hal_exit(EXIT_INIT, "apic=x2: this CPU has no x2APIC");
    return hal_config.x2apic;
}

bool apic_present(void)
{
    if ((x86_cpuid(1, 0).edx & EDX_APIC) != 0)
        return true;
    x86_wrmsr(MSR_APIC_BASE, x86_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    return (x86_cpuid(1, 0).edx & EDX_APIC) != 0;
}

/* From disabled (apic_present) to the mode in memory to the one by MSRs, one step a write: no other
 * way is legal. */
static bool apic_map(void)
{
    const uint64_t base = x86_rdmsr(MSR_APIC_BASE);
    if ((base & APIC_BASE_X2) != 0) {
        hal_found("apic: x2, by firmware, number %u\n", apic_number());
        return true;
    }
    if (x2_wanted()) {
        x86_wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2);
        hal_found("apic: x2, by boot word, number %u\n", apic_number());
        return true;
    }
    const uint64_t physical = base & CR3_FRAME_MASK;
    apic_memory = paging_map_device(physical, APIC_BYTES);
    if (apic_memory != NULL)
        hal_found("apic: at 0x%lx, number %u\n", physical, apic_number());
    return apic_memory != NULL;
}

/* Switched on first: until then a write that would unmask an entry does not (11.4.7.2). */
static void apic_enable(void)
{
    apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    for (unsigned n = 0; n < VECTORS && apic_end_stray(); n++)
        ; /* an interrupt that firmware was serving when it started us has no end but this */
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    /* without firmware both pins are masked: the 8259's line, and the NMI line */
    apic_write(APIC_LVT_LINT0, LVT_EXTINT);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
}

bool apic_init(void)
{
    pic_mask();
    if (!apic_map())
        return false;
    apic_enable();
    return apic_timer_init();
}

uint32_t apic_number(void)
{
    const uint32_t id = apic_read(APIC_ID);
    return apic_memory == NULL ? id : id >> ID_SHIFT;
}

void apic_alone(void)
{
    apic_write(APIC_LVT_LINT0, LVT_MASKED | LVT_EXTINT);
}

void apic_self(uint8_t vector)
{
    if (apic_memory == NULL)
        apic_write(APIC_SELF, vector);
    else
        apic_write(APIC_COMMAND, COMMAND_SELF | vector);
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

bool apic_end_stray(void)
{
    uint32_t serving = 0;
    for (unsigned i = 0; i < SERVICE_WORDS; i++)
        serving |= apic_read((enum apic_register)(APIC_SERVICE + (i << 4)));
    if (serving != 0)
        apic_eoi();
    return serving != 0;
}

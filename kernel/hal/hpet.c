/* SPDX-License-Identifier: MIT
 * See hpet.h. The timer is taken as one of 32 bits, which each is or can be told to be, and of the
 * count only the lower half is read, so that neither tears. What firmware left running raises
 * nothing afterwards: its timers would share lines with this one. */
#include "kernel/hal/hpet.h"

#include <stddef.h>

#include "kernel/hal/acpi.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/paging.h"

#define BYTES 0x400u
/* Registers of 8 bytes, in words of 4. */
#define CAPABILITIES    0x000u
#define PERIOD          0x004u /* of the count, in fs */
#define CONFIGURATION   0x010u
#define COUNT           0x0F0u
#define TIMER(n)        (0x100u + 0x20u * (n))
#define TIMER_PINS      0x4u /* which pins it may raise, behind its configuration */
#define TIMER_AT        0x8u
#define LAST_TIMER(c)   ((c) >> 8 & 0x1Fu)
#define REVISION(c)     ((c)&0xFFu)
#define PERIOD_MIN      1000000u   /* 1 GHz */
#define PERIOD_MAX      100000000u /* by the specification */
#define FS_PER_S        1000000000000000ull
#define COUNTS          0x1u
#define REPLACES_LEGACY 0x2u /* the lines of PIT and RTC are the chip's */
#define TIMER_RAISES    0x4u
#define TIMER_32        0x100u
#define TIMER_PIN(p)    ((uint32_t)(p) << 9)
#define TIMER_OWN       0x7F4Eu /* bits of the lower half that software may write */

static volatile uint8_t *registers;
static unsigned timer;

static uint32_t hpet_read(uint32_t at)
{
    return *(volatile uint32_t *)(registers + at);
}

static void hpet_write(uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)(registers + at) = value;
}

/* Absent memory reads as ones or zeros. */
static bool answers(void)
{
    const uint32_t period = hpet_read(PERIOD);
    return REVISION(hpet_read(CAPABILITIES)) != 0 && period >= PERIOD_MIN && period <= PERIOD_MAX;
}

static void timers_silence(unsigned last)
{
    for (unsigned n = 0; n <= last; n++)
        hpet_write(TIMER(n), hpet_read(TIMER(n)) & ~TIMER_RAISES);
}

/* The first timer with a pin that may be ours. */
static bool timer_take(unsigned last)
{
    for (timer = 0; timer <= last; timer++) {
        const unsigned pin = irq_pin_nmi(hpet_read(TIMER(timer) + TIMER_PINS));
        if (pin == IRQ_PIN_NONE)
            continue;
        const uint32_t fixed = hpet_read(TIMER(timer)) & ~TIMER_OWN;
        hpet_write(TIMER(timer), fixed | TIMER_32 | TIMER_PIN(pin));
        return true;
    }
    return false;
}

bool hpet_begin(void)
{
    const uint64_t physical = acpi_hpet();
    registers = physical != 0 ? paging_map_device(physical, BYTES) : NULL;
    if (registers == NULL || !answers())
        return false;
    const unsigned last = LAST_TIMER(hpet_read(CAPABILITIES));
    timers_silence(last);
    if (!timer_take(last))
        return false;
    hpet_write(CONFIGURATION, (hpet_read(CONFIGURATION) & ~REPLACES_LEGACY) | COUNTS);
    return true;
}

uint32_t hpet_hz(void)
{
    return (uint32_t)(FS_PER_S / hpet_read(PERIOD));
}

uint32_t hpet_now(void)
{
    return hpet_read(COUNT);
}

void hpet_arm(uint32_t at)
{
    hpet_write(TIMER(timer) + TIMER_AT, at);
    hpet_write(TIMER(timer), hpet_read(TIMER(timer)) | TIMER_RAISES);
}

void hpet_quiet(void)
{
    hpet_write(TIMER(timer), hpet_read(TIMER(timer)) & ~TIMER_RAISES);
}

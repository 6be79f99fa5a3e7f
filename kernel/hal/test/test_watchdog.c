/* SPDX-License-Identifier: MIT
 * The boot's time limit on a chip of the test's own: an event timer whose count is moved by hand,
 * at any rate, which raises what it was armed for and more. The time must never be over early, and
 * never be missed, whatever other NMIs come and however late they are taken. */
#include "kernel/hal/watchdog.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hal/acpi.h"
#include "kernel/hal/hpet.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/x86.h"

/* start.asm goes there from watchdog_leave. */
_Noreturn void watchdog_over(void);
_Noreturn void watchdog_leave(uint64_t stack_top);

#define TIMERS    3u
#define PERIOD_FS 69841279u /* 14.318180 MHz */
#define HZ        14318179u
#define PIN       21u
#define RAISES    4u
#define ROUND     (1ull << 32)
#define LAST      ((TIMERS - 1) << 8)

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

/* The chip: 64-bit registers as the specification has them. */
static struct {
    uint64_t capabilities, unused[1], configuration, gap[27], count, gap2, timer[TIMERS][4];
} chip;
_Static_assert(sizeof(chip) == 0x160, "timers from 0x100 on");
static uint64_t table, count; /* the count's true value, which does not go round */
static uint32_t pins_asked;
static unsigned pin_given;
static jmp_buf ended, halted;
static struct watchdog_place place;
static uint64_t stack;

/* ---- what the tested files ask of others ---- */

uint64_t acpi_hpet(void)
{
    return table;
}

void *paging_map_device(paddr_t base, uint64_t bytes)
{
    CHECK(base == table && bytes >= sizeof(chip));
    return &chip;
}

unsigned irq_pin_nmi(uint32_t pins)
{
    pins_asked |= pins;
    return pins >> pin_given & 1 ? pin_given : IRQ_PIN_NONE;
}

void watchdog_leave(uint64_t stack_top)
{
    stack = stack_top;
    longjmp(ended, 1);
}

void x86_halt(void)
{
    longjmp(halted, 1);
}

/* ---- the tests ---- */

static void chip_make(void)
{
    memset(&chip, 0, sizeof(chip));
    table = 0xFED00000;
    pins_asked = 0;
    pin_given = PIN;
    chip.capabilities = (uint64_t)PERIOD_FS << 32 | LAST | 1;
    chip.configuration = 2; /* firmware took the PIT's line */
    for (unsigned i = 0; i < TIMERS; i++)
        chip.timer[i][0] = (i ? 0xF00000ull : 1ull << 2) << 32 | 0x8000u | RAISES | 0x8u | 0x2u;
}

static void at(uint64_t now)
{
    count = now;
    chip.count = now % ROUND;
}

static void over(const struct watchdog_place *where)
{
    place = *where;
}

/* One NMI now; whether the time was over. */
static bool nmi(void)
{
    const struct trap_frame frame = {.rip = 0x401000, .cs = 0x2B};
    if (setjmp(ended))
        return true;
    watchdog_nmi(&frame);
    return false;
}

/* When the chip raises next, as far as it is armed. */
static uint64_t next(void)
{
    const uint64_t ahead = (chip.timer[1][1] - count) % ROUND;
    CHECK(chip.timer[1][0] & RAISES);
    return count + (ahead != 0 ? ahead : ROUND);
}

static void found(void)
{
    chip_make();
    CHECK(hpet_begin() && hpet_hz() == HZ && pins_asked == 0xF00004);
    /* 32 bits, edge, that pin, silent; what cannot be written stays */
    CHECK(chip.timer[1][0] == (0xF00000ull << 32 | 0x8000u | 0x100u | PIN << 9));
    for (unsigned i = 0; i < TIMERS; i++)
        CHECK(!(chip.timer[i][0] & RAISES));
    CHECK(chip.configuration == 1);
    chip_make();
    pin_given = 5;
    CHECK(!hpet_begin());
    table = 0;
    CHECK(!hpet_begin() && !watchdog_start(1, over));
    const uint64_t bad[] = {0, ~0ull, (uint64_t)PERIOD_FS << 32 | LAST,
                            100000001ull << 32 | LAST | 1, 999999ull << 32 | LAST | 1};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        chip_make();
        chip.capabilities = bad[i];
        CHECK(!hpet_begin());
    }
    CHECK(!nmi()); /* nothing was started */
}

/* The chip's own NMIs, each taken `late` ticks after it was raised. */
static void passes(uint32_t seconds, uint64_t start, uint64_t late)
{
    const uint64_t end = start + (uint64_t)seconds * HZ;
    chip_make();
    at(start);
    CHECK(watchdog_start(seconds, over));
    for (unsigned turns = 0; turns < 1000000; turns++) {
        at(next() + late);
        if (nmi())
            break;
        CHECK(count < end);
    }
    CHECK(count >= end && count <= end + late + HZ / 1000);
    CHECK(!(chip.timer[1][0] & RAISES) && !nmi());
    CHECK(stack == PERCPU_AREA(0) + PERCPU_STACK_TOP);
}

/* NMIs of others, among them one just before the time is over. */
static void others(void)
{
    chip_make();
    at(ROUND - 5);
    CHECK(watchdog_start(1000, over));
    for (uint64_t s = 1; s < 1000; s++) {
        at(ROUND - 5 + s * HZ + s);
        CHECK(!nmi());
    }
    at(ROUND - 5 + 1000ull * HZ - 1);
    CHECK(!nmi());
    CHECK(next() - count == HZ / 1000); /* nearer it might have passed when it is written */
    at(next());
    CHECK(nmi());
    chip_make();
    at(77);
    CHECK(watchdog_start(10, over));
    watchdog_stop();
    CHECK(!(chip.timer[1][0] & RAISES));
    at(77 + 11ull * HZ);
    CHECK(!nmi());
}

/* What is told: where the CPU was. */
static void told(void)
{
    chip_make();
    at(0);
    CHECK(watchdog_start(1, over));
    at(next());
    CHECK(nmi() && place.rip == 0);
    if (!setjmp(halted))
        watchdog_over();
    CHECK(place.rip == 0x401000 && place.user);
}

int main(void)
{
    found();
    passes(1, 0, 0);
    passes(1, ROUND - 1, 3);
    passes(86400, 12345, 0);
    passes(86400, ROUND - HZ, 20ull * HZ);
    passes(100000, 1, ROUND / 2 - 1);
    passes(150, 0xFFFFFF00, 1);
    others();
    told();
    printf("hal watchdog: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

/* SPDX-License-Identifier: MIT
 * The TSC's rate on machines of virtual time: a PC, whose ports take a microsecond each; one whose
 * firmware takes the CPU away at the worst moment; one without a PIT; CPUs that tell the rate, half
 * of it, or the number on the box. */
#include "kernel/hal/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define PIT_HZ    1193182.0
#define SKYLAKE   0x506E3u
#define SKYLAKE_X 0x50654u
#define DENVERTON 0x506F1u
#define ZEN       0x800F11u
#define PHASES    50u
#define PPM       1e-6
#define MS        1000000.0
#define US        1000.0

static unsigned passed, failed;

#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (failed++, (void)printf("FAIL line %d: %s\n", __LINE__, #c)))

/* A machine; times in nanoseconds. */
static struct {
    double tsc_hz, timer_hz, port_ns, phase_ns;
    bool no_pit;
    double away_at, away_ns; /* the CPU is taken away for so long, right behind a stamp */
    unsigned away_times;     /* that often, each time so long after the one before */
    struct x86_cpuid crystal, frequency;
    uint32_t leaf_max;
} m;

static double now;
static uint64_t loaded_at; /* tick of the PIT's clock */
static unsigned latched;   /* bytes of the count still to be read */
static uint16_t latch;
static bool status_next;
static double slept;
static bool misused; /* a chip or an instruction */

struct hal_config hal_config;
static struct bootinfo boot;
const struct bootinfo *hal_boot = &boot;

/* Since it was loaded; its own clock runs on meanwhile. */
static uint64_t pit_ticks(void)
{
    return (uint64_t)((now + m.phase_ns) * PIT_HZ / 1e9) - loaded_at;
}

uint64_t x86_rdtsc_begin(void)
{
    now += 10;
    const double stamp = now;
    if (m.away_times != 0 && now >= m.away_at) {
        m.away_times--;
        m.away_at = now + m.away_ns + 3 * MS;
        slept += m.away_ns;
        now += m.away_ns;
    }
    return (uint64_t)(stamp * m.tsc_hz / 1e9);
}

void x86_spin(uint64_t turns)
{
    now += (double)turns * 1e9 / m.tsc_hz;
}

void x86_out8(uint16_t port, uint8_t value)
{
    now += m.port_ns;
    if (m.no_pit)
        return;
    if (port == 0x43 && value == 0) {
        latch = (uint16_t)(0xFFFF - pit_ticks());
        latched = 2;
    } else if (port == 0x43 && value == 0xE2) {
        status_next = true;
    } else if (port == 0x40) {
        loaded_at = 0;
        loaded_at = pit_ticks();
    }
}

uint8_t x86_in8(uint16_t port)
{
    now += m.port_ns;
    misused |= port != 0x40;
    if (m.no_pit)
        return 0xFF;
    if (status_next) {
        status_next = false;
        return pit_ticks() > 0xFFFF ? 0xB0 : 0x30;
    }
    misused |= latched == 0;
    return latched-- == 2 ? (uint8_t)latch : (uint8_t)(latch >> 8);
}

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    misused |= subleaf != 0 || (leaf > m.leaf_max && leaf < 0x40000000u);
    if (leaf == 0)
        return (struct x86_cpuid){.eax = m.leaf_max};
    return leaf == 0x15 ? m.crystal : leaf == 0x16 ? m.frequency : (struct x86_cpuid){0};
}

static uint32_t timer_count(void)
{
    now += 50;
    return UINT32_MAX - (uint32_t)(now * m.timer_hz / 1e9);
}

static bool near(double value, double wanted, double tolerance)
{
    return value > wanted * (1 - tolerance) && value < wanted * (1 + tolerance);
}

/* A PC with that TSC, whose CPUID has no word of it. */
static void machine(const char *vendor, uint32_t signature, double tsc_hz)
{
    memset(&m, 0, sizeof(m));
    memset(&boot, 0, sizeof(boot));
    memset(&hal_config, 0, sizeof(hal_config));
    memcpy(hal_config.vendor, vendor, 12);
    hal_config.signature = signature;
    m.tsc_hz = tsc_hz;
    m.timer_hz = 100e6;
    m.port_ns = 1100;
    m.leaf_max = 0xD;
    now = 1 * MS;
    slept = 0;
}

static void measured_on_a_pc(void)
{
    double worst = 0;
    for (unsigned i = 0; i < PHASES; i++) {
        machine("AuthenticAMD", ZEN, 3593250000.0);
        m.phase_ns = 838.0 * i / PHASES;
        const struct clock_rates r = clock_measure(timer_count);
        const double off = (double)r.tsc_hz / m.tsc_hz - 1, size = off < 0 ? -off : off;
        worst = size > worst ? size : worst;
        CHECK(r.tsc_source == 3);
        CHECK(near((double)r.timer_per_tsc / 4294967296.0, m.timer_hz / m.tsc_hz, 100 * PPM));
    }
    CHECK(worst < 100 * PPM);
    CHECK(now - 1 * MS < 40 * MS);
    machine("AuthenticAMD", ZEN, 1e9); /* an emulator: ports are quick, the window is short */
    m.port_ns = 20;
    CHECK(near((double)clock_measure(timer_count).tsc_hz, 1e9, 200 * PPM));
    CHECK(now - 1 * MS < 4 * MS);
}

/* Between the looks at two clocks, in any of the first two windows, or for longer than the PIT's
 * range. */
static void measured_though_disturbed(void)
{
    for (unsigned i = 0; i < PHASES; i++) {
        machine("AuthenticAMD", ZEN, 3593250000.0);
        m.away_at = now + i * 0.35 * MS;
        m.away_ns = 300 * US;
        m.away_times = 1;
        CHECK(near((double)clock_measure(timer_count).tsc_hz, m.tsc_hz, 100 * PPM));
        machine("AuthenticAMD", ZEN, 3593250000.0);
        m.away_at = now + i * 0.35 * MS;
        m.away_ns = 60 * MS;
        m.away_times = 2;
        CHECK(near((double)clock_measure(timer_count).tsc_hz, m.tsc_hz, 100 * PPM));
        CHECK(slept > 59 * MS);
    }
}

static void claimed(void)
{
    machine("GenuineIntel", 0xA0671, 3504000000.0); /* all is told */
    m.leaf_max = 0x16;
    m.crystal = (struct x86_cpuid){.eax = 2, .ebx = 292, .ecx = 24000000};
    m.frequency.eax = 3500;
    struct clock_rates r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 3504000000 && r.tsc_source == 1);
    m.no_pit = true; /* its chipset gates the PIT */
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 3504000000 && r.tsc_source == 1);
    machine("GenuineIntel", SKYLAKE, 3408000000.0); /* the crystal is not told */
    m.leaf_max = 0x16;
    m.crystal = (struct x86_cpuid){.eax = 2, .ebx = 284};
    m.frequency.eax = 3400;
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 3408000000 && r.tsc_source == 1);
    machine("GenuineIntel", DENVERTON, 2200000000.0);
    m.leaf_max = 0x15;
    m.crystal = (struct x86_cpuid){.eax = 1, .ebx = 88};
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 2200000000 && r.tsc_source == 1);
    machine("GenuineIntel", SKYLAKE, 2e9); /* the leaf is another machine's */
    m.leaf_max = 0x16;
    m.crystal = (struct x86_cpuid){.eax = 2, .ebx = 284};
    r = clock_measure(timer_count);
    CHECK(near((double)r.tsc_hz, 2e9, 100 * PPM) && r.tsc_source == 3);
}

/* What is on the box is a quarter of a percent off, and stands in only where nothing counts. */
static void nominal(void)
{
    machine("GenuineIntel", SKYLAKE_X, 2294625000.0);
    m.leaf_max = 0x16;
    m.crystal = (struct x86_cpuid){.eax = 2, .ebx = 184};
    m.frequency.eax = 2300;
    struct clock_rates r = clock_measure(timer_count);
    CHECK(near((double)r.tsc_hz, m.tsc_hz, 100 * PPM) && r.tsc_source == 3);
    m.no_pit = true;
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 2300000000 && r.tsc_source == 2);
    CHECK(near((double)r.timer_per_tsc / 4294967296.0, m.timer_hz / m.tsc_hz, 100 * PPM));
    m.leaf_max = 0xD;
    boot.tsc_hz_hint = 123456789;
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 123456789 && r.tsc_source == 5);
    boot.tsc_hz_hint = 0;
    r = clock_measure(timer_count);
    CHECK(r.tsc_hz == 1000000000 && r.tsc_source == 0);
}

int main(void)
{
    measured_on_a_pc();
    measured_though_disturbed();
    claimed();
    nominal();
    CHECK(!misused);
    printf("hal clock: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}

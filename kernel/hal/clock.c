/* SPDX-License-Identifier: MIT
 * Clock rates. One window of a millisecond is watched by the TSC, the PIT and the APIC timer at
 * once. What the CPU says of itself (CPUID 15h, 16h) is taken unless the PIT contradicts it, for
 * emulators copy those leaves from other machines. Without a PIT an APIC timer of known rate, then
 * the loader's hint stand in. */
#include "kernel/hal/clock.h"

#include <stdbool.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define PIT_HZ          1193182ull
#define PIT_COUNTER_0   0x40u
#define PIT_COMMAND     0x43u
#define PIT_MODE_0      0x30u /* channel 0, both bytes, count down once; no gate to open */
#define PIT_LATCH_0     0x00u
#define PIT_MAX         0xFFFFu
#define WINDOW_PIT      1400u    /* a little above 1 ms */
#define WINDOW_TIMER    1200000u /* the same for a timer of 1 GHz */
#define PROBES_MAX      2000u
#define PROBES_DEAD     40u /* a PIT that has not moved by then is none */
#define EDGE_LOOKS      100u
#define PROBE_SPIN      2000u /* turns between looks: port reads are slow in emulators */
#define LEAF_CRYSTAL    0x15u
#define LEAF_FREQUENCY  0x16u
#define LEAF_HYPERVISOR 0x40000000u
#define ECX_HYPERVISOR  (1u << 31)
#define HYPERVISOR_TCG  0x54474354u /* "TCGT" */
#define TCG_TIMER_HZ    1000000000ull
#define MHZ             1000000ull
#define HZ_UNKNOWN      1000000000ull
#define FRACTION_BITS   32
#define TOLERANCE       50u /* 1/50: CPUID against the PIT */

enum tsc_source { TSC_UNKNOWN, TSC_CPUID_15, TSC_CPUID_16, TSC_PIT, TSC_ACPI, TSC_HINT };

struct reading {
    uint64_t tsc;
    uint32_t pit, timer; /* both count down */
};

struct window {
    uint64_t tsc;
    uint32_t pit, timer; /* ticks passed */
};

static uint32_t pit_count(void)
{
    x86_out8(PIT_COMMAND, PIT_LATCH_0);
    const uint32_t low = x86_in8(PIT_COUNTER_0);
    return low | (uint32_t)x86_in8(PIT_COUNTER_0) << 8;
}

static void pit_start(void)
{
    x86_out8(PIT_COMMAND, PIT_MODE_0);
    x86_out8(PIT_COUNTER_0, PIT_MAX & 0xFF);
    x86_out8(PIT_COUNTER_0, PIT_MAX >> 8);
}

static struct reading reading_take(uint32_t (*timer_count)(void))
{
    struct reading r;
    r.tsc = x86_rdtsc_begin();
    r.timer = timer_count();
    r.pit = pit_count();
    return r;
}

/* The first reading of a PIT tick, where looks are quicker than ticks: then a window is exact to a
 * look and not to two ticks. */
static struct reading reading_edge(uint32_t (*timer_count)(void))
{
    const struct reading first = reading_take(timer_count);
    struct reading r = first;
    for (unsigned looks = 0; looks < EDGE_LOOKS && r.pit == first.pit; looks++)
        r = reading_take(timer_count);
    return r;
}

static struct window window_between(const struct reading *start, const struct reading *end)
{
    return (struct window){.tsc = end->tsc - start->tsc,
                           .pit = (start->pit - end->pit) & PIT_MAX,
                           .timer = start->timer - end->timer};
}

static struct window window_take(uint32_t (*timer_count)(void))
{
    pit_start();
    x86_spin(PROBE_SPIN); /* the count is loaded by the PIT's next edge */
    const struct reading start = reading_edge(timer_count);
    struct reading now = start;
    for (unsigned probes = 0; probes < PROBES_MAX; probes++) {
        x86_spin(PROBE_SPIN);
        now = reading_take(timer_count);
        const struct window w = window_between(&start, &now);
        if (w.pit >= WINDOW_PIT || (w.pit == 0 && probes >= PROBES_DEAD && w.timer >= WINDOW_TIMER))
            break;
    }
    if (now.pit != start.pit)
        now = reading_edge(timer_count);
    return window_between(&start, &now);
}

/* CPUID's own word for the TSC's rate, or 0. */
static uint64_t claimed_hz(uint8_t *source)
{
    const uint32_t max = x86_cpuid(0, 0).eax;
    if (max >= LEAF_CRYSTAL) {
        const struct x86_cpuid r = x86_cpuid(LEAF_CRYSTAL, 0);
        *source = TSC_CPUID_15;
        if (r.eax != 0 && r.ebx != 0 && r.ecx != 0)
            return (uint64_t)r.ecx * r.ebx / r.eax;
    }
    *source = TSC_CPUID_16;
    return max >= LEAF_FREQUENCY ? (x86_cpuid(LEAF_FREQUENCY, 0).eax & 0xFFFF) * MHZ : 0;
}

static bool timer_rate_known(void)
{
    return (x86_cpuid(1, 0).ecx & ECX_HYPERVISOR) != 0 &&
           x86_cpuid(LEAF_HYPERVISOR, 0).ebx == HYPERVISOR_TCG;
}

/* value * multiplier / divisor without overflow in between. */
static uint64_t scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
    const uint64_t whole = value / divisor, rest = value % divisor;
    return whole * multiplier + rest * multiplier / divisor;
}

static bool contradicts(uint64_t claimed, uint64_t measured)
{
    const uint64_t difference = claimed > measured ? claimed - measured : measured - claimed;
    return difference > measured / TOLERANCE;
}

static void tsc_decide(const struct window *w, struct clock_rates *rates)
{
    const uint64_t measured = w->pit != 0 ? scale(w->tsc, PIT_HZ, w->pit) : 0;
    rates->tsc_hz = claimed_hz(&rates->tsc_source);
    if (rates->tsc_hz != 0 && (measured == 0 || !contradicts(rates->tsc_hz, measured)))
        return;
    if (measured != 0) {
        rates->tsc_hz = measured;
        rates->tsc_source = TSC_PIT;
    } else if (w->timer != 0 && timer_rate_known()) {
        rates->tsc_hz = scale(w->tsc, TCG_TIMER_HZ, w->timer);
        rates->tsc_source = TSC_HINT;
    } else {
        rates->tsc_hz = hal_boot->tsc_hz_hint != 0 ? hal_boot->tsc_hz_hint : HZ_UNKNOWN;
        rates->tsc_source = hal_boot->tsc_hz_hint != 0 ? TSC_HINT : TSC_UNKNOWN;
    }
}

const char *clock_source_name(uint8_t source)
{
    static const char *const names[] = {"nothing: a guess", "CPUID 15h",         "CPUID 16h", "PIT",
                                        "ACPI's timer",     "the machine's hint"};
    return source < sizeof(names) / sizeof(names[0]) ? names[source] : names[0];
}

struct clock_rates clock_measure(uint32_t (*timer_count)(void))
{
    const struct window w = window_take(timer_count);
    struct clock_rates rates = {0};
    tsc_decide(&w, &rates);
    if (w.tsc != 0)
        rates.timer_per_tsc = ((uint64_t)w.timer << FRACTION_BITS) / w.tsc;
    return rates;
}

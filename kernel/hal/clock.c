/* SPDX-License-Identifier: MIT
 * Clock rates. A window of a millisecond is watched by the TSC, the PIT and the APIC timer at once;
 * of ten where a look at them takes longer than a tick of the PIT, as on a PC; and again until two
 * in a row agree, for firmware may take the CPU between two looks at the clocks (SMIs). The TSC's
 * ratio to its crystal (CPUID 15h) is taken unless the PIT contradicts it, for emulators copy that
 * leaf from other machines. Without a PIT the CPU's nominal rate, an APIC timer of known rate, then
 * the loader's hint stand in. */
#include "kernel/hal/clock.h"

#include <stdbool.h>

#include "kernel/hal/clock_claim.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/x86.h"

#define PIT_HZ          1193182ull
#define PIT_COUNTER_0   0x40u
#define PIT_COMMAND     0x43u
#define PIT_MODE_0      0x30u /* channel 0, both bytes, count down once; no gate to open */
#define PIT_LATCH_0     0x00u
#define PIT_STATUS_0    0xE2u /* the next read of channel 0 is its status */
#define PIT_OUTPUT      0x80u /* in mode 0: the count has run down since it was loaded */
#define PIT_MAX         0xFFFFu
#define WINDOW_PIT      1400u  /* a little above 1 ms */
#define WINDOW_PIT_SLOW 12000u /* 10 ms, of which a tick is less than 0.01 % */
#define WINDOWS_MAX     6u
#define AGREEMENT       2000u    /* 1/2000: between two windows */
#define WINDOW_TIMER    1200000u /* the same for a timer of 1 GHz */
#define PROBES_MAX      20000u
#define PROBES_DEAD     40u /* a PIT that has not moved by then is none */
#define EDGE_LOOKS      100u
#define PROBE_SPIN      2000u /* turns between looks: port reads are slow in emulators */
#define LEAF_HYPERVISOR 0x40000000u
#define ECX_HYPERVISOR  (1u << 31)
#define HYPERVISOR_TCG  0x54474354u /* "TCGT" */
#define TCG_TIMER_HZ    1000000000ull
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
    bool overrun;        /* longer than the PIT can count: its ticks are too few */
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

/* Whether the count has passed 0 since pit_start. */
static bool pit_overrun(void)
{
    x86_out8(PIT_COMMAND, PIT_STATUS_0);
    return (x86_in8(PIT_COUNTER_0) & PIT_OUTPUT) != 0;
}

static uint32_t ticks_between(const struct reading *start, const struct reading *end)
{
    return (start->pit - end->pit) & PIT_MAX;
}

/* The first reading of a PIT tick, where looks are quicker than ticks: then a window is exact to a
 * look and not to two ticks. *step: the ticks that the last look took. */
static struct reading reading_edge(uint32_t (*timer_count)(void), uint32_t *step)
{
    struct reading r = reading_take(timer_count);
    *step = 0;
    for (unsigned looks = 0; looks < EDGE_LOOKS && *step == 0; looks++) {
        const struct reading next = reading_take(timer_count);
        *step = ticks_between(&r, &next);
        r = next;
    }
    return r;
}

static struct window window_between(const struct reading *start, const struct reading *end)
{
    return (struct window){.tsc = end->tsc - start->tsc,
                           .pit = ticks_between(start, end),
                           .timer = start->timer - end->timer};
}

static struct window window_take(uint32_t (*timer_count)(void))
{
    uint32_t step;
    pit_start();
    x86_spin(PROBE_SPIN); /* the count is loaded by the PIT's next edge */
    const struct reading start = reading_edge(timer_count, &step);
    const uint32_t length = step > 1 ? WINDOW_PIT_SLOW : WINDOW_PIT;
    struct reading now = start;
    for (unsigned probes = 0; probes < PROBES_MAX; probes++) {
        x86_spin(PROBE_SPIN);
        now = reading_take(timer_count);
        const struct window w = window_between(&start, &now);
        if (w.pit >= length || (w.pit == 0 && probes >= PROBES_DEAD && w.timer >= WINDOW_TIMER))
            break;
    }
    if (now.pit != start.pit)
        now = reading_edge(timer_count, &step);
    struct window w = window_between(&start, &now);
    w.overrun = w.pit != 0 && pit_overrun();
    return w;
}

/* Whether both show the same rate. */
static bool windows_agree(const struct window *a, const struct window *b)
{
    const uint64_t x = a->tsc * b->pit, y = b->tsc * a->pit;
    return !a->overrun && !b->overrun && (x > y ? x - y : y - x) <= x / AGREEMENT;
}

/* The first of two in a row that agree. Where there is no PIT one is enough; where nothing agrees
 * the last has to do, but for a PIT whose ticks are known to be too few. */
static struct window window_sound(uint32_t (*timer_count)(void))
{
    struct window last = window_take(timer_count);
    for (unsigned i = 1; i < WINDOWS_MAX && last.pit != 0; i++) {
        const struct window next = window_take(timer_count);
        if (windows_agree(&last, &next))
            return last;
        last = next;
    }
    last.pit = last.overrun ? 0 : last.pit;
    return last;
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

/* Where neither a crystal nor a PIT tells it. */
static void tsc_guess(const struct window *w, struct clock_rates *rates)
{
    rates->tsc_hz = clock_claim_nominal();
    rates->tsc_source = TSC_CPUID_16;
    if (rates->tsc_hz != 0)
        return;
    rates->tsc_source = TSC_HINT;
    if (w->timer != 0 && timer_rate_known()) {
        rates->tsc_hz = scale(w->tsc, TCG_TIMER_HZ, w->timer);
    } else if (hal_boot->tsc_hz_hint != 0) {
        rates->tsc_hz = hal_boot->tsc_hz_hint;
    } else {
        rates->tsc_hz = HZ_UNKNOWN;
        rates->tsc_source = TSC_UNKNOWN;
    }
}

static void tsc_decide(const struct window *w, struct clock_rates *rates)
{
    const uint64_t measured = w->pit != 0 ? scale(w->tsc, PIT_HZ, w->pit) : 0;
    const uint64_t claimed = clock_claim_crystal();
    if (claimed != 0 && (measured == 0 || !contradicts(claimed, measured))) {
        rates->tsc_hz = claimed;
        rates->tsc_source = TSC_CPUID_15;
    } else if (measured != 0) {
        rates->tsc_hz = measured;
        rates->tsc_source = TSC_PIT;
    } else {
        tsc_guess(w, rates);
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
    const struct window w = window_sound(timer_count);
    struct clock_rates rates = {0};
    tsc_decide(&w, &rates);
    if (w.tsc != 0)
        rates.timer_per_tsc = ((uint64_t)w.timer << FRACTION_BITS) / w.tsc;
    return rates;
}

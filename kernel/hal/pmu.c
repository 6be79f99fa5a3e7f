/* SPDX-License-Identifier: MIT
 * See pmu.h. Registers and rules: Intel SDM 3B chapter 20 (18 of older editions); AMD's extended
 * counters, and from PerfMonV2 on their global registers: APM volume 2 section 13.2. Reserved bits
 * are never set: which bits there are is what CPUID says. No freeze bits: what a handler costs is
 * to be seen. */
#include "kernel/hal/pmu.h"

#include <stddef.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/msr.h"
#include "kernel/hal/pmu_events.h"
#include "kernel/hal/x86.h"

#define MSR_COUNT_0       0xC1u
#define MSR_SELECT_0      0x186u
#define MSR_FIXED_0       0x309u
#define MSR_FIXED_CONTROL 0x38Du
#define MSR_STATUS        0x38Eu
#define MSR_CONTROL       0x38Fu
#define MSR_ACKNOWLEDGE   0x390u /* from version 4 on: the status' reset */
#define MSR_AMD_SELECT_0  0xC0010200u
#define MSR_AMD_COUNT_0   0xC0010201u
/* PerfMonV2 */
#define MSR_AMD_STATUS      0xC0000300u
#define MSR_AMD_CONTROL     0xC0000301u
#define MSR_AMD_ACKNOWLEDGE 0xC0000302u

#define LEAF_COUNTERS     0xAu
#define LEAF_EXTENDED     0x80000000u
#define LEAF_EXTENDED_1   0x80000001u
#define LEAF_AMD_COUNTERS 0x80000022u
#define ECX_AMD_COUNTERS  (1u << 23)
#define EAX_AMD_GLOBAL    1u /* PerfMonV2 */
#define EBX_AMD_GENERAL   0xFu
#define VERSION_GLOBAL    2u /* the first with a global control, and with fixed counters */
#define VERSION_FIXED_MAP 5u /* the first that lists them in ecx */
#define EVENT_BITS        7u
#define GENERAL_MAX       8u /* what the MSRs have room for */
#define AMD_GENERAL       6u
#define AMD_BITS          48u

#define SELECT_USER      (1ull << 16)
#define SELECT_KERNEL    (1ull << 17)
#define SELECT_INTERRUPT (1ull << 20)
#define SELECT_ENABLE    (1ull << 22)
#define SELECT_BOTH      (SELECT_USER | SELECT_KERNEL | SELECT_ENABLE)
#define FIXED_BITS       4u
#define FIXED_BOTH       3ull
#define FIXED_INTERRUPT  8ull
#define FIXED_SHIFT      32u /* of the fixed counters in the global registers */

#define ARCH_CYCLES       0x003Cu
#define ARCH_INSTRUCTIONS 0x00C0u
#define AMD_CYCLES        0x0076u
#define TRIAL_TURNS       1000u /* each two instructions; how many cycles is for the CPU to say */
#define TRIAL_CYCLES      (TRIAL_TURNS / 4)
#define FAR               0x7FFFFFFFu /* cycles: no overflow meanwhile */
#define FIXED_MAX         16u

struct counter {
    uint32_t kind, state;
    uint64_t event;
    uint32_t msr; /* of the count */
    uint64_t mask, last, total;
};

/* What this CPU has: constant after detect(). */
static struct {
    uint8_t version; /* 0: none, or AMD's */
    uint8_t general, bits, fixed_bits;
    uint32_t fixed;   /* bit n: fixed counter n is there */
    uint32_t missing; /* architectural events by CPUID 0AH's bits */
    uint32_t select, count, stride;
    uint32_t status, control, acknowledge; /* global; 0: this CPU's counters have none */
    uint16_t cycles;
} pmu;

static struct counter counters[COUNTERS_MAX];
static unsigned counter_count;
static unsigned general_used;           /* from counter 0 on */
static uint64_t control, fixed_control; /* as to be written */
static struct counter sampling;         /* msr 0: nothing is sampled */
static uint64_t sampling_bit;           /* its bit in the global registers */
static uint64_t sampling_sign;          /* its counter's uppermost bit: clear behind an overflow */

static uint64_t bits_mask(unsigned bits)
{
    return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

static uint64_t global_mask(void)
{
    return bits_mask(pmu.general) | (uint64_t)pmu.fixed << FIXED_SHIFT;
}

static void detect_architectural(void)
{
    if (x86_cpuid(0, 0).eax < LEAF_COUNTERS)
        return;
    const struct x86_cpuid r = x86_cpuid(LEAF_COUNTERS, 0);
    if ((uint8_t)r.eax < VERSION_GLOBAL)
        return;
    const uint8_t general = (uint8_t)(r.eax >> 8);
    const uint32_t said = r.eax >> 24 < EVENT_BITS ? r.eax >> 24 : EVENT_BITS;
    pmu.version = (uint8_t)r.eax;
    pmu.general = general < GENERAL_MAX ? general : GENERAL_MAX;
    pmu.bits = (uint8_t)(r.eax >> 16);
    pmu.missing = r.ebx | ~(uint32_t)bits_mask(said);
    pmu.fixed = (uint32_t)bits_mask(r.edx & 0x1F);
    if (pmu.version >= VERSION_FIXED_MAP)
        pmu.fixed |= r.ecx;
    pmu.fixed &= (uint32_t)bits_mask(FIXED_MAX);
    pmu.fixed_bits = (uint8_t)(r.edx >> 5);
    pmu.select = MSR_SELECT_0;
    pmu.count = MSR_COUNT_0;
    pmu.stride = 1;
    pmu.status = MSR_STATUS;
    pmu.control = MSR_CONTROL;
    pmu.acknowledge = MSR_ACKNOWLEDGE;
    pmu.cycles = ARCH_CYCLES;
}

static void detect_amd_global(void)
{
    if (x86_cpuid(LEAF_EXTENDED, 0).eax < LEAF_AMD_COUNTERS)
        return;
    const struct x86_cpuid r = x86_cpuid(LEAF_AMD_COUNTERS, 0);
    if ((r.eax & EAX_AMD_GLOBAL) == 0)
        return;
    const uint32_t general = r.ebx & EBX_AMD_GENERAL;
    pmu.general = (uint8_t)(general < AMD_GENERAL ? general : AMD_GENERAL);
    pmu.status = MSR_AMD_STATUS;
    pmu.control = MSR_AMD_CONTROL;
    pmu.acknowledge = MSR_AMD_ACKNOWLEDGE;
}

static void detect_amd(void)
{
    if (memcmp(hal_config.vendor, "AuthenticAMD", 12) != 0 ||
        x86_cpuid(LEAF_EXTENDED, 0).eax < LEAF_EXTENDED_1 ||
        (x86_cpuid(LEAF_EXTENDED_1, 0).ecx & ECX_AMD_COUNTERS) == 0)
        return;
    pmu.general = AMD_GENERAL;
    pmu.bits = AMD_BITS;
    pmu.select = MSR_AMD_SELECT_0;
    pmu.count = MSR_AMD_COUNT_0;
    pmu.stride = 2;
    pmu.cycles = AMD_CYCLES;
    detect_amd_global();
}

/* Counters of no width, or wider than their register, are none. */
static void detect(void)
{
    memset(&pmu, 0, sizeof(pmu));
    detect_architectural();
    if (pmu.version == 0)
        detect_amd();
    if (pmu.bits == 0 || pmu.bits > 64)
        pmu.general = 0;
    if (pmu.fixed_bits == 0 || pmu.fixed_bits > 64)
        pmu.fixed = 0;
}

/* Whether the register keeps what is written. */
static uint32_t register_set(uint32_t msr, uint64_t value)
{
    uint64_t found;
    if (!msr_write_safe(msr, value) || !msr_read_safe(msr, &found))
        return COUNTER_FAULTED;
    return found == value ? COUNTER_COUNTED : COUNTER_DEAD;
}

static void general_program(struct counter *c, uint64_t select)
{
    if (general_used == pmu.general) {
        c->state = COUNTER_NO_COUNTER;
        return;
    }
    const unsigned number = general_used++;
    c->event = select;
    c->msr = pmu.count + number * pmu.stride;
    c->mask = bits_mask(pmu.bits);
    c->state = register_set(pmu.select + number * pmu.stride, 0); /* stands still meanwhile */
    if (c->state == COUNTER_COUNTED)
        c->state = register_set(c->msr, 0);
    if (c->state == COUNTER_COUNTED)
        c->state = register_set(pmu.select + number * pmu.stride, select);
    if (c->state == COUNTER_COUNTED)
        control |= 1ull << number;
}

static void fixed_program(struct counter *c, unsigned number, uint64_t bits)
{
    c->event = COUNTER_FIXED | number;
    c->msr = MSR_FIXED_0 + number;
    c->mask = bits_mask(pmu.fixed_bits);
    c->state = register_set(c->msr, 0);
    if (c->state == COUNTER_COUNTED)
        c->state = register_set(MSR_FIXED_CONTROL, fixed_control | bits << number * FIXED_BITS);
    if (c->state != COUNTER_COUNTED)
        return;
    fixed_control |= bits << number * FIXED_BITS;
    control |= 1ull << (FIXED_SHIFT + number);
}

/* What each of the two architectural kinds is counted by. */
struct arch_event {
    unsigned fixed, bit; /* the fixed counter, and the bit of CPUID 0AH ebx */
    uint16_t event;
};

static void arch_program(struct counter *c, const struct arch_event *what, bool interrupts)
{
    if (pmu.fixed >> what->fixed & 1)
        fixed_program(c, what->fixed, FIXED_BOTH | (interrupts ? FIXED_INTERRUPT : 0));
    else if (pmu.version != 0 && pmu.missing >> what->bit & 1)
        c->state = COUNTER_NO_COUNTER;
    else
        general_program(c, what->event | SELECT_BOTH | (interrupts ? SELECT_INTERRUPT : 0));
}

/* Stops everything, and forgets old overflows. */
static bool global_clear(void)
{
    control = fixed_control = 0;
    general_used = 0;
    if (pmu.control == 0)
        return true;
    return msr_write_safe(pmu.control, 0) &&
           (pmu.version == 0 || msr_write_safe(MSR_FIXED_CONTROL, 0)) &&
           msr_write_safe(pmu.acknowledge, global_mask());
}

/* Everything that was programmed begins to count. */
static uint32_t global_start(void)
{
    return pmu.control == 0 ? COUNTER_COUNTED : register_set(pmu.control, control);
}

static struct arch_event cycles_event(void)
{
    return (struct arch_event){1, 0, pmu.cycles};
}

static struct counter *counter_next(uint32_t kind)
{
    struct counter *c = &counters[counter_count++];
    *c = (struct counter){.kind = kind};
    return c;
}

static void event_program(uint32_t kind, uint32_t event)
{
    struct counter *c = counter_next(kind);
    if (event != 0)
        general_program(c, event | SELECT_BOTH);
    else
        c->state = COUNTER_NO_EVENT;
}

static void model_program(void)
{
    static const struct pmu_events none;
    const struct pmu_events *found = pmu_events_find(), *events = found != NULL ? found : &none;
    event_program(COUNTER_L1D_MISSES, events->l1d_misses);
    event_program(COUNTER_DTLB_WALKS, events->dtlb_walks[0]);
    if (events->dtlb_walks[1] != 0) /* loads and stores apart */
        event_program(COUNTER_DTLB_WALKS, events->dtlb_walks[1]);
}

/* All that would be counted has that state instead. */
static void counters_fail(uint32_t state)
{
    for (unsigned i = 0; i < counter_count; i++)
        if (counters[i].state == COUNTER_COUNTED)
            counters[i].state = state;
}

static uint64_t counter_read(struct counter *c)
{
    uint64_t now = c->last;
    if (c->state == COUNTER_COUNTED && msr_read_safe(c->msr, &now))
        c->total += (now - c->last) & c->mask;
    c->last = now;
    return c->total;
}

/* Whether the counter moves by at least that much over the trial's work. */
static bool counter_moves(struct counter *c, uint64_t least)
{
    const uint64_t before = counter_read(c);
    x86_spin(TRIAL_TURNS);
    return counter_read(c) - before >= least;
}

/* A machine that takes every write and counts nothing is found out by work whose least is known.
 * One that counts neither cycles nor instructions is not believed the rest. */
static void counters_try(struct counter *cycles, struct counter *instructions)
{
    if (!counter_moves(cycles, TRIAL_CYCLES) && cycles->state == COUNTER_COUNTED)
        cycles->state = COUNTER_DEAD;
    if (!counter_moves(instructions, 2 * TRIAL_TURNS) && instructions->state == COUNTER_COUNTED)
        instructions->state = COUNTER_DEAD;
    if (cycles->state != COUNTER_COUNTED && instructions->state != COUNTER_COUNTED)
        counters_fail(COUNTER_DEAD);
}

void pmu_begin(void)
{
    const struct arch_event instructions = {0, 1, ARCH_INSTRUCTIONS};
    detect();
    counter_count = 0;
    if (pmu.general == 0 && pmu.fixed == 0)
        return;
    const struct arch_event cycles = cycles_event();
    const bool clear = global_clear();
    arch_program(counter_next(COUNTER_CYCLES), &cycles, false);
    arch_program(counter_next(COUNTER_INSTRUCTIONS), &instructions, false);
    model_program();
    counters_fail(clear ? global_start() : COUNTER_FAULTED);
    counters_try(&counters[0], &counters[1]);
}

bool pmu_read(struct pmu_reading *out)
{
    *out = (struct pmu_reading){.version = pmu.version,
                                .bits = pmu.general != 0 ? pmu.bits : pmu.fixed_bits,
                                .entries = counter_count};
    for (unsigned i = 0; i < counter_count; i++)
        out->list[i] = (struct wire_counter){.kind = counters[i].kind,
                                             .state = counters[i].state,
                                             .event = counters[i].event,
                                             .count = counter_read(&counters[i])};
    return counter_count != 0;
}

/* The same writes as the handler's, where they may still fault. */
static uint32_t sample_try(void)
{
    uint32_t state = global_start();
    if (state == COUNTER_COUNTED && !counter_moves(&sampling, TRIAL_CYCLES))
        state = COUNTER_DEAD;
    if (!msr_write_safe(sampling.msr, -(uint64_t)FAR & sampling.mask) ||
        !msr_read_safe(sampling.msr, &(uint64_t){0}))
        return COUNTER_FAULTED;
    if (pmu.status != 0 && (!msr_write_safe(pmu.acknowledge, sampling_bit) ||
                            !msr_read_safe(pmu.status, &(uint64_t){0})))
        return COUNTER_FAULTED;
    return state;
}

const char *pmu_sample_begin(void)
{
    const struct arch_event cycles = cycles_event();
    detect();
    counter_count = 0;
    sampling = (struct counter){0};
    if (pmu.general == 0 && pmu.fixed == 0)
        return "the CPU has no counters that could interrupt (CPUID 0AH, 80000001H)";
    const bool clear = global_clear();
    struct counter *c = &sampling;
    arch_program(c, &cycles, true);
    if (c->state == COUNTER_NO_COUNTER)
        return "the CPU counts no cycles (CPUID 0AH)";
    sampling_bit = control;
    sampling_sign = c->mask ^ c->mask >> 1;
    if (c->state == COUNTER_COUNTED)
        c->state = clear ? sample_try() : COUNTER_FAULTED;
    if (c->state == COUNTER_FAULTED)
        return "the cycle counter's registers fault";
    return c->state == COUNTER_COUNTED ? NULL : "the cycle counter does not count";
}

void pmu_sample_arm(uint32_t cycles)
{
    x86_wrmsr(sampling.msr, -(uint64_t)cycles & sampling.mask);
}

/* Without a status the counter itself says it: it was set below 0, and is not any more. */
bool pmu_sample_due(void)
{
    if (sampling.msr == 0)
        return false;
    if (pmu.status == 0)
        return (x86_rdmsr(sampling.msr) & sampling_sign) == 0;
    if ((x86_rdmsr(pmu.status) & sampling_bit) == 0)
        return false;
    x86_wrmsr(pmu.acknowledge, sampling_bit);
    return true;
}

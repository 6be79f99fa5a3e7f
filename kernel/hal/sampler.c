/* SPDX-License-Identifier: MIT
 * See sampler.h. The PIT, or the cycle counter, counts down once for each sample: the next period
 * is drawn, and written, by the handler, so that no NMI finds the one before at work, and no loop
 * keeps step with it. The handler runs under the kernel's root and GS, which the stub has loaded
 * (trap.asm). */
#include "kernel/hal/sampler.h"

#include "kernel/hal/apic_register.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/page.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/pmu.h"
#include "kernel/hal/x86.h"

#define PIT_HZ        1193182u
#define PIT_COUNTER_0 0x40u
#define RING_PAGES    128u
#define PAGE_SAMPLES  (PAGE_SIZE / sizeof(struct wire_sample))
#define SCAN_WORDS    256u /* of the kernel's stack: bounds the handler */
#define RING_3        3u
#define CALL_NEAR     0xE8u
#define CALL_INDIRECT 0xFFu
#define MODRM_REG     0x38u
#define MODRM_CALL    0x10u
#define TRIAL_CYCLES  20000u
#define TRIAL_TICKS   50u   /* of the PIT: 42 us */
#define TRIAL_SPINS   3000u /* of as many turns: far more than either */

extern const uint8_t __entry_text_start[], __text_end[];

static struct wire_sample *pages[RING_PAGES];
static uint64_t room; /* samples that the ring holds; 0: the sampler is off */
static uint32_t rate_hz, period_mean, source;
static uint32_t random_state = 0x9E3779B9u;
/* volatile: an NMI comes between any two instructions of whoever reads them */
static volatile uint64_t written, lost, held, spent; /* the NMI's */
static volatile uint64_t taken;                      /* the reader's */
static volatile bool holding, trying, came;          /* the trial's NMI */

static struct wire_sample *slot(uint64_t number)
{
    const uint64_t at = number % room;
    return &pages[at / PAGE_SAMPLES][at % PAGE_SAMPLES];
}

/* Between a half and one and a half of the mean (Marsaglia's xorshift). */
static uint32_t period_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return period_mean / 2 + random_state % (period_mean + 1);
}

static void pit_arm(uint32_t count)
{
    x86_out8(PIT_COUNTER_0, (uint8_t)count);
    x86_out8(PIT_COUNTER_0, (uint8_t)(count >> 8));
}

static void next_arm(uint32_t period)
{
    if (source == SAMPLES_PIT_NMI) {
        pit_arm(period);
    } else {
        pmu_sample_arm(period);
        apic_write(APIC_LVT_COUNTER, LVT_NMI); /* delivery has masked it */
    }
}

static bool in_text(uint64_t address)
{
    return address >= (uint64_t)__entry_text_start && address < (uint64_t)__text_end;
}

static bool is_indirect(const uint8_t *call)
{
    return call[0] == CALL_INDIRECT && (call[1] & MODRM_REG) == MODRM_CALL;
}

/* Whether a word of the stack is an address behind a call; it may still be an old one. */
static bool is_return(uint64_t word)
{
    if (!in_text(word) || !in_text(word - 6))
        return false;
    const uint8_t *at = (const uint8_t *)word;
    int32_t distance;
    __builtin_memcpy(&distance, at - sizeof(distance), sizeof(distance));
    if (at[-5] == CALL_NEAR && in_text(word + (uint64_t)(int64_t)distance))
        return true;
    return is_indirect(at - 2) || is_indirect(at - 3) || is_indirect(at - 6);
}

/* The fast path has the user's RSP, or none: only the kernel's own stack is looked at. */
static void stack_scan(struct wire_sample *sample, uint64_t rsp)
{
    const uint64_t area = PERCPU_AREA(cpu_this()->index);
    if (rsp < area + PERCPU_STACK || rsp >= area + PERCPU_STACK_TOP || rsp % sizeof(uint64_t) != 0)
        return;
    const uint64_t *word = (const uint64_t *)rsp;
    uint64_t n = (area + PERCPU_STACK_TOP - rsp) / sizeof(*word);
    n = n < SCAN_WORDS ? n : SCAN_WORDS;
    for (uint64_t i = 0; i < n && sample->depth < SAMPLE_STACK; i++)
        if (is_return(word[i]))
            sample->stack[sample->depth++] = word[i];
    sample->scanned = sample->depth != 0;
}

static void sample_fill(struct wire_sample *sample, const struct trap_frame *frame, uint64_t tsc)
{
    *sample = (struct wire_sample){.tsc = tsc,
                                   .rip = frame->rip,
                                   .tid = cpu_this()->current->tid,
                                   .ring = (uint8_t)(frame->cs & RING_3)};
    if (sample->ring == 0)
        stack_scan(sample, frame->rsp);
}

void sampler_nmi(const struct trap_frame *frame)
{
    if (source == SAMPLES_PMI_NMI && !pmu_sample_due())
        return; /* somebody else's */
    came |= trying;
    if (room == 0)
        return;
    const uint64_t began = x86_rdtsc();
    if (holding) {
        held++;
    } else if (written - taken == room) {
        lost++;
    } else {
        sample_fill(slot(written), frame, began);
        written++;
    }
    spent += x86_rdtsc() - began;
    next_arm(period_next());
}

void sampler_hold(bool hold)
{
    holding = hold;
}

uint64_t sampler_take(struct wire_samples *head, struct wire_sample *to, uint64_t max)
{
    uint64_t n = 0;
    if (room == 0)
        return 0;
    for (; n < max && taken != written; n++) {
        to[n] = *slot(taken);
        taken++;
    }
    *head = (struct wire_samples){.taken = written,
                                  .lost = lost,
                                  .held = held,
                                  .spent = spent,
                                  .hz = rate_hz,
                                  .source = source};
    return n;
}

/* Whether the NMI that was just armed comes. */
static bool trial_comes(void)
{
    for (unsigned i = 0; i < TRIAL_SPINS && !came; i++)
        x86_spin(TRIAL_SPINS);
    trying = false;
    return came;
}

/* The PIT's turns a second, once its line is an NMI. Chipsets may leave the PIT without a clock, or
 * its line to another timer. */
static const char *pit_begin(uint32_t *turns_hz)
{
    *turns_hz = PIT_HZ;
    if (!irq_clock_nmi())
        return "needs an I/O APIC";
    came = false;
    trying = true;
    pit_arm(TRIAL_TICKS);
    return trial_comes() ? NULL : "the PIT's NMI does not come";
}

/* The same of the cycle counter, at the nominal clock; and that its NMI comes. */
static const char *counter_begin(uint32_t *turns_hz)
{
    const char *why = pmu_sample_begin();
    if (why != NULL)
        return why;
    if (LVT_LAST(apic_read(APIC_VERSION)) < LVT_LAST_COUNTER)
        return "the local APIC has no entry for it";
    came = false;
    trying = true;
    apic_write(APIC_LVT_COUNTER, LVT_NMI);
    pmu_sample_arm(TRIAL_CYCLES);
    *turns_hz = hal_config.tsc_hz < UINT32_MAX ? (uint32_t)hal_config.tsc_hz : UINT32_MAX;
    return trial_comes() ? NULL : "the cycle counter's NMI does not come";
}

static uint64_t pages_take(void)
{
    unsigned n = 0;
    for (; n < RING_PAGES; n++) {
        const paddr_t page = page_alloc();
        if (page == 0)
            break;
        page_kept_count++;
        pages[n] = page_pointer(page);
    }
    return n * PAGE_SAMPLES;
}

const char *sampler_start(uint32_t hz, uint32_t from)
{
    uint32_t turns_hz;
    source = from;
    room = 0;
    const char *why = from == SAMPLES_PIT_NMI ? pit_begin(&turns_hz) : counter_begin(&turns_hz);
    if (why != NULL)
        return why;
    rate_hz = hz;
    period_mean = turns_hz / hz;
    room = pages_take();
    if (room == 0)
        return "no memory for samples";
    next_arm(period_next());
    return NULL;
}

/* SPDX-License-Identifier: MIT
 * The event counters and the sampler on them, against the model of pmu_model.h: what is programmed
 * on which CPU, that it counts both rings past its width, that what is not there is told and never
 * 0, and that an overflow is taken, acknowledged and armed again, by Intel's status, by AMD's, and
 * by AMD's counters that have none. */
#include "kernel/hal/pmu.h"

#include <stddef.h>
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/irq.h"
#include "kernel/hal/page.h"
#include "kernel/hal/sampler.h"
#include "kernel/hal/test/pmu_model.h"
#include "kernel/hal/x86.h"

#define SKYLAKE  0x506E3u
#define LAKEFLD  0x806A1u /* in no table */
#define ZEN2     0x870F10u
#define ZEN4     0xA60F12u
#define BULLDOZE 0x600F12u /* family 15h: AMD's counters, other events */
#define HZ       1000u
#define PERIOD   (2000000000u / HZ)

static const struct pmu_model skylake = {.vendor = "GenuineIntel",
                                         .signature = SKYLAKE,
                                         .version = 4,
                                         .general = 4,
                                         .bits = 48,
                                         .fixed = 3,
                                         .fixed_bits = 48,
                                         .said = 7,
                                         .apic_entries = 5};

static const struct pmu_model amd = {
    .vendor = "AuthenticAMD", .signature = ZEN2, .amd = true, .apic_entries = 5};

/* ---- what the sampler needs of the machine beside the counters ---- */
uint8_t __entry_text_start[1], __text_end[1];
uint64_t page_kept_count, direct_base;
static struct cpu this_cpu;
static struct thread thread = {.tid = 7};
static uint8_t memory[8][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static unsigned pages_left, pit_writes;
static unsigned pit_raises; /* NMIs that the PIT raises when its count is written */
static bool clock_there;

struct cpu *cpu_this(void)
{
    return &this_cpu;
}

paddr_t page_alloc(void)
{
    return pages_left == 0 ? 0 : (paddr_t)(uintptr_t)memory[--pages_left];
}

bool irq_clock_nmi(void)
{
    return clock_there;
}

void x86_out8(uint16_t port, uint8_t value)
{
    (void)value;
    const struct trap_frame frame = {.rip = 1};
    pit_writes += port == 0x40;
    if (port != 0x40 || pit_writes % 2 != 0 || pit_raises == 0)
        return;
    pit_raises--;
    sampler_nmi(&frame);
}

/* ---- counting ---- */
static struct pmu_reading reading;

static const struct wire_counter *entry(unsigned kind, unsigned which)
{
    static const struct wire_counter none = {.state = ~0u};
    for (uint32_t i = 0; i < reading.entries; i++)
        if (reading.list[i].kind == kind && which-- == 0)
            return &reading.list[i];
    return &none;
}

/* A CPU like that begins to count; what it then says. */
static void begun(const struct pmu_model *model)
{
    model_reset(model);
    pmu_begin();
    EXPECT(pmu_read(&reading) == (reading.entries != 0));
}

static uint64_t moved(unsigned kind, unsigned which, const struct pmu_work *work)
{
    EXPECT(pmu_read(&reading));
    const uint64_t before = entry(kind, which)->count;
    model_work(work);
    EXPECT(pmu_read(&reading));
    return entry(kind, which)->count - before;
}

static const struct pmu_work work_0 = {.ring = 0, .cycles = 100, .l1d_misses = 7, .load_walks = 3};
static const struct pmu_work work_3 = {.ring = 3, .cycles = 50, .l1d_misses = 2, .store_walks = 5};

static void test_fixed(void)
{
    begun(&skylake);
    EXPECT(reading.version == 4 && reading.bits == 48);
    CHECK_EQ(reading.entries, 5);
    for (uint32_t i = 0; i < reading.entries; i++)
        CHECK_EQ(reading.list[i].state, COUNTER_COUNTED);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->event, COUNTER_FIXED | 1);
    CHECK_EQ(entry(COUNTER_INSTRUCTIONS, 0)->event, COUNTER_FIXED | 0);
    CHECK_EQ(entry(COUNTER_L1D_MISSES, 0)->event, 0x430151);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->event, 0x430E08);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 1)->event, 0x430E49);
    CHECK_EQ(model_register(0x38D), 0x33);        /* two of the three, both rings, no interrupt */
    CHECK_EQ(model_register(0x38F), 0x300000007); /* nothing that is not ours */
    CHECK_EQ(moved(COUNTER_CYCLES, 0, &work_0), 100);
    CHECK_EQ(moved(COUNTER_CYCLES, 0, &work_3), 50);
    CHECK_EQ(moved(COUNTER_INSTRUCTIONS, 0, &work_3), 50);
    CHECK_EQ(moved(COUNTER_L1D_MISSES, 0, &work_0), 7);
    CHECK_EQ(moved(COUNTER_L1D_MISSES, 0, &work_3), 2);
    CHECK_EQ(moved(COUNTER_DTLB_WALKS, 0, &work_0), 3);
    CHECK_EQ(moved(COUNTER_DTLB_WALKS, 1, &work_3), 5);
    CHECK_EQ(model_faults, 0);
}

/* Without fixed counters the general ones serve, as far as they last; a pair is told whole. */
static void test_general(void)
{
    struct pmu_model model = skylake;
    model.fixed = 0;
    begun(&model);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->event, 0x43003C);
    CHECK_EQ(entry(COUNTER_INSTRUCTIONS, 0)->event, 0x4300C0);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->state, COUNTER_COUNTED);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 1)->state, COUNTER_NO_COUNTER);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 1)->count, 0);
    CHECK_EQ(moved(COUNTER_INSTRUCTIONS, 0, &work_0), 100);
    model.missing = 1;
    begun(&model);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->state, COUNTER_NO_COUNTER);
    CHECK_EQ(entry(COUNTER_INSTRUCTIONS, 0)->state, COUNTER_COUNTED);
    CHECK_EQ(model_faults, 0);
    model.missing = 0;
    model.said = 1; /* what ebx does not speak of is not there */
    begun(&model);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->state, COUNTER_COUNTED);
    CHECK_EQ(entry(COUNTER_INSTRUCTIONS, 0)->state, COUNTER_NO_COUNTER);
}

/* Version 5 lists fixed counters in a map; an unknown model has the architectural events alone. */
static void test_map(void)
{
    struct pmu_model model = skylake;
    model.version = 5;
    model.fixed = 0;
    model.fixed_map = 2;
    model.signature = LAKEFLD;
    begun(&model);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->event, COUNTER_FIXED | 1);
    CHECK_EQ(entry(COUNTER_INSTRUCTIONS, 0)->event, 0x4300C0);
    CHECK_EQ(entry(COUNTER_L1D_MISSES, 0)->state, COUNTER_NO_EVENT);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->state, COUNTER_NO_EVENT);
    CHECK_EQ(model_faults, 0);
    model.version = 4; /* ecx says nothing there */
    begun(&model);
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->event, 0x43003C);
    CHECK_EQ(model_faults, 0);
}

/* Of version 1 and 0 nothing is touched at all; nor of a counter without a width. */
static void test_nothing(void)
{
    struct pmu_model model = skylake;
    for (model.version = 0; model.version < 2; model.version++) {
        begun(&model);
        CHECK_EQ(reading.entries, 0);
        CHECK_EQ(model_accesses, 0);
    }
    model.bits = model.fixed_bits = 0;
    begun(&model);
    CHECK_EQ(reading.entries, 0);
    model.bits = model.fixed_bits = 65;
    begun(&model);
    CHECK_EQ(reading.entries, 0);
    CHECK_EQ(model_accesses, 0);
}

static void test_wrap(void)
{
    struct pmu_model model = skylake;
    model.version = 2;
    model.bits = 40;
    model.fixed_bits = 40;
    begun(&model);
    const struct pmu_work much = {.cycles = (1ull << 40) - 1};
    CHECK_EQ(reading.bits, 40);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(moved(COUNTER_CYCLES, 0, &much), much.cycles);
    EXPECT(entry(COUNTER_CYCLES, 0)->count > 3ull << 40);
}

static unsigned states(uint32_t state)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < reading.entries; i++) {
        n += reading.list[i].state == state;
        EXPECT(reading.list[i].state == COUNTER_COUNTED || reading.list[i].count == 0);
    }
    return n;
}

/* Each register may fault, or take what is written and stay 0: never a panic, never a 0 that
 * counts. */
static void test_liars(void)
{
    static const struct {
        uint32_t msr;
        unsigned gone;
    } rows[] = {{0x38F, 5}, {0x38D, 5}, {0x390, 5}, {0x309, 1}, {0x30A, 1},
                {0x186, 1}, {0x187, 1}, {0xC1, 1},  {0xC3, 1}};
    for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct pmu_model model = skylake;
        *(i % 2 ? &model.faults : &model.read_only) = rows[i / 2].msr;
        begun(&model);
        CHECK_EQ(states(COUNTER_FAULTED), rows[i / 2].gone);
        CHECK_EQ(states(COUNTER_COUNTED), 5 - rows[i / 2].gone);
    }
    struct pmu_model model = skylake;
    model.forgets = 0x38F;
    begun(&model);
    CHECK_EQ(states(COUNTER_DEAD), 5);
    model.forgets = 0x187;
    begun(&model);
    CHECK_EQ(states(COUNTER_DEAD), 1);
    model.forgets = 0;
    model.still = true;
    begun(&model);
    CHECK_EQ(states(COUNTER_DEAD), 5);
    model.version = 2;
    begun(&model);
    CHECK_EQ(states(COUNTER_DEAD), 5);
}

static void test_amd(void)
{
    struct pmu_model model = amd;
    begun(&model);
    CHECK_EQ(reading.entries, 4);
    EXPECT(reading.version == 0 && reading.bits == 48);
    CHECK_EQ(states(COUNTER_COUNTED), 4);
    CHECK_EQ(model_register(0xC0010200), 0x430076);
    CHECK_EQ(model_register(0xC0010202), 0x4300C0);
    CHECK_EQ(model_register(0xC0010204), 0x43C860);
    CHECK_EQ(model_register(0xC0010206), 0x43F045);
    CHECK_EQ(moved(COUNTER_CYCLES, 0, &work_3), 50);
    CHECK_EQ(moved(COUNTER_DTLB_WALKS, 0, &work_0), 3);
    CHECK_EQ(moved(COUNTER_DTLB_WALKS, 0, &work_3), 5);
    CHECK_EQ(model_faults, 0);
    model.signature = BULLDOZE;
    begun(&model);
    CHECK_EQ(states(COUNTER_NO_EVENT), 2);
    CHECK_EQ(states(COUNTER_COUNTED), 2);
    model.signature = ZEN2;
    model.amd_leaf = true;
    begun(&model);
    CHECK_EQ(states(COUNTER_COUNTED), 4);
    CHECK_EQ(model_faults, 0);
    for (unsigned i = 0; i < 2; i++) {
        model.amd = i != 0;
        model.vendor = i == 0 ? model.vendor : "HygonGenuine"; /* whose registers nobody has seen */
        begun(&model);
        CHECK_EQ(model_accesses, 0);
    }
}

/* PerfMonV2 says how many there are, and all of them stand still until its control is set. */
static void test_amd_global(void)
{
    struct pmu_model model = amd;
    model.amd_v2 = 6;
    begun(&model);
    EXPECT(reading.version == 0 && reading.bits == 48);
    CHECK_EQ(states(COUNTER_COUNTED), 4);
    CHECK_EQ(model_register(0xC0000301), 0xF);
    CHECK_EQ(moved(COUNTER_CYCLES, 0, &work_3), 50);
    model.amd_v2 = 3;
    begun(&model);
    CHECK_EQ(states(COUNTER_COUNTED), 3);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->state, COUNTER_NO_COUNTER);
    CHECK_EQ(model_faults, 0);
    for (uint32_t msr = 0xC0000301; msr <= 0xC0000302; msr++) {
        model.faults = msr;
        begun(&model);
        CHECK_EQ(states(COUNTER_FAULTED), 3);
    }
    model.faults = 0;
    model.forgets = 0xC0000301;
    begun(&model);
    CHECK_EQ(states(COUNTER_DEAD), 3);
}

/* ---- sampling ---- */
static unsigned nmis;
static bool amds;

static void nmi(void)
{
    static const struct trap_frame frame = {.rip = 0x1234, .cs = 3};
    nmis++;
    EXPECT(model_masked() != amds); /* by its own delivery */
    sampler_nmi(&frame);
}

static const char *started(const struct pmu_model *model)
{
    model_reset(model);
    model_nmi = nmi;
    amds = model->amd;
    nmis = 0;
    pages_left = 8;
    this_cpu.current = &thread;
    const char *why = sampler_start(HZ, SAMPLES_PMI_NMI);
    EXPECT(pmu_read(&reading) == false); /* nothing else is counted meanwhile */
    return why;
}

static void refused(const struct pmu_model *model, const char *why)
{
    const char *said = started(model);
    EXPECT(said != NULL && strstr(said, why) != NULL);
}

static void test_refusals(void)
{
    struct pmu_model model = skylake;
    model.version = 1;
    refused(&model, "no counters that could interrupt");
    model = skylake;
    model.fixed = 0;
    model.missing = 1;
    refused(&model, "counts no cycles");
    for (uint32_t msr = 0x38D; msr <= 0x390; msr++) {
        model = skylake;
        model.faults = msr;
        refused(&model, "registers fault");
    }
    model = skylake;
    model.faults = 0x30A;
    refused(&model, "registers fault");
    model.fixed = 0;
    model.faults = 0x38D; /* one that is only cleared */
    refused(&model, "registers fault");
    model = skylake;
    model.still = true;
    refused(&model, "does not count");
    model = skylake;
    model.apic_entries = 3;
    refused(&model, "no entry");
    model = skylake;
    model.deaf = true;
    refused(&model, "does not come");
    model = amd;
    model.amd = false;
    refused(&model, "no counters that could interrupt");
    model = amd;
    model.faults = 0xC0010201;
    refused(&model, "registers fault");
    model.amd_v2 = 6;
    for (model.faults = 0xC0000300; model.faults <= 0xC0000302; model.faults++)
        refused(&model, "registers fault");
    model = amd;
    model.still = true;
    refused(&model, "does not count");
    model = amd;
    model.apic_entries = 3;
    refused(&model, "no entry");
    model = amd;
    model.deaf = true;
    refused(&model, "does not come");
    CHECK_EQ(nmis, 0);
    CHECK_EQ(pages_left, 8);
}

static struct wire_samples head;
static struct wire_sample samples[200];

/* Samples over that many cycles, in small steps as a CPU's are. */
static uint64_t sampled(uint64_t cycles)
{
    while (sampler_take(&head, samples, 200) != 0)
        ;
    for (uint64_t done = 0; done < cycles; done += 1000)
        model_work(&(struct pmu_work){.ring = done / 1000 % 2 ? 3 : 0, .cycles = 1000});
    return sampler_take(&head, samples, 200);
}

/* The CPU, its global control and status, if it has them, and the counter's bit there. */
struct sampling_case {
    const struct pmu_model *model;
    uint32_t control, status;
    uint64_t enable;
};

static void test_sampling(const struct sampling_case *with)
{
    EXPECT(started(with->model) == NULL);
    CHECK_EQ(nmis, 1); /* the trial's; it is no sample */
    EXPECT(!model_masked());
    if (with->control != 0)
        CHECK_EQ(model_register(with->control), with->enable);
    CHECK_EQ(sampler_take(&head, samples, 200), 0);
    CHECK_EQ(head.source, SAMPLES_PMI_NMI);
    const uint64_t n = sampled(100ull * PERIOD);
    EXPECT(n >= 80 && n <= 120); /* periods are random, by half to either side */
    EXPECT(!model_masked() && model_register(with->status) == 0);
    CHECK_EQ(samples[0].rip, 0x1234);
    CHECK_EQ(samples[0].tid, 7);
    for (uint64_t i = 1; i < n; i++) {
        const uint64_t gap = samples[i].tsc - samples[i - 1].tsc;
        EXPECT(gap >= PERIOD / 2 - 1000 && gap <= PERIOD + PERIOD / 2 + 1000);
    }
    sampler_hold(true);
    CHECK_EQ(sampled(20ull * PERIOD), 0);
    sampler_hold(false);
    EXPECT(sampled(20ull * PERIOD) > 10 && head.held > 10); /* armed again meanwhile */
    CHECK_EQ(head.lost, 0);
    CHECK_EQ(model_faults, 0);
}

/* An NMI that is not the counter's is no sample and changes nothing; not while the counter is the
 * trial's either. */
static void test_stranger(const struct pmu_model *model, uint32_t count)
{
    EXPECT(started(model) == NULL);
    const uint64_t before = model_register(count);
    const struct trap_frame frame = {.rip = 1};
    EXPECT(before != 0);
    sampler_nmi(&frame);
    CHECK_EQ(sampler_take(&head, samples, 200), 0);
    CHECK_EQ(model_register(count), before);
}

static void test_pit(void)
{
    model_reset(&skylake);
    clock_there = false;
    EXPECT(strstr(sampler_start(HZ, SAMPLES_PIT_NMI), "I/O APIC"));
    clock_there = true;
    pages_left = pit_writes = 0;
    EXPECT(strstr(sampler_start(HZ, SAMPLES_PIT_NMI), "does not come"));
    pit_raises = 1;
    EXPECT(strstr(sampler_start(HZ, SAMPLES_PIT_NMI), "memory"));
    pages_left = 1;
    pit_writes = 0;
    pit_raises = 2; /* the trial's, and a sample */
    EXPECT(sampler_start(HZ, SAMPLES_PIT_NMI) == NULL);
    CHECK_EQ(pit_raises, 0);
    CHECK_EQ(pit_writes, 6);
    EXPECT(sampler_take(&head, samples, 200) > 0);
    CHECK_EQ(head.source, SAMPLES_PIT_NMI);
    CHECK_EQ(model_accesses, 0);
}

int main(void)
{
    struct pmu_model general = skylake, global = amd;
    general.version = 2;
    general.fixed = 0;
    general.bits = 40;
    global.signature = ZEN4;
    global.amd_v2 = 6;
    const struct sampling_case cases[] = {{&skylake, 0x38F, 0x38E, 2ull << 32},
                                          {&general, 0x38F, 0x38E, 1},
                                          {&amd, 0, 0, 0},
                                          {&global, 0xC0000301, 0xC0000300, 1}};
    test_fixed();
    test_general();
    test_map();
    test_nothing();
    test_wrap();
    test_liars();
    test_amd();
    test_amd_global();
    test_refusals();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        test_sampling(&cases[i]);
    test_stranger(&skylake, 0x30A);
    test_stranger(&amd, 0xC0010201);
    test_stranger(&global, 0xC0010201);
    test_pit();
    return unit_done("hal-pmu");
}

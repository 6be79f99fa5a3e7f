/* SPDX-License-Identifier: MIT
 * Which events count what CPUID has no name for, against the model of pmu_model.h: the table of
 * pmu_events.c by models, by families, by the type of the core that asks; and that what is not in
 * it is told, and never 0. */
#include <string.h>

#include "bench/test/unit.h"
#include "kernel/hal/pmu.h"
#include "kernel/hal/test/pmu_model.h"

#define EVENT     0x4FFFFu /* of a select register */
#define LAKEFIELD 0x806A1u /* in no list */
#define GOLDMONT  0x506C9u /* in a list, without such events */
#define ABSENT    (~0u)

static const struct pmu_model skylake = {.vendor = "GenuineIntel",
                                         .signature = 0x506E3,
                                         .version = 4,
                                         .general = 4,
                                         .bits = 48,
                                         .fixed = 3,
                                         .fixed_bits = 48,
                                         .said = 7};
static struct pmu_reading reading;

static const struct wire_counter *entry(unsigned kind, unsigned which)
{
    static const struct wire_counter none = {.state = ABSENT};
    for (uint32_t i = 0; i < reading.entries; i++)
        if (reading.list[i].kind == kind && which-- == 0)
            return &reading.list[i];
    return &none;
}

/* The sum of a kind over some work of both rings. */
static uint64_t counted(unsigned kind)
{
    uint64_t sum = 0;
    EXPECT(pmu_read(&reading));
    for (uint32_t i = 0; i < reading.entries; i++)
        sum -= reading.list[i].kind == kind ? reading.list[i].count : 0;
    model_work(&(struct pmu_work){.ring = 0, .cycles = 100, .l1d_misses = 7, .load_walks = 3});
    model_work(&(struct pmu_work){.ring = 3, .cycles = 50, .l1d_misses = 2, .store_walks = 5});
    EXPECT(pmu_read(&reading));
    for (uint32_t i = 0; i < reading.entries; i++)
        sum += reading.list[i].kind == kind ? reading.list[i].count : 0;
    return sum;
}

/* What a CPU like that programs: its event for the cache, and one or two for walks; 0 is none. */
struct events {
    uint32_t l1d, walks, stores;
};

static void has(const struct pmu_model *model, struct events want)
{
    model_reset(model);
    pmu_begin();
    EXPECT(pmu_read(&reading));
    CHECK_EQ(entry(COUNTER_CYCLES, 0)->state, COUNTER_COUNTED);
    CHECK_EQ(entry(COUNTER_L1D_MISSES, 0)->event & EVENT, want.l1d);
    CHECK_EQ(entry(COUNTER_L1D_MISSES, 0)->state, want.l1d ? COUNTER_COUNTED : COUNTER_NO_EVENT);
    CHECK_EQ(entry(COUNTER_L1D_MISSES, 1)->state, ABSENT);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->event & EVENT, want.walks);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 0)->state, want.walks ? COUNTER_COUNTED : COUNTER_NO_EVENT);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 1)->event & EVENT, want.stores);
    CHECK_EQ(entry(COUNTER_DTLB_WALKS, 1)->state, want.stores ? COUNTER_COUNTED : ABSENT);
    CHECK_EQ(counted(COUNTER_L1D_MISSES), want.l1d ? 9 : 0);
    /* the model's 0249 is of stores, as from Sandy Bridge on */
    CHECK_EQ(counted(COUNTER_DTLB_WALKS), want.walks == 0x0249 ? 5 : want.walks ? 8 : 0);
    CHECK_EQ(model_faults, 0);
}

static void test_intel(void)
{
    static const struct {
        uint32_t signature;
        struct events events;
    } rows[] = {{0x106A5, {0x0151, 0x0249, 0}},
                {0x206C2, {0x0151, 0x0249, 0}},
                {0x206A7, {0x0151, 0x0208, 0x0249}},
                {0x306A9, {0x0151, 0x8208, 0x0249}},
                {0x306C3, {0x0151, 0x0E08, 0x0E49}},
                {0x406F1, {0x0151, 0x0E08, 0x0E49}},
                {0x50654, {0x0151, 0x0E08, 0x0E49}},
                {0xA0652, {0x0151, 0x0E08, 0x0E49}},
                {0x806C1, {0x0151, 0x0E08, 0x0E49}},
                {0xA0671, {0x0151, 0x0E08, 0x0E49}},
                {0x806F8, {0x0151, 0x0E12, 0x0E13}},
                {0xC06F2, {0x0151, 0x0E12, 0x0E13}},
                {0xA06D1, {0x0151, 0x0E12, 0x0E13}},
                {0x30678, {0, 0x40105, 0}},
                {0x50671, {0, 0x40105, 0}},
                {0x90661, {0, 0x0E08, 0x0E49}},
                {0xB06E0, {0, 0x0E08, 0x0E49}},
                {0xA06F3, {0, 0x0E08, 0x0E49}},
                {0xD06D0, {0, 0x0E08, 0x0E49}},
                {LAKEFIELD, {0, 0, 0}},
                {GOLDMONT, {0, 0, 0}}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pmu_model model = skylake;
        model.signature = rows[i].signature;
        has(&model, rows[i].events);
    }
    struct pmu_model model = skylake;
    model.vendor = "  Shanghai  "; /* the architectural ones, and no more */
    has(&model, (struct events){0, 0, 0});
}

/* Of a hybrid model the core that asks decides; where it is of no type, there are P-cores alone. */
static void test_hybrid(void)
{
    static const uint32_t signatures[] = {0x90672, 0xB0671, 0xA06A4, 0xB06D1, 0xC0662, 0xC06C1};
    const struct events core = {0x0151, 0x0E12, 0x0E13}, atom = {0, 0x0E08, 0x0E49};
    for (unsigned i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        struct pmu_model model = skylake;
        model.signature = signatures[i];
        has(&model, core);
        model.core_type = 0x40;
        has(&model, core);
        model.core_type = 0x20;
        has(&model, atom);
        model.core_type = 0x30; /* in no list */
        has(&model, (struct events){0, 0, 0});
    }
    struct pmu_model model = skylake;
    model.signature = 0x300F10; /* family 18, model 1 */
    has(&model, core);
    model.core_type = 0x20;
    has(&model, (struct events){0, 0, 0});
    model.signature = 0xB06E0; /* one type of cores, whatever it calls itself */
    has(&model, atom);
}

static void test_amd(void)
{
    struct pmu_model model = {.vendor = "AuthenticAMD", .amd = true};
    for (uint32_t family = 0x16; family <= 0x1B; family++) {
        model.signature = 0xF00 | (family - 0xF) << 20;
        has(&model, family == 0x17                     ? (struct events){0xC860, 0xF045, 0}
                    : family == 0x19 || family == 0x1A ? (struct events){0xFF44, 0xF045, 0}
                                                       : (struct events){0, 0, 0});
    }
}

int main(void)
{
    test_intel();
    test_hybrid();
    test_amd();
    return unit_done("hal-pmu-events");
}

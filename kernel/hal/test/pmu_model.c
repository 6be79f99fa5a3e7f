/* SPDX-License-Identifier: MIT
 * See pmu_model.h. Registers: Intel SDM 3B chapter 20 and volume 4; AMD APM 2 section 13.2. */
#include "kernel/hal/test/pmu_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/hal/apic_register.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/msr.h"

#define COUNT_0     0xC1u
#define SELECT_0    0x186u
#define FIXED_0     0x309u
#define FIXED_CTRL  0x38Du
#define STATUS      0x38Eu
#define CONTROL     0x38Fu
#define ACKNOWLEDGE 0x390u
#define STATUS_SET  0x391u
#define AMD_0       0xC0010200u
#define AMD_COUNT   6u
#define AMD_STATUS  0xC0000300u /* by PerfMonV2: like Intel's, in the same order */
#define AMD_CONTROL 0xC0000301u
#define AMD_CLEAR   0xC0000302u

struct hal_config hal_config;
volatile uint8_t *apic_memory;
void (*model_nmi)(void);
unsigned model_faults, model_accesses;

static struct pmu_model cpu;
static struct {
    uint64_t select[MODEL_COUNTERS], count[MODEL_COUNTERS], fixed[MODEL_COUNTERS];
    uint64_t fixed_control, control, status;
    uint64_t tsc;
    bool in_nmi, pending;
} regs;
static uint32_t apic_page[0x400 / sizeof(uint32_t)];

static uint64_t ones(unsigned bits)
{
    return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

static unsigned general(void)
{
    return cpu.amd_v2 != 0 ? cpu.amd_v2 : cpu.amd ? AMD_COUNT : cpu.general;
}

/* Whether there are global registers. */
static bool is_global(void)
{
    return cpu.version >= 2 || cpu.amd_v2 != 0;
}

static uint64_t fixed_there(void)
{
    if (cpu.version < 2)
        return 0;
    return ones(cpu.fixed) | (cpu.version >= 5 ? cpu.fixed_map : 0);
}

static uint64_t global_bits(void)
{
    return ones(general()) | fixed_there() << 32;
}

void model_reset(const struct pmu_model *model)
{
    cpu = *model;
    memset(&regs, 0, sizeof(regs));
    memset(&hal_config, 0, sizeof(hal_config));
    memset(apic_page, 0, sizeof(apic_page));
    apic_memory = (volatile uint8_t *)apic_page;
    apic_page[APIC_VERSION / sizeof(uint32_t)] = cpu.apic_entries << 16;
    apic_page[APIC_LVT_COUNTER / sizeof(uint32_t)] = LVT_MASKED;
    memcpy(hal_config.vendor, cpu.vendor, strlen(cpu.vendor));
    hal_config.signature = cpu.signature;
    hal_config.tsc_hz = 2000000000;
    model_faults = model_accesses = 0;
    if (cpu.version >= 2) /* as after a reset: the general ones are on, where there is anyone */
        regs.control = ones(cpu.general);
}

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    const struct x86_cpuid counters = {.eax = (uint32_t)cpu.version | (uint32_t)cpu.general << 8 |
                                              (uint32_t)cpu.bits << 16 | (uint32_t)cpu.said << 24,
                                       .ebx = cpu.missing,
                                       .ecx = cpu.fixed_map,
                                       .edx = (uint32_t)cpu.fixed | (uint32_t)cpu.fixed_bits << 5};
    const uint32_t max = cpu.core_type != 0 ? 0x1A : cpu.version != 0 ? 0xA : 7;
    (void)subleaf;
    if (leaf < 0x80000000 && leaf > max) /* whatever the last one has */
        return (struct x86_cpuid){~0u, ~0u, ~0u, ~0u};
    switch (leaf) {
    case 0:
        return (struct x86_cpuid){.eax = max};
    case 0xA:
        return counters;
    case 0x1A:
        return (struct x86_cpuid){.eax = (uint32_t)cpu.core_type << 24 | 1};
    case 0x80000000:
        return (struct x86_cpuid){.eax = cpu.amd_v2 != 0 || cpu.amd_leaf ? 0x80000022 : 0x80000008};
    case 0x80000022:
        return cpu.amd_leaf      ? (struct x86_cpuid){.eax = 2}
               : cpu.amd_v2 != 0 ? (struct x86_cpuid){.eax = 1, .ebx = 0x40u | cpu.amd_v2}
                                 : (struct x86_cpuid){~0u, ~0u, ~0u, ~0u};
    case 0x80000001:
        return (struct x86_cpuid){.ecx = cpu.amd ? 1u << 23 : 0};
    default:
        return (struct x86_cpuid){0};
    }
}

/* Where a register's value is; NULL: there is no such register. */
static uint64_t *where(uint32_t msr)
{
    if (msr == cpu.faults)
        return NULL;
    if (cpu.amd && msr >= AMD_0 && msr < AMD_0 + 2 * general())
        return (msr & 1 ? regs.count : regs.select) + (msr - AMD_0) / 2;
    if (cpu.amd_v2 != 0 && msr == AMD_CONTROL)
        return &regs.control;
    if (cpu.amd_v2 != 0 && (msr == AMD_STATUS || msr == AMD_CLEAR))
        return &regs.status;
    if (cpu.version == 0)
        return NULL;
    if (msr >= COUNT_0 && msr < COUNT_0 + cpu.general)
        return &regs.count[msr - COUNT_0];
    if (msr >= SELECT_0 && msr < SELECT_0 + cpu.general)
        return &regs.select[msr - SELECT_0];
    if (cpu.version < 2)
        return NULL;
    if (msr >= FIXED_0 && msr < FIXED_0 + MODEL_COUNTERS && fixed_there() >> (msr - FIXED_0) & 1)
        return &regs.fixed[msr - FIXED_0];
    if (msr == FIXED_CTRL)
        return &regs.fixed_control;
    if (msr == CONTROL)
        return &regs.control;
    return msr == STATUS || msr == ACKNOWLEDGE || (msr == STATUS_SET && cpu.version >= 4)
               ? &regs.status
               : NULL;
}

/* The bits of a register that may be set. */
static uint64_t writable(uint32_t msr)
{
    uint64_t bits = 0;
    if (msr >= AMD_STATUS && msr <= AMD_CLEAR)
        return msr == AMD_STATUS ? 0 : global_bits();
    if (cpu.amd)
        return msr & 1 ? ones(48) : (3ull << 40 | ones(36)) & ~(1ull << 19 | 1ull << 21);
    if (msr < SELECT_0)
        return ones(cpu.bits);
    if (msr < FIXED_0) /* the any-thread bit came with version 3 */
        return ones(32) & ~(cpu.version < 3 ? 1ull << 21 : 0);
    if (msr < FIXED_CTRL)
        return ones(cpu.fixed_bits);
    for (unsigned i = 0; i < MODEL_COUNTERS; i++)
        if (fixed_there() >> i & 1)
            bits |= (cpu.version < 3 ? 0xBull : 0xFull) << 4 * i;
    if (msr == FIXED_CTRL)
        return bits;
    return msr == STATUS ? 0 : global_bits() | (msr == ACKNOWLEDGE ? 3ull << 62 : 0);
}

bool msr_read_safe(uint32_t msr, uint64_t *value)
{
    const uint64_t *at = where(msr);
    model_accesses++;
    if (at == NULL) {
        model_faults++;
        return false;
    }
    *value = *at;
    return true;
}

bool msr_write_safe(uint32_t msr, uint64_t value)
{
    uint64_t *at = where(msr);
    model_accesses++;
    if (at == NULL || value & ~writable(msr) || msr == STATUS || msr == AMD_STATUS ||
        msr == cpu.read_only) {
        model_faults++;
        return false;
    }
    if (msr == cpu.forgets)
        return true;
    if (msr == ACKNOWLEDGE || msr == AMD_CLEAR)
        regs.status &= ~value;
    else if (at >= regs.count && at < regs.count + MODEL_COUNTERS &&
             !cpu.amd) /* bit 31 is copied */
        *at = (uint64_t)(int64_t)(int32_t)value & ones(cpu.bits);
    else
        *at = value;
    return true;
}

static void unguarded(const char *what, uint32_t msr)
{
    fprintf(stderr, "pmu model: %s of %x faults where nobody catches it\n", what, msr);
    exit(1);
}

uint64_t x86_rdmsr(uint32_t msr)
{
    uint64_t value = 0;
    if (!msr_read_safe(msr, &value))
        unguarded("RDMSR", msr);
    return value;
}

void x86_wrmsr(uint32_t msr, uint64_t value)
{
    if (!msr_write_safe(msr, value))
        unguarded("WRMSR", msr);
}

uint64_t x86_rdtsc(void)
{
    return regs.tsc;
}

static uint64_t happened(const struct pmu_work *work, uint64_t select)
{
    static const struct {
        uint32_t event; /* with the bit for edges */
        uint8_t which;  /* 0 cycles or instructions, 1 cache, 2 loads, 3 stores, 4 both */
    } events[] = {{0x003C, 0}, {0x00C0, 0}, {0x0076, 0}, {0x0151, 1}, {0xC860, 1},
                  {0xFF44, 1}, {0x0249, 3}, {0x0208, 2}, {0x8208, 2}, {0x0E08, 2},
                  {0x0E49, 3}, {0x0E12, 2}, {0x0E13, 3}, {0xF045, 4}, {0x40105, 4}};
    const uint64_t counts[] = {work->cycles, work->l1d_misses, work->load_walks, work->store_walks,
                               work->load_walks + work->store_walks};
    for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i].event == (select & 0x4FFFF))
            return counts[events[i].which];
    return 0;
}

static void interrupt(void)
{
    uint32_t *entry = &apic_page[APIC_LVT_COUNTER / sizeof(uint32_t)];
    if ((*entry & LVT_MASKED) != 0 || (*entry & 0x700) != LVT_NMI || cpu.deaf)
        return;
    if (!cpu.amd)
        *entry |= LVT_MASKED;
    regs.pending = true;
}

static void deliver(void)
{
    while (regs.pending && !regs.in_nmi && model_nmi) {
        regs.pending = false;
        regs.in_nmi = true;
        model_nmi();
        regs.in_nmi = false;
    }
}

static void add(uint64_t *count, uint64_t n, uint64_t mask, unsigned bit)
{
    const bool wraps = mask - *count < n;
    *count = (*count + n) & mask;
    if (!wraps || (cpu.version < 2 && !cpu.amd))
        return;
    if (is_global())
        regs.status |= 1ull << bit;
    if (bit >= 32 ? regs.fixed_control >> (4 * (bit - 32)) & 8 : regs.select[bit] & 1u << 20)
        interrupt();
}

/* Intel's from version 2 on, and AMD's by PerfMonV2, count by the global enable too. */
static void general_add(const struct pmu_work *work)
{
    const uint64_t ring = work->ring == 0 ? 1u << 17 : 1u << 16;
    for (unsigned i = 0; i < general(); i++)
        if ((regs.select[i] & ring) && (regs.select[i] & 1u << 22) &&
            (!is_global() || regs.control >> i & 1))
            add(&regs.count[i], happened(work, regs.select[i]), ones(cpu.amd ? 48 : cpu.bits), i);
}

void model_work(const struct pmu_work *work)
{
    regs.tsc += work->cycles;
    if (cpu.still)
        return;
    general_add(work);
    for (unsigned i = 0; i < 2; i++) /* instructions, core cycles */
        if (fixed_there() >> i & 1 && regs.control >> (32 + i) & 1 &&
            regs.fixed_control >> 4 * i & (work->ring == 0 ? 1 : 2))
            add(&regs.fixed[i], work->cycles, ones(cpu.fixed_bits), 32 + i);
    deliver();
}

void x86_spin(uint64_t turns)
{
    model_work(&(struct pmu_work){.cycles = 2 * turns});
}

uint64_t model_register(uint32_t msr)
{
    const uint64_t *at = where(msr);
    return at != NULL ? *at : 0;
}

bool model_masked(void)
{
    return (apic_page[APIC_LVT_COUNTER / sizeof(uint32_t)] & LVT_MASKED) != 0;
}

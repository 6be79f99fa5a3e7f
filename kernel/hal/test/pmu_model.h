/* SPDX-License-Identifier: MIT
 * A software model of a CPU's event counters, in the place of kernel/hal/x86.h's instructions. It
 * faults on every register and every bit that its CPUID did not offer, wraps at the counters'
 * width, knows versions 1 to 5 and AMD's extended counters without and with PerfMonV2, and raises
 * NMIs through an APIC entry that masks itself, but not AMD's. Invariant: an access that faults
 * outside of msr_read_safe and msr_write_safe ends the test.
 */
#ifndef TACH_HAL_TEST_PMU_MODEL_H
#define TACH_HAL_TEST_PMU_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_COUNTERS 16u

/* What the CPU is; the rest follows from it. */
struct pmu_model {
    const char *vendor;
    uint32_t signature;
    uint8_t version, general, bits, fixed, fixed_bits, said; /* CPUID 0AH */
    uint32_t missing, fixed_map;                             /* its ebx and ecx */
    uint8_t core_type;                                       /* CPUID 1AH; 0: it has none */
    bool amd;                                                /* AMD's six */
    uint8_t amd_v2;        /* the same with PerfMonV2: how many; 0: without */
    bool amd_leaf;         /* its leaf is there, and says that it is not */
    uint32_t faults;       /* this register faults though it was offered; 0: none does */
    uint32_t forgets;      /* this one takes writes and stays 0 */
    uint32_t read_only;    /* this one faults when it is written */
    bool still;            /* nothing ever counts */
    bool deaf;             /* no interrupt arrives */
    uint32_t apic_entries; /* the last one's number */
};

/* Becomes that CPU, reset. */
void model_reset(const struct pmu_model *model);

/* Work: what happens in a ring. Instructions are as many as cycles. */
struct pmu_work {
    unsigned ring;
    uint64_t cycles, l1d_misses, load_walks, store_walks;
};
void model_work(const struct pmu_work *work);

/* Called for an NMI, while it is not already. */
extern void (*model_nmi)(void);

/* How the machine stands. */
uint64_t model_register(uint32_t msr);
bool model_masked(void);      /* the APIC's entry */
extern unsigned model_faults; /* that the safe accesses caught */
extern unsigned model_accesses;

#endif

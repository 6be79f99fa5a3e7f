/* SPDX-License-Identifier: MIT
 * See pmu_events.h. Intel's from its perfmon event lists (github.com/intel/perfmon, by the folders
 * that the rows name; SDM volume 3B chapter 19): L1D.REPLACEMENT, DTLB_LOAD_MISSES.WALK_COMPLETED
 * and DTLB_STORE_MISSES.WALK_COMPLETED. AMD's from its PPRs, as Linux lists them
 * (tools/perf/pmu-events, amdzen1 to amdzen6). What a list has under no single name is not in it:
 * E-cores count dirty evictions and retired loads, but no line that came in. What is architectural
 * beside cycles and instructions (CPUID 0AH ebx: last-level cache, branches, top-down slots) is
 * neither a miss of the first cache nor a walk, so a model that is not here has none of the two. */
#include "kernel/hal/pmu_events.h"

#include <stddef.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/x86.h"

#define LEAF_CORE  0x1Au /* eax, bits 24 to 31: of which type the core is that asks */
#define TYPE_ATOM  0x20u
#define TYPE_CORE  0x40u
#define MODELS_MAX 14u
#define EDGE       (1u << 18)

#define MODEL(family, model) ((family) << 8 | (model))
#define F6(model)            MODEL(6u, model)
/* ADL with RPL, MTL, LNL, ARL, PTL */
#define HYBRID                                                                                     \
    F6(0x97), F6(0x9A), F6(0xB7), F6(0xBA), F6(0xBF), F6(0xAA), F6(0xAC), F6(0xB5), F6(0xBD),      \
        F6(0xC5), F6(0xC6), F6(0xCC), F6(0xD5), F6(0xE5)

static const struct {
    struct pmu_events events;
    uint8_t type;                /* of the core, where the model has two; else 0 */
    uint16_t models[MODELS_MAX]; /* 0 ends them */
} intel[] = {
    /* NHM-*, WSM-*: DTLB_MISSES.WALK_COMPLETED is both; L1D.REPL, which only counters 0 and 1 have:
     * so the cache's event comes first */
    {{0x0151, {0x0249}}, 0, {F6(0x1A), F6(0x1E), F6(0x1F), F6(0x2E), F6(0x25), F6(0x2C), F6(0x2F)}},
    /* SNB, JKT */
    {{0x0151, {0x0208, 0x0249}}, 0, {F6(0x2A), F6(0x2D)}},
    /* IVB, IVT */
    {{0x0151, {0x8208, 0x0249}}, 0, {F6(0x3A), F6(0x3E)}},
    /* HSW, HSX, BDW, BDX, BDW-DE */
    {{0x0151, {0x0E08, 0x0E49}},
     0,
     {F6(0x3C), F6(0x45), F6(0x46), F6(0x3F), F6(0x3D), F6(0x47), F6(0x4F), F6(0x56)}},
    /* SKL, SKX, CLX */
    {{0x0151, {0x0E08, 0x0E49}},
     0,
     {F6(0x4E), F6(0x5E), F6(0x55), F6(0x8E), F6(0x9E), F6(0xA5), F6(0xA6)}},
    /* ICL, ICX, TGL, RKL */
    {{0x0151, {0x0E08, 0x0E49}},
     0,
     {F6(0x7D), F6(0x7E), F6(0x6A), F6(0x6C), F6(0x8C), F6(0x8D), F6(0xA7)}},
    /* SPR, EMR, GNR */
    {{0x0151, {0x0E12, 0x0E13}}, 0, {F6(0x8F), F6(0xCF), F6(0xAD), F6(0xAE)}},
    /* SLM, KNL: PAGE_WALKS.D_SIDE_WALKS, which is both, completed or not */
    {{0, {EDGE | 0x0105}},
     0,
     {F6(0x37), F6(0x4A), F6(0x4C), F6(0x4D), F6(0x5A), F6(0x57), F6(0x85)}},
    /* EHL, SNR, ADL's Gracemont alone, GRR, SRF, CWF */
    {{0, {0x0E08, 0x0E49}},
     0,
     {F6(0x96), F6(0x9C), F6(0x86), F6(0xBE), F6(0xB6), F6(0xAF), F6(0xDD)}},
    /* Golden Cove to Cougar Cove; from Lion Cove on the first cache is L0 (L1D.L0_REPLACEMENT) */
    {{0x0151, {0x0E12, 0x0E13}}, TYPE_CORE, {HYBRID}},
    /* Gracemont, Crestmont, Skymont, Darkmont */
    {{0, {0x0E08, 0x0E49}}, TYPE_ATOM, {HYBRID}},
    /* NVL's Coyote Cove; its E-cores have no sum of the sizes of pages */
    {{0x0151, {0x0E12, 0x0E13}}, TYPE_CORE, {MODEL(18u, 1u), MODEL(18u, 3u)}},
};

/* The second cache's requests from the first (l2_cache_accesses_from_dc_misses); from Zen 3 on what
 * came into the first (ls_any_fills_from_sys.all). Walks are those that were begun. */
static const struct {
    struct pmu_events events;
    uint8_t families[2];
} amd[] = {
    {{0xC860, {0xF045}}, {0x17}},
    {{0xFF44, {0xF045}}, {0x19, 0x1A}},
};

/* With the E-cores turned off the leaf is empty. */
static uint8_t core_type(void)
{
    const uint32_t type = x86_cpuid(0, 0).eax >= LEAF_CORE ? x86_cpuid(LEAF_CORE, 0).eax >> 24 : 0;
    return type != 0 ? (uint8_t)type : TYPE_CORE;
}

static const struct pmu_events *intel_find(uint32_t model)
{
    for (size_t i = 0; i < sizeof(intel) / sizeof(intel[0]); i++)
        for (size_t n = 0; n < MODELS_MAX && intel[i].models[n] != 0; n++)
            if (intel[i].models[n] == model && (intel[i].type == 0 || intel[i].type == core_type()))
                return &intel[i].events;
    return NULL;
}

static const struct pmu_events *amd_find(uint32_t family)
{
    for (size_t i = 0; i < sizeof(amd) / sizeof(amd[0]); i++)
        if (amd[i].families[0] == family || amd[i].families[1] == family)
            return &amd[i].events;
    return NULL;
}

const struct pmu_events *pmu_events_find(void)
{
    const uint32_t signature = hal_config.signature, base = signature >> 8 & 0xF;
    const uint32_t family = base == 0xF ? base + (signature >> 20 & 0xFF) : base;
    const uint32_t model = (signature >> 4 & 0xF) | (signature >> 12 & 0xF0);
    if (memcmp(hal_config.vendor, "GenuineIntel", 12) == 0)
        return intel_find(MODEL(family, model));
    return memcmp(hal_config.vendor, "AuthenticAMD", 12) == 0 ? amd_find(family) : NULL;
}

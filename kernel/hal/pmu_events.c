/* SPDX-License-Identifier: MIT
 * See pmu_events.h. Intel's from its perfmon event lists (virtual-memory and cache, a list a model;
 * SDM volume 3B chapter 19): L1D.REPLACEMENT, DTLB_LOAD_MISSES.WALK_COMPLETED and
 * DTLB_STORE_MISSES.WALK_COMPLETED, of Nehalem and Westmere DTLB_MISSES.WALK_COMPLETED, which is
 * both, and L1D.REPL, which only counters 0 and 1 have: so the cache's event comes first. Hybrid
 * models are not in it: which core one boots on decides there. AMD's from family 17h on: accesses
 * of the second cache after a miss of the first, second-level DTLB misses that walked. */
#include "kernel/hal/pmu_events.h"

#include <stddef.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/signature.h"

#define FAMILY_INTEL 6u
#define FAMILY_ZEN   0x17u
#define MODELS_MAX   10u

static const struct {
    struct pmu_events events;
    uint8_t models[MODELS_MAX]; /* of family 6; 0 ends them */
} intel[] = {
    /* Nehalem, Westmere */
    {{0x0151, {0x0249}}, {0x1A, 0x1E, 0x1F, 0x2E, 0x25, 0x2C, 0x2F}},
    /* Sandy Bridge */
    {{0x0151, {0x0208, 0x0249}}, {0x2A, 0x2D}},
    /* Ivy Bridge */
    {{0x0151, {0x8208, 0x0249}}, {0x3A, 0x3E}},
    /* Haswell, Broadwell */
    {{0x0151, {0x0E08, 0x0E49}}, {0x3C, 0x45, 0x46, 0x3F, 0x3D, 0x47, 0x4F, 0x56}},
    /* Skylake and what followed it */
    {{0x0151, {0x0E08, 0x0E49}}, {0x4E, 0x5E, 0x55, 0x8E, 0x9E, 0xA5, 0xA6}},
    /* Ice Lake, Tiger Lake, Rocket Lake */
    {{0x0151, {0x0E08, 0x0E49}}, {0x7D, 0x7E, 0x6A, 0x6C, 0x8C, 0x8D, 0xA7}},
    /* Sapphire Rapids, Emerald Rapids */
    {{0x0151, {0x0E12, 0x0E13}}, {0x8F, 0xCF}},
};

static const struct pmu_events zen = {0xC860, {0xF045}};

static const struct pmu_events *intel_find(uint32_t model)
{
    for (size_t i = 0; i < sizeof(intel) / sizeof(intel[0]); i++)
        for (size_t n = 0; n < MODELS_MAX && intel[i].models[n] != 0; n++)
            if (intel[i].models[n] == model)
                return &intel[i].events;
    return NULL;
}

const struct pmu_events *pmu_events_find(void)
{
    const uint32_t family = signature_family(hal_config.signature);
    const uint32_t model = signature_model(hal_config.signature);
    if (memcmp(hal_config.vendor, "GenuineIntel", 12) == 0)
        return family == FAMILY_INTEL ? intel_find(model) : NULL;
    return memcmp(hal_config.vendor, "AuthenticAMD", 12) == 0 && family >= FAMILY_ZEN ? &zen : NULL;
}

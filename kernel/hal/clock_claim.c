/* SPDX-License-Identifier: MIT
 * See clock_claim.h. Leaf 15h is what the hardware does; where it leaves the crystal out, Intel
 * tells it by the model (SDM 3B 20.7.3, and Linux' native_calibrate_tsc for 06_5FH). Not of 06_55H,
 * whose servers and workstations have different ones. Leaf 16h is the number on the box, of which
 * the manual says that it is for display and for nothing else. */
#include "kernel/hal/clock_claim.h"

#include <stddef.h>

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/signature.h"
#include "kernel/hal/x86.h"

#define LEAF_CRYSTAL   0x15u
#define LEAF_FREQUENCY 0x16u
#define FAMILY_6       6u
#define MHZ            1000000ull

static const struct {
    uint8_t model;
    uint32_t hz;
} crystals[] = {
    {0x4E, 24000000}, {0x5E, 24000000}, /* Skylake */
    {0x8E, 24000000}, {0x9E, 24000000}, /* Kaby Lake and what followed it */
    {0x5C, 19200000},                   /* Goldmont */
    {0x5F, 25000000},                   /* Denverton */
};

static uint64_t crystal_of_model(void)
{
    if (memcmp(hal_config.vendor, "GenuineIntel", 12) != 0 ||
        signature_family(hal_config.signature) != FAMILY_6)
        return 0;
    for (size_t i = 0; i < sizeof(crystals) / sizeof(crystals[0]); i++)
        if (crystals[i].model == signature_model(hal_config.signature))
            return crystals[i].hz;
    return 0;
}

uint64_t clock_claim_crystal(void)
{
    if (x86_cpuid(0, 0).eax < LEAF_CRYSTAL)
        return 0;
    const struct x86_cpuid r = x86_cpuid(LEAF_CRYSTAL, 0);
    const uint64_t crystal = r.ecx != 0 ? r.ecx : crystal_of_model();
    return r.eax != 0 ? crystal * r.ebx / r.eax : 0;
}

uint64_t clock_claim_nominal(void)
{
    if (x86_cpuid(0, 0).eax < LEAF_FREQUENCY)
        return 0;
    return (x86_cpuid(LEAF_FREQUENCY, 0).eax & 0xFFFF) * MHZ;
}

/* SPDX-License-Identifier: MIT
 * A CPU's family and model out of CPUID 1 eax (Intel SDM 2A, CPUID; AMD APM 3, E.3.2): the extended
 * fields count where the vendor says so. Pure. */
#ifndef TACH_HAL_SIGNATURE_H
#define TACH_HAL_SIGNATURE_H

#include <stdint.h>

static inline uint32_t signature_family(uint32_t signature)
{
    const uint32_t base = signature >> 8 & 0xF;
    return base == 0xF ? base + (signature >> 20 & 0xFF) : base;
}

static inline uint32_t signature_model(uint32_t signature)
{
    return (signature >> 4 & 0xF) | (signature >> 12 & 0xF0);
}

#endif

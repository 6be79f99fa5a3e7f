/* SPDX-License-Identifier: MIT
 * What CPUID says of the TSC's rate. Called by clock.c. */
#ifndef TACH_HAL_CLOCK_CLAIM_H
#define TACH_HAL_CLOCK_CLAIM_H

#include <stdint.h>

/* The TSC's rate in Hz by its ratio to a crystal of known rate, or 0. */
uint64_t clock_claim_crystal(void);

/* The nominal rate of the CPU in Hz, which the TSC's is near to, or 0. */
uint64_t clock_claim_nominal(void);

#endif

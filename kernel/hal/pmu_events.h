/* SPDX-License-Identifier: MIT
 * Which event of a CPU model counts what CPUID has no name for; of a hybrid one, of the core that
 * asks. What is not in the table there is none of. Called by pmu.c. */
#ifndef TACH_HAL_PMU_EVENTS_H
#define TACH_HAL_PMU_EVENTS_H

#include <stdint.h>

#define PMU_WALKS 2u /* loads and stores may be two events */

/* Event select in bits 0 to 7, unit mask in 8 to 15, edges alone by bit 18; 0: not there. */
struct pmu_events {
    uint32_t l1d_misses;
    uint32_t dtlb_walks[PMU_WALKS]; /* the second one only behind a first */
};

/* By the vendor and the signature (CPUID 1 eax) of hal_config, and CPUID 1AH; 0: nothing is known.
 */
const struct pmu_events *pmu_events_find(void);

#endif

/* SPDX-License-Identifier: MIT
 * A time limit of the boot that needs nobody's help: an NMI of the chipset's timer, which comes
 * whatever the kernel does, interrupts off or not, and never before. Until then no instruction is
 * executed for it. Called by CORE, which says what a boot's limit is, and by the NMI. */
#ifndef TACH_HAL_WATCHDOG_H
#define TACH_HAL_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hal/trap.h"

/* Where the CPU was when the time was over. */
struct watchdog_place {
    uint64_t rip;
    bool user; /* ring 3 */
};

/* From now on `over` is called after so many seconds (at most 10^5), on the CPU's kernel stack,
 * which it may use from its top: whatever the kernel was doing is cut off in the middle, so `over`
 * must end the machine. False: this machine has no such timer, and nothing will happen. After
 * irq_init; once; interrupts off. */
bool watchdog_start(uint32_t seconds, void (*over)(const struct watchdog_place *place));

/* The boot ends by itself: `over` is not called any more. */
void watchdog_stop(void);

/* Every NMI, on its own stack. Returns unless the time is over. */
void watchdog_nmi(const struct trap_frame *frame);

#endif

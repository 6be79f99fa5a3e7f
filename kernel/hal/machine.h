/* SPDX-License-Identifier: MIT
 * What disturbs a measurement from below, and what could explain it: SMIs, the clock that the core
 * really had, what the CPU says it is free of, its counters. Called by wire.c at a measured boot's
 * beginning and end, and by text.c. */
#ifndef TACH_HAL_MACHINE_H
#define TACH_HAL_MACHINE_H

#include "kernel/abi/wire.h"

/* Reads them, each only where CPUID or the CPU's family says that it is there; one that faults all
 * the same is not there. `when` stays 0. Interrupts off. */
void machine_read(struct wire_machine *machine);

#endif

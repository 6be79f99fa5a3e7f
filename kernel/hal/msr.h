/* SPDX-License-Identifier: MIT
 * Model-specific registers that may not be there (trap.asm): an access that faults says so. Once
 * the interrupt table is loaded; own CPU. */
#ifndef TACH_HAL_MSR_H
#define TACH_HAL_MSR_H

#include <stdbool.h>
#include <stdint.h>

/* False where RDMSR, or WRMSR, faults; *value is then as it was. */
bool msr_read_safe(uint32_t msr, uint64_t *value);
bool msr_write_safe(uint32_t msr, uint64_t value);

#endif

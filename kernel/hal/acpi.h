/* SPDX-License-Identifier: MIT
 * Finds the firmware's tables. Called by irq.c, once, and by hpet.c. */
#ifndef TACH_HAL_ACPI_H
#define TACH_HAL_ACPI_H

#include "kernel/hal/madt.h"

/* Reads the MADT, where there is one whose way there is sound; else *madt is the default. */
bool acpi_madt(struct madt *madt);

/* The address of the event timer's registers as the HPET table has it, or 0: there is no sound
 * one. After acpi_madt. */
uint64_t acpi_hpet(void);

#endif

/* SPDX-License-Identifier: MIT
 * Finds the firmware's tables. Called by irq.c, once. */
#ifndef TACH_HAL_ACPI_H
#define TACH_HAL_ACPI_H

#include "kernel/hal/madt.h"

/* Reads the MADT, where there is one whose way there is sound; else *madt is the default. */
bool acpi_madt(struct madt *madt);

#endif

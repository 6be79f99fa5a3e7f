/* SPDX-License-Identifier: MIT
 * Words of the boot command line, as far as HAL needs them; CORE judges the line as a whole. */
#ifndef TACH_HAL_BOOTWORD_H
#define TACH_HAL_BOOTWORD_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the value of the last word "name=value", NUL-terminated and cut to size - 1 bytes. False,
 * and value untouched, if there is none. After the boot information was checked. */
bool bootword(const char *name, char *value, size_t size);

#endif

/* SPDX-License-Identifier: MIT
 * What the boot found of the machine, a line each: said on the console when it is found, and kept
 * for whoever asks later (sys:boot). Called by the initialisers; read by CORE. */
#ifndef TACH_HAL_FOUND_H
#define TACH_HAL_FOUND_H

/* One line, with its line feed; formats as klog's. A kilobyte holds all. */
void hal_found(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* All lines so far. */
const char *hal_found_lines(void);

#endif

/* SPDX-License-Identifier: MIT
 * Starts the machine anew, for a boot that ends with the word end=reset. Called by hal_exit. */
#ifndef TACH_HAL_RESET_H
#define TACH_HAL_RESET_H

/* Resets the machine by the first way that works. Interrupts off; nothing that is to be kept may
 * still be in a device's buffer. */
_Noreturn void machine_reset(void);

/* Returns after so many seconds, by the TSC; before its rate is known by accesses to ports, which
 * is about as long. */
void machine_pause(unsigned seconds);

#endif

/* SPDX-License-Identifier: MIT
 * The boot word limit=SECONDS: a boot that has not ended by then is ended, with words that say
 * where it was. Called by core_entry. */
#ifndef TACH_CORE_LIMIT_H
#define TACH_CORE_LIMIT_H

/* Reads the word and starts the clock, by the watchdog (hal/watchdog.h), or where the machine has
 * none by a timer. Says which. After timer_init. */
void limit_begin(void);

#endif

/* SPDX-License-Identifier: MIT
 * The local APIC's timer: which of its two modes is in force is decided once, at boot. */
#ifndef TACH_HAL_APIC_TIMER_H
#define TACH_HAL_APIC_TIMER_H

#include <stdbool.h>

/* Measures the clocks and picks the mode; the boot word timer= decides if it is there: oneshot,
 * deadline (which ends the boot with EXIT_INIT where there is none), auto. After the APIC was
 * enabled. False: a timer that does not count. */
bool apic_timer_init(void);

#endif

/* SPDX-License-Identifier: MIT
 * The chipset's event timer (IA-PC HPET specification 1.0a): one of its timers, counting once to a
 * value, whose interrupt arrives as an NMI through the I/O APIC. Called by watchdog.c; interrupts
 * off. */
#ifndef TACH_HAL_HPET_H
#define TACH_HAL_HPET_H

#include <stdbool.h>
#include <stdint.h>

/* Finds the chip by the firmware's tables, silences all its timers and takes one whose line can be
 * an NMI. False: there is no sound chip, or no such line, and nothing raises anything. After
 * irq_init; once. */
bool hpet_begin(void);

/* Ticks a second. */
uint32_t hpet_hz(void);

/* The count now; it goes round. */
uint32_t hpet_now(void);

/* An NMI when the count is `at`. It may come at other times too: whoever takes it looks. */
void hpet_arm(uint32_t at);

/* No more of them. */
void hpet_quiet(void);

#endif

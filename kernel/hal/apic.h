/* SPDX-License-Identifier: MIT
 * The local APIC: its timer, interrupts to itself and their end. The 8259 is masked. Own CPU only,
 * interrupts off. */
#ifndef TACH_HAL_APIC_H
#define TACH_HAL_APIC_H

#include <stdbool.h>
#include <stdint.h>

/* Vectors. Devices have one a line from 0x20 on; the timer alone has the highest class, 15, which a
 * task priority of 14 lets through: it is what ends a real-time handler that does not end. */
#define VECTOR_DEVICE   0x20u
#define VECTOR_DEVICES  25u
#define VECTOR_TIMER    0xF0u
#define VECTOR_SPURIOUS 0xFFu

/* Whether the CPU has a local APIC. One that firmware has switched off as a whole, which takes its
 * bit out of CPUID (Intel SDM 3A 11.4.3), is switched on again. Needs no table of interrupts. */
bool apic_present(void);

/* Enables the APIC that is present, masks the 8259, measures TSC and timer. False: there is no
 * APIC. The boot words apic= and timer= may end the boot with EXIT_INIT: the CPU lacks what they
 * demand. */
bool apic_init(void);

/* One interrupt (sched_timer) at or soon after the absolute TSC value; 0 disarms. A deadline that
 * is further away than the timer counts comes early: the scheduler looks at the clock and arms
 * again. A pointer, so that the mode found at boot costs no instruction. */
extern void (*timer_arm)(uint64_t tsc_deadline);

/* The number by which other chips address this CPU's APIC: 8 bits, in x2APIC mode 32. */
uint32_t apic_number(void);

/* The 8259's line is cut: interrupts come through an I/O APIC from now on. */
void apic_alone(void);

/* Raises the vector on this CPU itself. */
void apic_self(uint8_t vector);

/* End of the interrupt in service. Never for a spurious one. */
void apic_eoi(void);

/* The same if one is in service at all; false: none is. For interrupts that are nobody's: until
 * they end, none of their class or below comes. */
bool apic_end_stray(void);

#endif

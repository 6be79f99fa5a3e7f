/* SPDX-License-Identifier: MIT
 * Interrupt lines. 0..15 are the ISA ones whatever pin they reach, 16..23 the I/O APIC's pins,
 * IRQ_SOFT one that the kernel raises by an interrupt to itself. Where there is no I/O APIC the
 * 8259 delivers 0..15, but then the CPU's task priority cannot hold them off. Each line has a
 * vector of its own, so nothing has to be asked at an interrupt. Own CPU, interrupts off. */
#ifndef TACH_HAL_IRQ_H
#define TACH_HAL_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/msg.h"
#include "kernel/hal/apic.h"

#define IRQ_VECTOR(line) (VECTOR_DEVICE + (line))
#define IRQ_LINES_ALL    (IRQ_SOFT + 1)

/* Finds the I/O APIC; all lines are masked afterwards. After apic_init. */
bool irq_init(void);

/* Whether the machine has the line. */
bool irq_present(unsigned line);
/* Whether it is level triggered: it stays up until its device is served. */
bool irq_level(unsigned line);
/* Whether the CPU's task priority holds it off, which a real-time handler needs. */
bool irq_holdable(unsigned line);

/* A present line other than IRQ_SOFT. Edges that come while it is masked are lost. */
void irq_mask(unsigned line);
void irq_unmask(unsigned line);

/* The task priority now: 0 unless a real-time handler runs. */
unsigned irq_held(void);

/* Raises IRQ_SOFT: taken as soon as interrupts are on. */
void irq_raise(void);

/* Line 0 from the PIT, so often in a second (19..100000); 0: no more. */
void irq_clock(unsigned hz);

/* Takes one pin of the I/O APIC for good, the best of those in `pins` (bit n: pin n): its edges
 * raise NMIs, and the line that was there is no line for others. IRQ_PIN_NONE: none of them can be
 * had, and nothing has changed. After irq_init. */
#define IRQ_PIN_NONE 0xFFu
unsigned irq_pin_nmi(uint32_t pins);

/* The clock becomes the sampler's: its line raises an NMI, is no line for others from now on, and
 * irq_clock does nothing. False: there is no I/O APIC, and nothing has changed. */
bool irq_clock_nmi(void);

#endif

/* SPDX-License-Identifier: MIT
 * What the tests of interrupts share: the line that a write raises, the PIT, the kernel's own
 * account of both. */
#ifndef TACH_KERNEL_TEST_IRQS_H
#define TACH_KERNEL_TEST_IRQS_H

#include "kernel/test/guest/lib/guest.h"

#define IRQS_BITS     0x30u /* what attachments of AT_NOTIFY are given */
#define IRQS_STACK    8192u
#define IRQS_PIT_LINE 0u

/* Before everything else: opens irq:soft and makes the handlers' stack. */
void irqs_open(void);
extern int irqs_soft;       /* for writing */
extern uint64_t irqs_stack; /* top of a stack for real-time handlers */
extern volatile uint64_t irqs_runs;

void irqs_raise(void);

/* Behind that name in sys:irq; -1: no such line. */
long irqs_number(const char *name);

/* The notification bits that wait, taken; 0: none. */
uint64_t irqs_bits(void);

/* The PIT raises line 0 so often a second until the descriptor is closed. */
long irqs_pit(const char *hz);

/* A handler that only counts in irqs_runs and leaves when and with what it began. */
void irqs_handler(uint64_t handle, uint64_t count, uint64_t taken);
extern volatile uint64_t irqs_handle, irqs_count, irqs_taken, irqs_begun;

/* Attaches a real-time handler to the line, irqs_runs is 0 then: the handle. */
long irqs_realtime(unsigned line, uint64_t run, uint64_t budget_ns);
#define IRQS_HANDLER ((uint64_t)irqs_handler)

/* Runs the test twice: the second time must leave frames, files and attachments as they were. */
void irqs_twice(void (*test)(void));

#endif

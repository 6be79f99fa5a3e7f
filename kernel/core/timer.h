/* SPDX-License-Identifier: MIT
 * The timers of `time:`, beyond the service itself. Interrupts off. */
#ifndef TACH_CORE_TIMER_H
#define TACH_CORE_TIMER_H

#include "kernel/hal/thread.h"

/* Stands for all timers among the threads with a deadline. */
extern struct thread timer_alarm;

void timer_init(void);

/* Has `call` called once, when that TSC has passed: by the scheduler's timer, so only while
 * interrupts come. Once, after timer_init. */
void timer_call(uint64_t deadline, void (*call)(void));

/* The alarm's deadline has passed. */
void timer_expire(void);

/* Open timers. */
unsigned timer_count(void);

#endif

/* SPDX-License-Identifier: MIT
 * The timers of `time:`, beyond the service itself. Interrupts off. */
#ifndef TACH_CORE_TIMER_H
#define TACH_CORE_TIMER_H

#include "kernel/hal/thread.h"

/* Stands for all timers among the threads with a deadline. */
extern struct thread timer_alarm;

void timer_init(void);

/* The alarm's deadline has passed. */
void timer_expire(void);

/* Open timers. */
unsigned timer_count(void);

#endif

/* SPDX-License-Identifier: MIT
 * Fixed priorities, round robin inside one, one-shot timer only when it is needed: while one thread
 * is ready alone and no deadline is set, no timer interrupt comes. Interrupts off throughout. */
#ifndef TACH_HAL_SCHED_H
#define TACH_HAL_SCHED_H

#include "kernel/hal/cpu.h"

#define SLICE_NS 4000000ull

/* Empty queues for this CPU. */
void sched_init(void);

/* Makes t ready at the end of its priority's queue. t is in no queue. */
void sched_ready(struct thread *t);

/* The same at the front: t was interrupted before its slice ended. */
void sched_ready_first(struct thread *t);

/* Takes t out of the ready queue; its state becomes `state`. */
void sched_remove(struct thread *t, enum thread_state state);

/* t, in whatever state, has another priority; a ready one goes to the end of its queue there. */
void sched_priority(struct thread *t, uint8_t priority);

/* The current thread gives up the CPU to its equals. It stays ready. */
void sched_give_way(void);

/* Marks the current thread blocked in `state` (and arms its deadline if it has one); the switch
 * happens on the way out, in sched_leave. */
void sched_block(struct thread *t, enum thread_state state);

/* Arms t's timer for the absolute TSC `deadline`; core_tick(t) is called once it has passed. */
void sched_deadline(struct thread *t, uint64_t deadline);
void sched_deadline_cancel(struct thread *t);

/* Recomputes fast_prio of t and the CPU's gate after t's blockers or priority, or the queues,
 * changed. */
void sched_gate(struct thread *t);

/* Last step of each way out of the kernel: picks the thread to run, idles while there is none, sets
 * cpu->current, FS base, debug registers, timer and gate. Called by the exit code, returns the
 * thread. */
struct thread *sched_leave(void);

/* A thread that ends leaves ready queue, deadlines and CPU. Called by thread_free. */
void sched_forget(struct thread *t);

/* A direct hand-over: current stops (its state is set already), t, which is in no queue, runs next.
 */
void sched_switch_to(struct thread *t);

/* A real-time handler: above all threads, in no queue, with devices held off by the task priority
 * and the timer as its budget's. Start: t runs next, whoever runs now is ready with the rest of his
 * slice; when `budget` TSC ticks are over, core_tick(t) is called. End: devices are let in again.
 */
#define HANDLER_PRIORITY READY_LEVELS
void sched_handler_start(struct thread *t, uint64_t budget);
void sched_handler_end(void);

#endif

/* SPDX-License-Identifier: MIT
 * Interrupts as tasks see them: attachments of tasks to lines, in a table of fixed size. See msg.h
 * for what an attachment does. Interrupts off; nothing here allocates but attach, for the thread of
 * a real-time handler. */
#ifndef TACH_CORE_IRQ_H
#define TACH_CORE_IRQ_H

#include "kernel/core/task.h"
#include "kernel/core/text.h"

/* System calls. */
void call_attach(struct thread *t);
void call_detach(struct thread *t);
void call_irq_done(struct thread *t);

/* Empty tables. */
void irq_table_init(void);

/* An interrupt of the line. */
void irq_arrived(unsigned line);

/* The real-time handler t did what it must not, or ran too long (IRQ_ENDED_*): ends it. */
void irq_handler_end(struct thread *t, unsigned why);

/* The task's attachments go, their lines are masked. */
void irq_task_died(struct task *task);

/* Whether the task may attach, and open the files of irq: that do more than show. */
bool irq_may(const struct task *task);

/* The files of irq: that wait for interrupts are attachments too, of no task. EPERM, ENODEV, EBUSY,
 * EMFILE; a handle. */
long irq_file_open(const struct task *task, unsigned line);
void irq_file_close(uint64_t handle);
/* Takes and acknowledges the interrupts that were not read yet: their line. SVC_PENDING: there are
 * none, and the current thread is queued; EAGAIN: it need not wait. EBADF. */
long irq_file_take(uint64_t handle, bool wait);
/* Whether it is one of IRQ_SOFT. */
bool irq_file_soft(uint64_t handle);
void irq_record(unsigned line, struct irq_record *out);
/* From now on irq_file_post is told whenever that changes: EVENT_READ, there is something to take,
 * or 0. EBADF. */
long irq_file_watch(uint64_t handle);
void irq_file_post(uint64_t handle, uint32_t ready);

/* IRQ_SOFT comes, now or as soon as it is not masked. */
void irq_raise_soft(void);

/* sys:irq */
void report_irq(struct text *text);

/* Bindings in use. */
unsigned irq_attachments(void);

#endif

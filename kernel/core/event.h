/* SPDX-License-Identifier: MIT
 * Readiness: the scheme `event:`, whose files are queues of registrations. A registration is one
 * descriptor in one queue; it holds what the file's service said last, so a queue answers for its
 * level without asking anybody. Memory grows with registrations, never with what is posted. */
#ifndef TACH_CORE_EVENT_H
#define TACH_CORE_EVENT_H

#include "kernel/core/file.h"

/* The service answered t, whose registers are those of fevent again: its readiness now, or an
 * error. What fevent returns. */
long event_answered(struct thread *t, const struct file *file, long result);

/* The readiness of that handle is now `mask` (EVENT_*). */
void event_post(const struct scheme *s, uint64_t handle, uint32_t mask);

/* The task's descriptor of that file goes: its registrations too. */
void event_forget(struct file *file, const struct task *task, unsigned fd);

/* The scheme died: all of its files are ready, for the error that each call on them gives. */
void event_scheme_died(const struct scheme *s);

/* Registrations that are there. */
uint32_t event_count(void);

#endif

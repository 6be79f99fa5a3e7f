/* SPDX-License-Identifier: MIT
 * The classic transport of a scheme (O_CLASSIC): requests queue at the scheme, as their blocked
 * callers; its server reads them from the root descriptor as records of 64 bytes and writes answers
 * there, or does both in one call. Nothing here allocates but captures, which can do without.
 * Called by file.c and fd.c for the current thread; interrupts off. */
#ifndef TACH_CORE_CLASSIC_H
#define TACH_CORE_CLASSIC_H

#include "kernel/core/scheme.h"

/* Queues the request in t's registers, which is marked already, and blocks t until its answer. */
void classic_request(struct thread *t, struct scheme *s);

/* Calls on the root descriptor, whose description is `file`. read: whole records, as many as there
 * are and fit; blocks when there is none, EAGAIN with O_NONBLOCK, EINVAL for less than a record, 0
 * when the scheme is gone. write: whole answers up to the first invalid one; bytes, or an error
 * when that is none: EBADFD double, late or forged, EINVAL not whole. EPERM: not the server's. */
void classic_read(struct thread *t, struct file *file);
void classic_write(struct thread *t, struct file *file);

/* FCALL_NEXT: W1 comes back as the bytes of answers taken. If that is not all of them, W0 is the
 * error of the first that was not, and nothing was read; else W0 is as for read. */
void classic_next(struct thread *t, struct file *file);

/* A description's close request; a caller of a taken request that wants out. Neither can fail. */
void classic_close(struct scheme *s, struct list *record);
void classic_cancel(struct scheme *s, struct thread *c);

/* The scheme is dead: its readers get 0, what only its server would have heard is dropped. */
void classic_died(struct scheme *s);

/* Records and answers that went this way until now. */
struct classic_counts {
    uint64_t records, answers;
};
extern struct classic_counts classic_counts;

#endif

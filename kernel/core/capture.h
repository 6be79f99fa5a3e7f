/* SPDX-License-Identifier: MIT
 * Captures: the payload of a request, mapped into its server for as long as the request is open.
 * Whole pages are shared with exactly the right that the request gives; the ends that share a page
 * with something else go by way of zero-filled pages, copied in and out. Where there is no memory
 * for a capture the payload is copied like any other. A capture outlives a caller that was killed
 * or timed out: it belongs to the request until the server answers or dies. Interrupts off. */
#ifndef TACH_CORE_CAPTURE_H
#define TACH_CORE_CAPTURE_H

#include "kernel/core/task.h"

/* Maps the payload of the request in c's registers, which `server` is about to take. False: it is
 * to be copied; else *at is where it begins in the server. */
bool capture_make(struct thread *c, struct task *server, vaddr_t *at);

/* c's request was answered: the first `moved` bytes of an answer are brought home (all bytes, if
 * the server saw what was there before), and the mapping goes. EFAULT: the caller's buffer went
 * away. */
WARN_UNUSED enum err capture_answered(struct thread *c, uint64_t moved);

/* c's request ended without an answer: the capture has no caller any more. */
void capture_orphan(struct thread *c);

/* A late answer came with that word: what it still held is given back. */
void capture_late(struct task *server, uint64_t word);

/* All captures of the server, or those of one of its schemes, go. */
void captures_drop(struct task *server, const struct scheme *s);

/* Whether a captured page lies in [va, va+bytes) of the task: it is not the task's to change. */
bool capture_overlaps(const struct task *task, vaddr_t va, uint64_t bytes);

/* Made until now; there now; of those without a caller. */
struct capture_counts {
    uint64_t made;
    uint32_t open, orphans;
};
extern struct capture_counts capture_counts;

#endif

/* SPDX-License-Identifier: MIT
 * The contents of messages: words, scrubbing, payload copies; and the mailbox from which they are
 * taken. Called by ipc.c only. Interrupts off, nothing blocks. */
#ifndef TACH_CORE_MESSAGE_H
#define TACH_CORE_MESSAGE_H

#include "kernel/core/task.h"

/* Length, flags and buffer of the message in t's registers. EINVAL, E2BIG, EFAULT. */
WARN_UNUSED enum err message_check(const struct thread *t);

/* Remembers the buffer of the call in t's registers for the reply and for xfer. Whatever ends the
 * call forgets it: the fast path, which makes calls without one, never looks. */
void message_buffer(struct thread *t);

/* Moves the message of s into the registers of receiver r. EFAULT: s's payload is not readable; r
 * has seen nothing. `token`: whether r may reply. */
WARN_UNUSED enum err message_deliver(struct thread *r, struct thread *s, bool token);

/* Where payloads of records go: what is left of the receive buffer of the thread that reads them.
 */
struct room {
    struct thread *thread;
    vaddr_t address;
    uint64_t size;
};

/* The request of s as a record; its payload, if it brings one, goes into the room. EFAULT: it is
 * not readable. */
WARN_UNUSED enum err message_record(struct msg *out, struct thread *s, struct room *room);

/* Moves the reply in the registers of server t into those of caller c. EFAULT: t's payload. */
WARN_UNUSED enum err message_reply(struct thread *c, struct thread *t);

/* xfer for server t in the buffer of caller c. Bytes moved, or a negated error. */
long message_xfer(struct thread *t, struct thread *c);

/* Gives r the oldest thing in the mailbox. False: there is nothing. The queue's `waiter` is not
 * touched. */
bool mailbox_take(struct task *task, struct thread *r);

/* The kind of what mailbox_take would give, or -1. */
int mailbox_kind(const struct task *task);

/* Something was queued: a receiver takes it and is returned, not yet ready; or one thread in wait
 * wakes. */
struct thread *mailbox_arrived(struct task *task);

#endif

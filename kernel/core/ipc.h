/* SPDX-License-Identifier: MIT
 * Messages between tasks: the C twin of fastpath/path.inc, and everything that the fast path leaves
 * to C. What call and reply_wait do here is what the assembly does, register for register; the
 * differential test holds the two together. All run on behalf of the current thread, interrupts
 * off, and never block inside: a blocked thread is finished later by whoever completes it. */
#ifndef TACH_CORE_IPC_H
#define TACH_CORE_IPC_H

#include "kernel/core/task.h"

/* System calls, on the registers of t. They set its registers and state; see the table in
 * syscall.c. */
void ipc_call(struct thread *t);
void ipc_reply(struct thread *t);
void ipc_reply_wait(struct thread *t);
void ipc_receive(struct thread *t);
void ipc_recv(struct thread *t);
void ipc_wait(struct thread *t);
void ipc_send(struct thread *t);
void ipc_notify(struct thread *t);
void ipc_post(struct thread *t);
void ipc_xfer(struct thread *t);

/* A call with its payload in memory, or the answer in words to one, all at once. False: it must go
 * by ipc.c, and nothing has changed. The other one goes there, too: what the path calls. */
bool ipc_memory(struct thread *t);
void ipc_memory_call(struct thread *t);

/* Sends the request in t's registers to a scheme's server and blocks t until the reply.
 * t->call_op and call_file say what is to be done then (file.c). */
void ipc_request(struct thread *t, struct task *server);

/* The current thread has blocked: r runs in its place at once if nothing better is ready. */
void ipc_hand_over(struct thread *r);

/* No thread of the task that was to answer c holds it as its client any more. The fast path trusts
 * that pointer, so this goes before every end of a call that is not the holder's own fast reply. */
void ipc_disclaim(const struct thread *c);

/* The task that rdi names, if t may address it; rax is 0 then. 0: rax is -ESRCH or -EPERM. */
struct task *ipc_target(struct thread *t);

/* Queues the close request that lives in the description; never fails, never blocks. */
void ipc_close_record(struct task *server, struct list *record);

/* Ends the wait of a blocked thread with that result in rax and makes it ready. */
void ipc_complete(struct thread *t, long result);

/* The thread that waits for an answer to exactly this caller word from `server`, or 0. */
struct thread *ipc_caller(uint64_t word, const struct task *server);

/* Gives notification bits to a task. */
void ipc_notify_task(struct task *task, uint64_t bits);

/* Recomputes task->waiter (see task.h) after its mailbox changed. */
void mailbox_refresh(struct task *task);

/* Takes t out of whatever mailbox queue it is in. */
void ipc_unlink(struct thread *t);

#endif

/* SPDX-License-Identifier: MIT
 * The life of a request: IDLE, QUEUED (its caller lies in a list), ACTIVE (taken by its server),
 * RESPONDED, and IDLE again; on the way it may be told to end early. How it ends without an answer
 * is decided here, once for messages, for files at a server and for those in the kernel. Called by
 * ipc, file, task and whoever gives signals; interrupts off, nothing blocks. */
#ifndef TACH_CORE_REQUEST_H
#define TACH_CORE_REQUEST_H

#include "kernel/core/task.h"

/* t is blocked and has a signal pending. What nobody has taken yet ends with EINTR: sleeping,
 * receiving, a send or a request in its queue, a wait inside the kernel. A request that its server
 * has taken goes on: the server hears of it once, and its answer ends the wait. Harmless for a
 * thread that runs or is ready. */
void request_interrupt(struct thread *t);

/* From now on no answer to c's present call can match: neither in C nor on the fast path. */
void request_revoke(struct thread *c);

/* A service's result as a caller may see it: EIO for what is none. */
static inline long request_error(long result)
{
    return result < ERR_FLOOR || result == -T_EINTR ? -T_EIO : result;
}

/* The result in c's W0 as the caller may see it: a size, a handle, an error of the table; EINTR
 * only as the answer to a cancel (ECANCELED), EIO for anything else. */
long request_result(const struct thread *c);

/* The answer stands in the registers of c, which is blocked: finishes its call, but for the switch.
 */
void request_respond(struct thread *c);

/* c does not wait for its request any more: its token is spent, and a service in the kernel that
 * keeps a copy lets go of it. */
void request_leave(struct thread *c);

/* c's request is over: what marked it is gone. */
void request_end(struct thread *c);

/* Every request to the scheme that has no answer yet gets ENODEV; those of them that the fast path
 * made are not known until their server answers or dies. */
void requests_died(const struct scheme *s, const struct task *server);

/* Ends c's call without its answer: `result` in rax, and ready. */
void request_abort(struct thread *c, long result);

/* What waits for a task that is dying: every caller gets ENODEV, every sender ESRCH. */
void ipc_task_died(struct task *task);

/* t's deadline passed. */
void ipc_timeout(struct thread *t);

#endif

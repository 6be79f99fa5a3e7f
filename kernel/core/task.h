/* SPDX-License-Identifier: MIT
 * Tasks: an address space, descriptors, a mailbox, a level and a TID. The first line of the struct
 * is what the fast path reads. Task blocks, like thread blocks, are never given back to the page
 * allocator.
 *
 * The invariant of `waiter`, on which the assembly rests:
 *   a thread      it is in receive or reply_wait, unblocked, and the mailbox is empty;
 *   thread_none   no thread is held there and the mailbox is empty;
 *   thread_slow   the mailbox holds something, or does not hear everyone: only C may look. */
#ifndef TACH_CORE_TASK_H
#define TACH_CORE_TASK_H

#include "kernel/abi/abi.h"
#include "kernel/hal/thread.h"
#include "kernel/hal/vm.h"

#define TASK_THREADS 512u /* of one task: nobody alone takes all that there are */
#define FDS_CHUNK    256u
#define FDS_MAX      65536u
#define FDS_CHUNKS   (FDS_MAX / FDS_CHUNK)

struct file;
struct names;

/* Hot half of a descriptor: 16 bytes, read by the fast path. */
struct fd {
    struct scheme *scheme;
    uint32_t handle; /* the service's number, becomes W0 */
    uint8_t fast;    /* FD_FAST_* */
    uint8_t rights;  /* FD_* */
};
/* fast: on the fast path */
#define FD_FAST_SERVER 0x1 /* a short read may go to the scheme's server */
#define FD_FAST_LINKED 0x2 /* a short read may call the service in the kernel */
#define FD_FAST_LONG   0x8 /* a long read may call it: linked_read */
/* and in C only */
#define FD_FAST_SHORT  0x4  /* the kernel's scheme does short calls by itself */
#define FD_FAST_DIRECT 0x10 /* a short call may go straight to the service in the kernel */

/* Cold half of a descriptor. */
struct fd_side {
    struct file *file; /* 0: the number is free */
    uint64_t used;     /* in the first of 64: bit by bit, which of them are not free */
};

/* See fdtable.h. */
struct fd_table {
    struct fd *slots;
    struct fd_side *sides;
    uint32_t limit; /* numbers below it are mapped */
    uint32_t used, window;
    uint32_t next;                  /* every number below is in use */
    uint64_t full[FDS_CHUNKS / 64]; /* chunks without a free number */
};

struct task {
    struct thread *waiter;
    uint32_t tid;
    uint32_t level;
    struct space space;
    /* mailbox */
    struct list senders;   /* threads in send or call, not yet taken: FIFO */
    struct list receivers; /* threads in receive beyond the one in `waiter` */
    struct list waiting;   /* threads in wait */
    struct list closes;    /* descriptions whose last descriptor went: their close requests */
    struct list captures;  /* payloads of requests to this task that are mapped here */
    struct list cancels;   /* callers of taken requests that want out, by thread->cancel */
    uint64_t notification;
    struct {
        uint64_t tag, sender;
    } posts[POST_SLOTS];
    uint32_t post_head, post_count;
    struct fd_table fd;
    struct list schemes; /* that it serves */
    uint32_t snapshots;  /* of sys: that it has open */
    struct names *names; /* what it can name */
    /* family */
    struct list threads;
    struct list link; /* in the list of all tasks */
    uint32_t thread_count;
    uint32_t passive_count; /* of them, those that run with lent priorities */
    uint32_t parent;        /* TID */
    bool critical, dying, started;
    uint8_t allow;    /* highest level that may address the mailbox; below 255 only by way of C */
    uint8_t priority; /* ceiling of its threads */
    uint16_t cookie;  /* for servers to know it by; goes with each request */
    uint32_t rights;  /* RIGHT_*: what of level 0's it may */
    uint32_t status;  /* exit status, once dead */
    uint64_t death_bits; /* notified when a child dies, or any task: see deaths.c */
    bool death_any;
    uint32_t signals; /* pending: no thread takes them now; bit: number */
    uint32_t signals_nodefer;
    vaddr_t handlers[SIGNALS];
    vaddr_t fault_handler, fault_stack;
    vaddr_t fault_fast;   /* the handler as the fast path sees it; 0: every fault goes to C */
    struct list mappings; /* of memory objects: mapping.c */
    char name[16];
};

extern struct task *tasks[TID_SLOTS]; /* task_none where free */
extern struct task task_none;         /* no task: its waiter never matches */
extern struct task task_kernel;       /* TID 0 */
extern struct thread thread_slow;
extern struct list task_list;

/* Ready before the first task. */
void task_init(void);

/* Whether the task has that RIGHT_*. Nothing of the kernel runs between a call's entry and its end,
 * so one look at the entry of a call that does not wait is also the look at its commit; a call that
 * waits is executed again, and looks again. */
static inline bool task_may(const struct task *task, unsigned right)
{
    return (task->rights & right) == right;
}

/* The live task of that TID, or 0. */
struct task *task_find(uint32_t tid);

/* Makes an empty task. slot 0: any free one above the reserved. EAGAIN no slot, EBUSY slot taken,
 * ENOMEM. */
struct task_wish {
    uint32_t parent, level, slot;
    char name[16];
};
WARN_UNUSED enum err task_create(const struct task_wish *wish, struct task **out);

/* Gives the task a thread, ready to run. EAGAIN, ENOMEM, EINVAL (rip or rsp beyond user addresses).
 */
struct thread_wish {
    vaddr_t rip, rsp;
    uint64_t argument;
};
WARN_UNUSED enum err task_thread(struct task *task, const struct thread_wish *wish,
                                 struct thread **out);

/* Ends one thread; with the last one its task. It may be the current one. */
void task_thread_end(struct thread *t, uint32_t status);

/* Ends the task and all its threads: callers that wait on it get ENODEV, senders ESRCH, descriptors
 * close, schemes die, the supervisor or parent hears of it. */
void task_kill(struct task *task, uint32_t status);

/* The state of t in truth: the fast path blocks and resumes threads without writing `state`. */
enum thread_state thread_status(const struct thread *t);

/* Recomputes what the fast path reads of t after its blockers, level or descriptors changed. */
void thread_refresh(struct thread *t);

/* The current thread entered C: what the fast path left unwritten is made true. */
static inline void thread_normalise(struct thread *t)
{
    t->state = THREAD_ACTIVE;
    t->wait_task = 0;
}

/* waitpid, TASK_SUPERVISE */
long child_wait(struct thread *t, uint32_t tid, bool block);
enum err child_supervise(struct thread *t);
void child_died(struct task *task);

/* TASK_DEATHS: EINVAL, EPERM (of any task: level 0 only). And the notices when one died. */
long deaths_ask(struct task *task, uint64_t bits, uint64_t any);
void deaths_tell(const struct task *dead);

#endif

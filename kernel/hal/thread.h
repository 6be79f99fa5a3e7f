/* SPDX-License-Identifier: MIT
 * The thread control block. A thread that is not running is wholly described by this struct: the
 * kernel runs each call to completion on the CPU's one stack, and a blocked thread is resumed by
 * loading its user registers. That is what lets the assembly path and C hand over to each other
 * freely. Blocks come from an array that is never returned, so a stale pointer always reads a
 * thread. fastpath/offsets.c exports the offsets; the first two cache lines are all that the fast
 * path touches. */
#ifndef TACH_HAL_THREAD_H
#define TACH_HAL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/msg.h"

struct task;
struct space;

/* Circular doubly linked list; a head is a node. */
struct list {
    struct list *next, *prev;
};

enum thread_state {
    THREAD_FREE,      /* the slot is not in use */
    THREAD_ACTIVE,    /* running, or blocked by the fast path: see thread_waits_for */
    THREAD_READY,     /* in a ready queue */
    THREAD_RECEIVING, /* in receive or reply_wait */
    THREAD_WAITING,   /* in wait: does not consume */
    THREAD_SENDING,   /* queued at a mailbox by send: wait_task says whose */
    THREAD_CALLING,   /* call: queued at, or taken by, wait_task */
    THREAD_SLEEPING,
    THREAD_CHILD,   /* in waitpid */
    THREAD_PENDING, /* a service in the kernel completes it by token */
    THREAD_FUTEX,   /* on futex_at, in a list of futex.c */
    THREAD_IRQ      /* in irq_done, or a real-time handler that does not run */
};

/* How the saved registers are restored. */
enum thread_frame {
    FRAME_SYSCALL, /* by SYSRET: rcx and r11 are rip and 0x202 */
    FRAME_FULL     /* by IRET: everything, rflags too */
};

/* Reasons why a thread must not be on the fast path. */
#define BLOCK_DEADLINE 0x01 /* its blocking calls have one */
#define BLOCK_TRACED   0x02 /* single-stepped: must leave by IRET with its own flags */
#define BLOCK_FSBASE   0x04 /* has an FS base, which only C switches */
#define BLOCK_WATCHED  0x08 /* has a watchpoint, which only C switches */
#define BLOCK_SIGNAL   0x20 /* has a signal to be told, or is in the handler of one */
#define BLOCK_PASSIVE  0x40 /* runs with the priority of whom it serves, which only C knows */
#define BLOCK_CANCEL   0x10 /* its open request was asked to end early: C looks at the answer */

#define BLOCK_HANDLER                                                                              \
    0x80 /* a real-time handler: what it calls goes by C, which lets little pass */

/* One more in the counter of a stamp: the token that was handed out is spent, whoever holds it. */
#define STAMP_STEP (1ull << 44)

#define FRAME_REGS 18u

/* What a signal's handler interrupted. */
struct signal_frame {
    uint64_t regs[FRAME_REGS];
    uint64_t again;
    uint32_t mask;
    uint8_t in_handler;
};

struct thread {
    /* line 0: what a switch saves and loads */
    uint64_t rip, rsp, rbx, rbp, r14, r15;
    uint64_t stamp;        /* what a server sees in rdi: TID, thread slot, call counter */
    struct thread *client; /* whom this thread is to reply to; thread_none if nobody */
    /* line 1: what the guards read */
    struct task *task;
    struct task *wait_task; /* the task whose reply or reception this thread waits for, else 0 */
    uint64_t root;          /* CR3 on the way out to user mode: see struct space */
    struct fd *fds;         /* the task's descriptor slots */
    uint32_t tid;           /* the task's */
    uint32_t kind_call;     /* what a receiver gets in rax: level 15:8, KIND_CALL */
    uint32_t kind_scheme;   /* the same with KIND_SCHEME */
    uint8_t fast_prio;      /* priority + 1, or 0 while blockers != 0 */
    uint8_t priority;       /* 0..31, higher first */
    uint8_t blockers;
    uint8_t frame;      /* enum thread_frame */
    uint8_t state;      /* enum thread_state */
    uint8_t in_handler; /* in the fault handler: sigreturn restores `fault` */
    uint16_t slot;      /* index in threads[] */
    uint64_t fd_limit;  /* descriptors below it may be looked at */
    /* the rest of the registers */
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, r12, r13, rcx, r11, rflags;
    /* what C keeps */
    struct list link;       /* ready queue, senders, receivers, or free list */
    struct list siblings;   /* threads of the task */
    struct list timer;      /* threads with a deadline, in order; self-linked: none */
    uint64_t deadline;      /* TSC of the present wait; 0 none */
    uint64_t again;         /* that of the wait whose call is to be made again; 0 none */
    uint64_t timeout_ticks; /* TASK_DEADLINE: for each blocking call; 0 none */
    uint64_t slice_used;    /* of the round-robin slice, in TSC ticks */
    uint64_t fs_base;
    uint64_t watch;               /* user address of a write watchpoint, 0 none */
    uint64_t rxbuf, rxbuf_size;   /* receive buffer in the task's space */
    uint64_t buffer, buffer_size; /* of the open call: what the server may touch */
    uint64_t futex_at;            /* key of the wait: address, or the kernel's view of the word */
    uint64_t futex_frame;         /* a shared wait holds a reference to that frame; 0 none */
    uint8_t buffer_flags;         /* MSG_OUT, MSG_IN */
    uint8_t call_op;              /* of the open scheme request, 0 none */
    struct file *call_file;       /* the description of the open request, if C has to finish it */
    struct scheme *call_scheme;   /* whose open request it is, 0: not known, it left no mark */
    struct capture *capture;      /* its payload, as its server sees it, 0 if that is copied */
    struct list cancel;           /* in the server's `cancels`: wants out of the open request */
    uint64_t call_regs[8];    /* rdi rsi rdx r10 r8 r9 r12 r13 of a call that returns rax only */
    struct list donors;       /* callers that this passive thread serves */
    struct list donor;        /* in that list of served_by */
    struct thread *served_by; /* the passive thread that has its open call; 0 none */
    uint8_t base_priority;    /* its own */
    bool passive;
    uint32_t signals;      /* to be told to it on its way to user mode; bit: number */
    uint32_t signal_mask;  /* held back */
    uint64_t signal_stack; /* TASK_SIGSTACK: top, or 0 */
    uint32_t signal_depth; /* handlers of signals that it is in */
    struct signal_frame signal_frames[SIGNAL_LEVELS];
    uint64_t fault_regs[FRAME_REGS]; /* rax rbx rcx rdx rsi rdi rbp r8..r15 rip rflags rsp at the
                                        fault */
};

/* The block that stands for "no thread": never receives, never matches a TID or a token. */
extern struct thread thread_none;
extern struct thread *threads[]; /* by slot; thread_none where free. 4096 entries */

#define THREAD_SLOTS 4096u

/* A block with all registers zero, its slot and a call counter that this slot never had before in
 * its stamp, in no list, client thread_none, leaving by IRET. ENOMEM: no memory or no slot. The
 * caller puts the TID into stamp 31:0, and the rest. */
__attribute__((warn_unused_result)) enum err thread_alloc(struct thread **t);

/* Gives the slot back. The thread leaves the ready queue and the deadlines, and the CPU if it is
 * the current one; it is in no other list any more. Pointers and tokens to it match nothing. */
void thread_free(struct thread *t);

#endif

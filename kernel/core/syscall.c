/* SPDX-License-Identifier: MIT
 * The dispatch of system calls in C: one table made from SYSCALLS(X), bounded by its length,
 * compared by the whole number. Entered from the assembly with the registers of the current thread
 * saved. */
#include "kernel/core/calls.h"
#include "kernel/core/file.h"
#include "kernel/core/ipc.h"
#include "kernel/core/irq.h"
#include "kernel/hal/upcall.h"

/* A system call returns constant flags, except that a thread that steps goes on stepping. */
#define RFLAGS_CALL 0x202ull
#define RFLAGS_TF   0x100ull

struct call {
    uint32_t number;
    void (*run)(struct thread *t);
};

#define sys_run_null          call_null
#define sys_run_exit          call_exit
#define sys_run_spawn         call_spawn
#define sys_run_thread_create call_thread_create
#define sys_run_yield         call_yield
#define sys_run_sleep         call_sleep
#define sys_run_clock         call_clock
#define sys_run_self          call_self
#define sys_run_kill          call_kill
#define sys_run_mprotect      call_mprotect
#define sys_run_munmap        call_munmap
#define sys_run_pipe2         pipe_make
#define sys_run_taskctl       call_taskctl
#define sys_run_waitpid       call_waitpid
#define sys_run_sigreturn     call_sigreturn
#define sys_run_sigaction     call_sigaction
#define sys_run_futex         call_futex
#define sys_run_attach        call_attach
#define sys_run_detach        call_detach
#define sys_run_irq_done      call_irq_done
#define sys_run_open          file_open
#define sys_run_unlink        file_unlink
#define sys_run_close         file_close
#define sys_run_dup           file_dup
#define sys_run_read          file_read
#define sys_run_write         file_write
#define sys_run_lseek         file_lseek
#define sys_run_fcall         file_fcall
#define sys_run_fmap          call_fmap
#define sys_run_dup2          file_dup2
#define sys_run_fcntl         file_fcntl
#define sys_run_fevent        file_fevent
#define sys_run_call          ipc_call
#define sys_run_reply_wait    ipc_reply_wait
#define sys_run_send          ipc_send
#define sys_run_recv          ipc_recv
#define sys_run_wait          ipc_wait
#define sys_run_receive       ipc_receive
#define sys_run_reply         ipc_reply
#define sys_run_notify        ipc_notify
#define sys_run_post          ipc_post
#define sys_run_xfer          ipc_xfer
#define sys_run_req_sys_mem   call_req_sys_mem

static const struct call calls[SYS_INDEX_MASK + 1] = {
#define X(name, cls, kind, ret, index) [index] = {SYS_##name, sys_run_##name},
    SYSCALLS(X)
#undef X
};

#define X(name, cls, kind, ret, index) +1
_Static_assert(SYSCALLS(X) <= SYS_TABLE_MAX, "at most 48 calls");
_Static_assert(!SYS_null, "no other number is that of an empty line");
#undef X

/* Class and index are those of a call, but not what goes in and comes out: the caller means it and
 * has its arguments wrong. */
static bool same_call(uint32_t known, uint32_t number)
{
    const uint32_t described = SYS_NR(0u, 0xFu, SYS_RET_FILE, 0u);

    return !((known ^ number) & ~described);
}

/* What a real-time handler may call; null the path lets through unseen, so it must be free here. */
static bool handler_may(uint32_t number)
{
    return number == SYS_irq_done || number == SYS_notify || number == SYS_null;
}

/* The call of a thread that is not like others, or a number that is none. */
static void syscall_odd(struct thread *t, const struct call *call, uint32_t number)
{
    if (t->blockers & BLOCK_DEADLINE) {
        t->deadline = t->again; /* of the call that this one is again, else 0 */
        t->again = 0;
    }
    t->rflags = RFLAGS_CALL | (t->blockers & BLOCK_TRACED ? RFLAGS_TF : 0);
    if (t->blockers & BLOCK_HANDLER && !handler_may(number))
        irq_handler_end(t, IRQ_ENDED_CALL);
    else if (call->run && call->number == number)
        call->run(t);
    else
        t->rax = (uint64_t)(call->run && same_call(call->number, number) ? -T_EINVAL : -T_ENOSYS);
}

void core_syscall(struct thread *t)
{
    uint32_t number = (uint32_t)t->rax; /* one width for the compare and the index */
    const struct call *call = &calls[number & SYS_INDEX_MASK];

    thread_normalise(t);
    if (t->blockers || call->number != number) {
        syscall_odd(t, call, number);
        return;
    }
    t->rflags = RFLAGS_CALL;
    call->run(t);
}

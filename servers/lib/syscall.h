/* SPDX-License-Identifier: MIT
 * The only place where user code enters the kernel: one forced-inline stub a system call.
 * Invariant: a stub names exactly the registers that its call reads or may change, so a loop of
 * calls compiles to the moves that it needs and nothing else. Message calls (and read, write,
 * fcall, dup, which are messages) change all eight message registers; the others change their
 * arguments. Every user program calls these, most of them through file.h and exec.h. */
#ifndef TACH_SERVERS_LIB_SYSCALL_H
#define TACH_SERVERS_LIB_SYSCALL_H

#include <stdint.h>

#include "kernel/abi/abi.h"

#define SYS_INLINE static inline __attribute__((always_inline))

/* Call with 0 to 6 arguments; result in rax: >= 0 or a negated error. */
SYS_INLINE long syscall0(uint64_t number)
{
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    return (long)number;
}

SYS_INLINE long syscall2(uint64_t number, uint64_t a, uint64_t b)
{
    __asm__ volatile("syscall" : "+a"(number), "+D"(a), "+S"(b) : : "rcx", "r11", "memory");
    return (long)number;
}

SYS_INLINE long syscall1(uint64_t number, uint64_t a)
{
    __asm__ volatile("syscall" : "+a"(number), "+D"(a) : : "rcx", "r11", "memory");
    return (long)number;
}

SYS_INLINE long syscall3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c)
                     :
                     : "rcx", "r11", "memory");
    return (long)number;
}

/* The long form takes its arguments from memory: it is for calls outside of any hot loop. */
struct syscall_args {
    uint64_t a, b, c, d, e, f;
};

SYS_INLINE long syscall6(uint64_t number, struct syscall_args x)
{
    register uint64_t d __asm__("r10") = x.d;
    register uint64_t e __asm__("r8") = x.e;
    register uint64_t f __asm__("r9") = x.f;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(x.a), "+S"(x.b), "+d"(x.c), "+r"(d), "+r"(e), "+r"(f)
                     :
                     : "rcx", "r11", "memory");
    return (long)number;
}

/* A message call over all eight words; m->caller is rdi: a TID, a descriptor or a reply token.
 * A local struct msg whose address goes nowhere else stays in registers. */
SYS_INLINE long sys_message(uint64_t number, struct msg *m)
{
    uint64_t caller = m->caller, tag = m->tag, w0 = m->w[0];
    register uint64_t w1 __asm__("r10") = m->w[1];
    register uint64_t w2 __asm__("r8") = m->w[2];
    register uint64_t w3 __asm__("r9") = m->w[3];
    register uint64_t w4 __asm__("r12") = m->w[4];
    register uint64_t w5 __asm__("r13") = m->w[5];
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(caller), "+S"(tag), "+d"(w0), "+r"(w1), "+r"(w2),
                       "+r"(w3), "+r"(w4), "+r"(w5)
                     :
                     : "rcx", "r11", "memory");
    *m = (struct msg){.tag = tag, .w = {w0, w1, w2, w3, w4, w5}, .caller = caller};
    return (long)number;
}

/* A message call whose words neither go in nor are looked at: header only. */
SYS_INLINE long sys_header(uint64_t number, uint64_t rdi, uint64_t tag)
{
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(rdi), "+S"(tag)
                     :
                     : "rdx", "r10", "r8", "r9", "r12", "r13", "rcx", "r11", "memory");
    return (long)number;
}

/* The same, but hands back rdi as received: the word to reply to. */
SYS_INLINE long sys_header_caller(uint64_t number, uint64_t *caller, uint64_t tag)
{
    uint64_t rdi = *caller;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(rdi), "+S"(tag)
                     :
                     : "rdx", "r10", "r8", "r9", "r12", "r13", "rcx", "r11", "memory");
    *caller = rdi;
    return (long)number;
}

/* MSG calls. Errors are those of the kernel; for the receiving ones rax is a kind and the sender's
 * level (msg.h). */
SYS_INLINE long sys_call(struct msg *m, uint32_t tid)
{
    m->caller = tid;
    return sys_message(SYS_call, m);
}

SYS_INLINE long sys_send(struct msg *m, uint32_t tid)
{
    m->caller = tid;
    return sys_message(SYS_send, m);
}

/* m->caller: the word to reply to as received, or 0. */
SYS_INLINE long sys_reply_wait(struct msg *m)
{
    return sys_message(SYS_reply_wait, m);
}

/* The same for an answer of at most W0 and W1: what is in the other four does not matter then. */
SYS_INLINE long sys_reply_wait_word(struct msg *m)
{
    uint64_t number = SYS_reply_wait, caller = m->caller, tag = m->tag, w0 = m->w[0];
    register uint64_t w1 __asm__("r10") = m->w[1];
    register uint64_t w2 __asm__("r8");
    register uint64_t w3 __asm__("r9");
    register uint64_t w4 __asm__("r12");
    register uint64_t w5 __asm__("r13");
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(caller), "+S"(tag), "+d"(w0), "+r"(w1), "=r"(w2),
                       "=r"(w3), "=r"(w4), "=r"(w5)
                     :
                     : "rcx", "r11", "memory");
    *m = (struct msg){.tag = tag, .w = {w0, w1, w2, w3, w4, w5}, .caller = caller};
    return (long)number;
}

SYS_INLINE long sys_reply(struct msg *m)
{
    return sys_message(SYS_reply, m);
}

SYS_INLINE long sys_recv(struct msg *m)
{
    return sys_message(SYS_recv, m);
}

SYS_INLINE long sys_receive(struct msg *m)
{
    return sys_message(SYS_receive, m);
}

/* Waits until something is there, takes nothing. */
SYS_INLINE long sys_wait(void)
{
    return sys_header(SYS_wait, 0, 0);
}

/* Zero words both ways: what the call rungs measure. */
SYS_INLINE long sys_call0(uint32_t tid)
{
    return sys_header(SYS_call, tid, 0);
}

SYS_INLINE long sys_reply_wait0(uint64_t *caller)
{
    return sys_header_caller(SYS_reply_wait, caller, 0);
}

SYS_INLINE long sys_notify(uint32_t tid, uint64_t bits)
{
    return sys_header(SYS_notify, tid, bits);
}

/* Buffered; only the tag travels. */
SYS_INLINE long sys_post(uint32_t tid, uint64_t tag)
{
    return sys_header(SYS_post, tid, tag);
}

#define XFER_PULL 0u
#define XFER_PUSH 1u
struct xfer {
    uint64_t caller, direction, offset; /* offset in the caller's buffer, bytes */
    uint64_t address, bytes;            /* here */
};

/* Moves bytes between the buffer of a blocked caller and here: bytes moved, EFAULT, EBADFD. */
SYS_INLINE long sys_xfer(const struct xfer *x)
{
    return syscall6(SYS_xfer, (struct syscall_args){x->caller, x->direction, x->offset, x->address,
                                                    x->bytes, 0});
}

/* CORE calls. */
SYS_INLINE long sys_null(void)
{
    return syscall0(SYS_null);
}

__attribute__((noreturn)) SYS_INLINE void sys_exit(uint64_t status)
{
    syscall2(SYS_exit, status, 0);
    __builtin_trap();
}

/* Ends the calling thread alone; *word becomes 1 then (0: no word). */
__attribute__((noreturn)) SYS_INLINE void sys_exit_thread(uint64_t status, uint32_t *word)
{
    syscall3(SYS_exit, status, EXIT_THREAD, (uint64_t)word);
    __builtin_trap();
}

/* *before, if it is not 0: the handler until now. EINVAL. */
SYS_INLINE long sys_sigaction(uint64_t signal, uint64_t handler, uint64_t flags, uint64_t *before)
{
    uint64_t number = SYS_sigaction;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(signal), "+S"(handler), "+d"(flags)
                     :
                     : "rcx", "r11", "memory");
    if (before && !number)
        *before = flags;
    return (long)number;
}

/* FUTEX_WAIT: 0, EAGAIN (another value), ETIMEDOUT, EINTR; FUTEX_WAKE: how many. Deadline in
 * CLOCK_NS. */
SYS_INLINE long sys_futex(uint32_t *word, uint64_t op, uint64_t value, uint64_t deadline_ns)
{
    register uint64_t d __asm__("r10") = deadline_ns;
    uint64_t number = SYS_futex, at = (uint64_t)word;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(at), "+S"(op), "+d"(value), "+r"(d)
                     :
                     : "rcx", "r11", "memory");
    return (long)number;
}

/* flags: SPAWN_* | level << 8; slot: a wanted TID slot or 0; name: see sys_name. TID or error. */
SYS_INLINE long sys_spawn(uint64_t flags, uint64_t slot, uint64_t name)
{
    return syscall3(SYS_spawn, flags, slot, name);
}

SYS_INLINE long sys_thread_create(uint64_t rip, uint64_t rsp, uint64_t argument)
{
    return syscall3(SYS_thread_create, rip, rsp, argument);
}

SYS_INLINE long sys_yield(void)
{
    return syscall0(SYS_yield);
}

/* Until CLOCK_NS reaches ns. */
SYS_INLINE long sys_sleep(uint64_t ns)
{
    return syscall1(SYS_sleep, ns);
}

SYS_INLINE uint64_t sys_clock(uint64_t which)
{
    return (uint64_t)syscall1(SYS_clock, which);
}

SYS_INLINE long sys_self(uint64_t what)
{
    return syscall1(SYS_self, what);
}

SYS_INLINE long sys_kill(uint32_t tid, uint64_t signal)
{
    return syscall2(SYS_kill, tid, signal);
}

SYS_INLINE long sys_mprotect(uint64_t address, uint64_t bytes, uint64_t prot)
{
    return syscall3(SYS_mprotect, address, bytes, prot);
}

SYS_INLINE long sys_munmap(uint64_t address, uint64_t bytes)
{
    return syscall2(SYS_munmap, address, bytes);
}

/* fds[0] reads what fds[1] writes. */
SYS_INLINE long sys_pipe2(uint64_t flags, int fds[2])
{
    uint64_t number = SYS_pipe2, pair;
    __asm__ volatile("syscall" : "+a"(number), "+D"(flags), "=d"(pair) : : "rcx", "r11", "memory");
    fds[0] = (int)(uint32_t)pair;
    fds[1] = (int)(uint32_t)(pair >> 32);
    return (long)number;
}

struct taskctl {
    uint64_t a, b, c, d;
};

SYS_INLINE long sys_taskctl(uint32_t tid, uint64_t op, struct taskctl x)
{
    return syscall6(SYS_taskctl, (struct syscall_args){tid, op, x.a, x.b, x.c, x.d});
}

#define WAIT_NO_BLOCK 1u

/* TID that died; *status: exit status, 256 + vector of a fault, 512 + signal. ECHILD, EAGAIN. */
SYS_INLINE long sys_waitpid(uint32_t tid, uint64_t flags, uint64_t *status)
{
    uint64_t number = SYS_waitpid, result;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(tid), "+S"(flags), "=d"(result)
                     :
                     : "rcx", "r11", "memory");
    *status = result;
    return (long)number;
}

/* Ends a fault handler: all registers as they were, at `resume`, or where the fault was if that is
 * 0. Comes back only with EINVAL. */
SYS_INLINE long sys_sigreturn(uint64_t resume)
{
    return syscall6(SYS_sigreturn, (struct syscall_args){0, 0, 0, 0, resume, 0});
}

/* PATH and FILE calls that are no messages. */
SYS_INLINE long sys_open(const char *path, uint64_t length, uint64_t flags)
{
    return syscall3(SYS_open, (uint64_t)path, length, flags);
}

SYS_INLINE long sys_unlink(const char *path, uint64_t length)
{
    return syscall2(SYS_unlink, (uint64_t)path, length);
}

SYS_INLINE long sys_close(int fd)
{
    return syscall1(SYS_close, (uint64_t)fd);
}

/* `at` is what `fd` is from now on. */
SYS_INLINE long sys_dup2(int fd, uint64_t at)
{
    return syscall2(SYS_dup2, (uint64_t)fd, at);
}

SYS_INLINE long sys_fcntl(int fd, uint64_t op, uint64_t flags)
{
    return syscall3(SYS_fcntl, (uint64_t)fd, op, flags);
}

/* In the queue, a descriptor of event:, `fd` is watched for mask (EVENT_*; 0: no more). 0 or an
 * error; EOPNOTSUPP: its service tells nobody. */
SYS_INLINE long sys_fevent(int queue, int fd, uint64_t mask, uint64_t data)
{
    return syscall6(SYS_fevent,
                    (struct syscall_args){(uint64_t)queue, (uint64_t)fd, mask, data, 0, 0});
}

SYS_INLINE long sys_lseek(int fd, long offset, uint64_t whence)
{
    return syscall3(SYS_lseek, (uint64_t)fd, (uint64_t)offset, whence);
}

/* Zeroed private memory; address 0: anywhere. Address or error. */
SYS_INLINE long sys_fmap(uint64_t address, uint64_t bytes, uint64_t prot_flags)
{
    return syscall6(SYS_fmap,
                    (struct syscall_args){(uint64_t)-1, address, bytes, prot_flags, 0, 0});
}

/* Memory of a descriptor's, from byte `offset` on; `at` 0: anywhere. See fmap in memory.c. */
struct fmap {
    uint64_t at, bytes, how, offset;
};

SYS_INLINE long sys_fmap_fd(int fd, struct fmap x)
{
    return syscall6(SYS_fmap,
                    (struct syscall_args){(uint64_t)fd, x.at, x.bytes, x.how, x.offset, 0});
}

/* what: a range's name as sys_name packs it, or a page aligned physical address. */
SYS_INLINE long sys_req_sys_mem(uint64_t what, uint64_t bytes, uint64_t prot)
{
    return syscall3(SYS_req_sys_mem, what, bytes, prot);
}

/* A task's name as spawn wants it: its first 8 bytes. */
static inline uint64_t sys_name(const char *text)
{
    uint64_t packed = 0;
    for (unsigned i = 0; i < 8 && text[i]; i++)
        packed |= (uint64_t)(unsigned char)text[i] << (8 * i);
    return packed;
}

/* Interrupts: see msg.h. stack and budget_ns are of AT_REALTIME. */
struct attach {
    uint64_t argument, stack, budget_ns;
};
SYS_INLINE long sys_attach(uint64_t line, uint64_t type, struct attach a)
{
    return syscall6(SYS_attach,
                    (struct syscall_args){line, type, a.argument, a.stack, a.budget_ns, 0});
}

SYS_INLINE long sys_detach(uint64_t handle)
{
    return syscall1(SYS_detach, handle);
}

SYS_INLINE long sys_irq_done(uint64_t handle)
{
    return syscall1(SYS_irq_done, handle);
}

#endif

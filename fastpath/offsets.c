/* SPDX-License-Identifier: MIT
 * What the assembly knows of C: compiled with the kernel's own flags, never linked. Each line
 * becomes
 * `%assign NAME value` in section .offsets, which objcopy turns into build/offsets.inc. */
#include "kernel/core/scheme.h"
#include "kernel/core/task.h"
#include "kernel/core/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/mitig.h"
#include "servers/service.h"

#define ASSIGN(name, value)                                                                        \
    __asm__(".pushsection .offsets,\"a\",@progbits\n\t"                                            \
            ".ascii \"%%assign " #name " %c0\\n\"\n\t"                                             \
            ".popsection" ::"i"(value))
#define FIELD(prefix, type, NAME, field) ASSIGN(prefix##_##NAME, offsetof(struct type, field))

void offsets(void);

static inline void thread_offsets(void)
{
    FIELD(THREAD, thread, RIP, rip);
    FIELD(THREAD, thread, RSP, rsp);
    FIELD(THREAD, thread, RBX, rbx);
    FIELD(THREAD, thread, RBP, rbp);
    FIELD(THREAD, thread, R14, r14);
    FIELD(THREAD, thread, R15, r15);
    FIELD(THREAD, thread, STAMP, stamp);
    FIELD(THREAD, thread, CLIENT, client);
    FIELD(THREAD, thread, TASK, task);
    FIELD(THREAD, thread, WAIT_TASK, wait_task);
    FIELD(THREAD, thread, ROOT, root);
    FIELD(THREAD, thread, FDS, fds);
    FIELD(THREAD, thread, FD_LIMIT, fd_limit);
    FIELD(THREAD, thread, TID, tid);
    FIELD(THREAD, thread, KIND_CALL, kind_call);
    FIELD(THREAD, thread, KIND_SCHEME, kind_scheme);
    FIELD(THREAD, thread, FAST_PRIO, fast_prio);
    FIELD(THREAD, thread, PRIORITY, priority);
    FIELD(THREAD, thread, BLOCKERS, blockers);
    FIELD(THREAD, thread, FRAME, frame);
    FIELD(THREAD, thread, STATE, state);
    FIELD(THREAD, thread, IN_HANDLER, in_handler);
    FIELD(THREAD, thread, SLOT, slot);
    FIELD(THREAD, thread, FAULT_REGS, fault_regs);
    FIELD(THREAD, thread, LINK, link);
}

static inline void register_offsets(void)
{
    FIELD(THREAD, thread, RAX, rax);
    FIELD(THREAD, thread, RDI, rdi);
    FIELD(THREAD, thread, RSI, rsi);
    FIELD(THREAD, thread, RDX, rdx);
    FIELD(THREAD, thread, R10, r10);
    FIELD(THREAD, thread, R8, r8);
    FIELD(THREAD, thread, R9, r9);
    FIELD(THREAD, thread, R12, r12);
    FIELD(THREAD, thread, R13, r13);
    FIELD(THREAD, thread, RCX, rcx);
    FIELD(THREAD, thread, R11, r11);
    FIELD(THREAD, thread, RFLAGS, rflags);
}

static inline void cpu_offsets(void)
{
    FIELD(CPU, cpu, CURRENT, current);
    FIELD(CPU, cpu, KERNEL_STACK, kernel_stack);
    FIELD(CPU, cpu, SCRATCH, scratch);
    FIELD(CPU, cpu, GATE, gate);
    FIELD(CPU, cpu, READY_BITS, ready_bits);
    FIELD(CPU, cpu, READY, ready);
    FIELD(CPU, cpu, TRACE_NEXT, trace_next);
    FIELD(CPU, cpu, TRACE_COUNT, trace_count);
    FIELD(CPU, cpu, TRAPS, traps);
    FIELD(CPU, cpu, CR3_WRITES, cr3_writes);
    FIELD(CPU, cpu, SELF, self);
    FIELD(CPU, cpu, KERNEL_ROOT, kernel_root);
    FIELD(CPU, cpu, MITIG, mitig);
    FIELD(CPU, cpu, MITIG_ROOT, mitig_root);
    FIELD(CPU, cpu, MITIG_SELECTOR, mitig_selector);
    ASSIGN(MITIG_VERW, MITIG_VERW);
    ASSIGN(MITIG_IBPB, MITIG_IBPB);
    ASSIGN(MITIG_RSB, MITIG_RSB);
}

static inline void object_offsets(void)
{
    FIELD(TASK, task, WAITER, waiter);
    FIELD(TASK, task, FAULT_HANDLER, fault_fast);
    FIELD(TASK, task, FAULT_STACK, fault_stack);
    FIELD(FD, fd, SCHEME, scheme);
    FIELD(FD, fd, HANDLE, handle);
    FIELD(FD, fd, FAST, fast);
    ASSIGN(FD_SIZE, sizeof(struct fd));
    ASSIGN(LIST_SIZE, sizeof(struct list));
    FIELD(SCHEME, scheme, SERVER, server);
    FIELD(SCHEME, scheme, SVC, svc);
    FIELD(SVC, svc, OPS, ops);
    FIELD(OPS, service_ops, READ, read);
    FIELD(REQ, svc_req, HANDLE, handle);
    FIELD(REQ, svc_req, COUNT, count);
    FIELD(REQ, svc_req, OFFSET, offset);
    FIELD(REQ, svc_req, WORDS, words);
    FIELD(REQ, svc_req, CALLER, caller);
    FIELD(REQ, svc_req, WHO, who);
    FIELD(REQ, svc_req, SHORTS, shorts);
    ASSIGN(REQ_SIZE, sizeof(struct svc_req));
    FIELD(RECORD, trace_record, THREAD, thread);
    FIELD(RECORD, trace_record, EVENT, event);
    ASSIGN(RECORD_SIZE, sizeof(struct trace_record));
}

static inline void constants(void)
{
    ASSIGN(STAMP_STEP_HIGH, STAMP_STEP >> 32);
    ASSIGN(FRAME_SYSCALL, FRAME_SYSCALL);
    ASSIGN(FRAME_FULL, FRAME_FULL);
    ASSIGN(BLOCK_TRACED, BLOCK_TRACED);
    ASSIGN(STATE_READY, THREAD_READY);
    ASSIGN(FD_FAST_SERVER, FD_FAST_SERVER);
    ASSIGN(FD_FAST_LINKED, FD_FAST_LINKED);
    ASSIGN(TID_SLOT_MASK, TID_SLOT_MASK);
    ASSIGN(MSG_INLINE_MAX, MSG_INLINE_MAX);
    ASSIGN(FILE_INLINE_MAX, FILE_INLINE_MAX);
    ASSIGN(TAG_READ_SHORT, TAG_READ_SHORT);
    ASSIGN(TAG_READ_LONG_LOW, TAG_READ_LONG & 0xFFFF); /* 31 bits are all that fits here */
    ASSIGN(TAG_READ_LONG_HIGH, TAG_READ_LONG >> 16);
    ASSIGN(FD_FAST_LONG, FD_FAST_LONG);
    ASSIGN(MSG_SIZE_MAX, MSG_SIZE_MAX);
    ASSIGN(OP_READ, OP_read);
    ASSIGN(O_RDONLY, O_RDONLY);
    ASSIGN(KIND_NOTIFY, KIND_NOTIFY);
    ASSIGN(TRACE_RING_BYTES, sizeof(trace_ring));
#define X(name, cls, kind, ret, index) ASSIGN(SYS_##name, SYS_##name);
    SYSCALLS(X)
#undef X
#define X(name, value, arg, aux) ASSIGN(EV_##name, value);
    EVENTS(X)
#undef X
}

void offsets(void)
{
    thread_offsets();
    register_offsets();
    cpu_offsets();
    object_offsets();
    constants();
}

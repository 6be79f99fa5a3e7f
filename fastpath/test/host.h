/* SPDX-License-Identifier: MIT
 * The seam between C and host.asm: the registers before and after one run of the path in this
 * process, and what the stand-ins for privileged instructions saw. */
#ifndef TACH_FASTPATH_TEST_HOST_H
#define TACH_FASTPATH_TEST_HOST_H

#include <stdint.h>

struct host_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
};

enum host_way {
    WAY_NONE,
    WAY_USER,  /* left by SYSRET */
    WAY_C,     /* called core_syscall */
    WAY_IRET,  /* left by IRETQ: host_out.rsp is its frame */
    WAY_TRAP,  /* came to trap_user */
    WAY_MEMORY /* called ipc_memory_call */
};

extern struct host_regs host_in, host_out;
extern uint32_t host_way;
extern uint32_t host_switches; /* barriers between tasks */
extern uint32_t host_exit;     /* 1: the exit in force was taken after C */
extern uint64_t host_gs;       /* 0: user's; all ones: the kernel's */
extern uint64_t host_roots, host_root[8], host_root_reads, host_cr3; /* CR3: writes, reads, value */
extern uint64_t host_cr2, host_tsc;

/* Once: points the GS base there and makes a fault of the path an ordinary failure. */
void host_prepare(void *gs);

/* Runs the path from this entry with host_in. */
void host_enter(void (*entry)(void));

/* service_read in C, called as the kernel calls a service that destroys every register it may. */
struct svc;
struct svc_req;
long host_service_read(struct svc *self, struct svc_req *req);
long service_read(struct svc *self, struct svc_req *req);

extern void (*const entry_table[24])(void);
void fault_entry_0(void);
void fault_entry_1(void);

#endif

/* SPDX-License-Identifier: MIT
 * What the trap stubs hand to C, and the counters of what C swallows. Called by trap.asm only,
 * interrupts off, with the kernel's GS and page tables. */
#ifndef TACH_HAL_TRAP_H
#define TACH_HAL_TRAP_H

#include "kernel/hal/thread.h"

/* The registers at a trap out of ring 0, or on an IST stack, in the order of the stack. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Out of ring 3: t is the current thread, its registers are in its block. */
void hal_trap(struct thread *t, uint64_t vector, uint64_t error);

/* Out of ring 0: an interrupt while idle, or a broken kernel (panic). root: CR3 at the trap. */
void hal_trap_kernel(struct trap_frame *frame, uint64_t root);

/* NMI, #MC, #DF, and #DB out of ring 0; may have come at any instruction. Faults nowhere. */
void hal_trap_paranoid(struct trap_frame *frame, uint64_t root);

/* The IRETQ of an exit faulted: a fault of t, whose block still holds what it was to load. */
void hal_trap_iret(struct thread *t, uint64_t vector, uint64_t error);

/* Write watchpoint of 8 bytes (aligned) on the user address; 0 removes it. */
void debug_watch(uint64_t address);

extern uint64_t trap_nmi_count;       /* NMIs taken */
extern uint64_t trap_debug_count;     /* #DB that hit ring 0 and was swallowed */
extern uint64_t trap_iret_count;      /* IRETQs fixed up */
extern uint64_t trap_spurious_count;  /* spurious vectors, and interrupts through unused gates */
extern uint64_t trap_interrupt_count; /* interrupts of devices and of the timer */

/* From the scheduler: the timer's interrupt. */
void sched_timer(void);

#endif

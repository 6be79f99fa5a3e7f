/* SPDX-License-Identifier: MIT
 * The register file that a handler interrupts: kept in the kernel while the handler runs, so that
 * sigreturn has nothing to forge. For faults and signals; interrupts off. */
#ifndef TACH_CORE_FRAME_H
#define TACH_CORE_FRAME_H

#include "kernel/core/task.h"

/* All registers of t as user mode would see them now, in the order of struct thread's fault_regs.
 */
void frame_save(const struct thread *t, uint64_t regs[FRAME_REGS]);

/* How a handler begins: everything else is zero. */
struct frame_entry {
    vaddr_t rip, stack;
    uint64_t rdi, rsi, rdx, r10;
};
void frame_enter(struct thread *t, const struct frame_entry *entry);

/* The registers as saved, by IRET; `resume` in the place of rip if it is not 0. */
void frame_restore(struct thread *t, const uint64_t regs[FRAME_REGS], vaddr_t resume);

/* Where a handler's stack begins when it goes on below the interrupted one: under its red zone. */
vaddr_t frame_stack(const struct thread *t);

#endif

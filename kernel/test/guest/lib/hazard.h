/* SPDX-License-Identifier: MIT
 * What hazard.asm offers: one instruction sequence a function. */
#ifndef TACH_KERNEL_TEST_HAZARD_H
#define TACH_KERNEL_TEST_HAZARD_H

#include "kernel/test/guest/lib/catch.h"

#define FLAGS_CONSTANT 0x202ull
#define FLAG_TF        0x100ull
#define FLAG_DF        0x400ull
#define FLAG_IOPL      0x3000ull
#define FLAG_NT        0x4000ull
#define FLAG_AC        0x40000ull
#define FLAG_ID        0x200000ull
#define FLAGS_KEPT     0xCD5ull /* what survives a trap and its sigreturn, beside TF */
#define SEL_CODE       0x2Bu
#define SEL_DATA       0x23u

#define VECTOR_DB 1u
#define VECTOR_BP 3u
#define VECTOR_UD 6u
#define VECTOR_GP 13u
#define VECTOR_PF 14u

uint64_t flags_call(struct guest_regs *regs);
void flags_ud(uint64_t flags);
void flags_bp(uint64_t flags);
void flags_pf(uint64_t flags);
void poison_ud(uint64_t value);
void poison_pf(uint64_t value);
long stack_call(uint64_t rsp);
void stack_ud(uint64_t rsp);
void shadow_syscall(uint64_t watched);
void shadow_null(uint64_t watched);
void shadow_bp(uint64_t watched);
void shadow_ud(uint64_t watched);
void shadow_int(uint64_t watched);
void shadow_none(uint64_t watched);
void step_body(uint64_t number);
void step_entry(uint64_t number);
extern char step_first[], step_syscall[], step_after[], step_after_2[], step_end[];
void thread_registers(uint64_t regs);
void segment_gs(uint64_t selector);
void segment_fs(uint64_t selector);
void segment_ds(uint64_t selector);
void segment_es(uint64_t selector);
void segment_ss(uint64_t selector);
void far_return(uint64_t selector);
void far_iret(uint64_t selector);
void iret_flags(uint64_t flags);
void popf_flags(uint64_t flags);
extern uint64_t catch_flags_kept;
void attempt_rdmsr(uint64_t number);
void attempt_wrmsr(uint64_t number);
void attempt_in(uint64_t port);
void attempt_out(uint64_t port);
void attempt_ins(uint64_t port);
void attempt_outs(uint64_t port);

/* Privileged instructions, ended by a zero code. */
struct attempt {
    void (*code)(uint64_t unused);
    uint64_t vectors; /* a bit for each that is right */
    const char *name;
};
extern const struct attempt attempts[];

#endif

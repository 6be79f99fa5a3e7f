/* SPDX-License-Identifier: MIT
 * See frame.h. What goes back into the registers was saved here or by the fault entry; the exits
 * mask the flags and choose the selectors themselves. */
#include "kernel/core/frame.h"

#include "kernel/hal/mem.h"
#include "kernel/hal/sched.h"

#define RFLAGS_CALL 0x202ull
#define RFLAGS_TF   0x100ull
#define RED_ZONE    128u
#define RIP         15u

/* A thread that steps must leave the kernel by IRET, with its own flags. */
static void stepping(struct thread *t)
{
    bool on = t->rflags & RFLAGS_TF;

    t->blockers = (uint8_t)(on ? t->blockers | BLOCK_TRACED : t->blockers & ~BLOCK_TRACED);
    sched_gate(t);
}

void frame_save(const struct thread *t, uint64_t regs[FRAME_REGS])
{
    bool call = t->frame == FRAME_SYSCALL; /* rcx and r11 are not in the block then */
    uint64_t steps = t->blockers & BLOCK_TRACED ? RFLAGS_TF : 0;
    const uint64_t now[FRAME_REGS] = {t->rax,
                                      t->rbx,
                                      call ? t->rip : t->rcx,
                                      t->rdx,
                                      t->rsi,
                                      t->rdi,
                                      t->rbp,
                                      t->r8,
                                      t->r9,
                                      t->r10,
                                      call ? RFLAGS_CALL : t->r11,
                                      t->r12,
                                      t->r13,
                                      t->r14,
                                      t->r15,
                                      t->rip,
                                      call ? RFLAGS_CALL | steps : t->rflags,
                                      t->rsp};

    memcpy(regs, now, sizeof(now));
}

static void load(struct thread *t, const uint64_t *r)
{
    t->rax = r[0], t->rbx = r[1], t->rcx = r[2], t->rdx = r[3], t->rsi = r[4], t->rdi = r[5];
    t->rbp = r[6], t->r8 = r[7], t->r9 = r[8], t->r10 = r[9], t->r11 = r[10], t->r12 = r[11];
    t->r13 = r[12], t->r14 = r[13], t->r15 = r[14], t->rip = r[RIP], t->rflags = r[16],
    t->rsp = r[17];
}

void frame_enter(struct thread *t, const struct frame_entry *entry)
{
    const uint64_t r[FRAME_REGS] = {
        [3] = entry->rdx,   [4] = entry->rsi,   [5] = entry->rdi,   [9] = entry->r10,
        [RIP] = entry->rip, [16] = RFLAGS_CALL, [17] = entry->stack};

    load(t, r);
    t->frame = FRAME_SYSCALL; /* rcx and r11 are rip and flags, as from a system call */
    stepping(t);
}

void frame_restore(struct thread *t, const uint64_t regs[FRAME_REGS], vaddr_t resume)
{
    load(t, regs);
    if (resume)
        t->rip = resume;
    t->frame = FRAME_FULL;
    stepping(t);
}

vaddr_t frame_stack(const struct thread *t)
{
    return (t->rsp - RED_ZONE) & ~15ull;
}

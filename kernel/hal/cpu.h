/* SPDX-License-Identifier: MIT
 * Per-CPU state, reached through GS in the kernel. It lies in the CPU's entry area, which the user
 * page tables map too, so it holds nothing secret. Only its own CPU touches it, interrupts off. */
#ifndef TACH_HAL_CPU_H
#define TACH_HAL_CPU_H

#include "kernel/hal/thread.h"

#define READY_LEVELS 32
#define TIMER_NEVER  (~0ull)

#define ODD_RESCHED 0x1 /* the slice of current ran out */
#define ODD_LOADED  0x2 /* fs_base or watch is not 0 */
#define ODD_HANDLER 0x4 /* handler is not 0 */

struct cpu {
    /* line 0: the assembly path */
    struct thread *current; /* never 0; thread_none while idle */
    uint64_t kernel_stack;  /* top */
    uint64_t scratch[4];    /* entry code only, between two of its own instructions */
    uint8_t gate; /* best ready priority + 1, 0: none; 255: current may not use the fast path */
    uint8_t odd;  /* ODD_*: the way out of the kernel has more to look at */
    uint16_t index;
    uint32_t ready_bits; /* bit p: ready[p] is not empty */
    /* line 1: trace variants only */
    struct trace_record *trace_next; /* where the next record goes */
    uint64_t traps, cr3_writes;
    uint64_t trace_count;
    struct cpu *self;
    uint64_t kernel_root; /* the boot root: no user half */
    /* mitigations, for the variants that look at them: see mitig.h */
    uint64_t mitig_root;     /* root of the space whose predictions are in the CPU; 0: nobody's */
    uint16_t mitig_selector; /* VERW's operand: a data segment */
    uint8_t mitig;           /* MITIG_* in force */
    struct list ready[READY_LEVELS];
    /* the scheduler alone */
    struct list deadlines;      /* by rising deadline */
    uint64_t slice_full;        /* TSC ticks of a whole slice */
    uint64_t slice_end;         /* TSC at which the slice under way ends; 0 there is none */
    uint64_t halts;             /* times that the CPU had nothing to run and halted */
    uint64_t armed;             /* TSC for which the timer is set, or TIMER_NEVER */
    struct thread *fs_owner;    /* whose fs_base is loaded; 0: it is 0 */
    uint64_t fs_base;           /* as loaded */
    uint64_t watch;             /* as loaded in DR0 */
    struct thread *slice_owner; /* whose turn it is in that slice */
    uint8_t slice_level;        /* the priority whose threads take turns by it */
    struct thread *handler;     /* the real-time handler that runs, 0 none */
    uint64_t budget_end;        /* TSC at which it has run long enough */
};

/* The running CPU's state. Kernel mode with the kernel's GS only; the host's tests have their own.
 */
#if __STDC_HOSTED__
struct cpu *cpu_this(void);
#else
static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu;
    __asm__("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(offsetof(struct cpu, self)));
    return cpu;
}
#endif

#endif

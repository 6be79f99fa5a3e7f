/* SPDX-License-Identifier: MIT
 * The tables behind irq.h, shared by irq.c (interrupts and their acknowledgement) and
 * irq_attach.c (who is attached). */
#ifndef TACH_CORE_IRQ_TABLE_H
#define TACH_CORE_IRQ_TABLE_H

#include "kernel/core/irq.h"
#include "kernel/hal/irq.h"

#define IRQ_ATTACHMENTS  32u
#define IRQ_HANDLE_INDEX 0xFFu
#define IRQ_HANDLE_STEP  0x100u
#define IRQ_HANDLE_MASK  0x3FFFFFFFu /* a result, never an error */
#define AT_FILE          3u          /* beside AT_*: a file of irq: */
#define IRQ_WINDOW_NS    1000000ull
#define IRQ_WINDOW_SHARE 2u /* a part of the window that all budgets together may take */

struct attachment {
    struct list link; /* at its line */
    bool used, owes;
    bool watched; /* AT_FILE: somebody asked for readiness */
    uint8_t type, line;
    uint32_t handle;      /* index 7:0, generation above: a detached one matches nothing */
    struct task *task;    /* AT_FILE: 0 */
    uint64_t bits;        /* AT_NOTIFY */
    uint64_t fresh;       /* interrupts since the last acknowledgement */
    struct list sleepers; /* AT_THREAD, AT_FILE */
    /* AT_REALTIME */
    struct thread *handler;
    vaddr_t entry, stack;
    uint64_t budget, started, window;   /* TSC ticks; TSC at its start and at the window's */
    uint32_t window_count, window_most; /* runs in the window */
};

struct irq_line {
    struct list attached;
    uint64_t count, taken, raised;
    bool masked;
    bool pending; /* IRQ_SOFT: raised while masked */
};

extern struct irq_line irq_lines[IRQ_LINES_ALL];
extern struct attachment irq_table[IRQ_ATTACHMENTS];
extern uint64_t irq_stray_count, irq_ended_count[IRQ_ENDED_STORM + 1];

/* The attachment of that handle, or 0. */
struct attachment *irq_find(uint64_t handle);

void irq_line_mask(unsigned line);
/* Lets the line in again where nobody stands against it: a level stays up until all have served
 * their device. */
void irq_line_open(unsigned line);

/* For those who wait by a call: acknowledges what they took before, takes what came since. */
uint64_t irq_take(struct attachment *a);

/* Those who wait execute their call again, and find what came. */
void irq_sleepers_wake(struct attachment *a);

/* Ends the attachment, and its handler if that runs. */
void irq_unattach(struct attachment *a);

#endif

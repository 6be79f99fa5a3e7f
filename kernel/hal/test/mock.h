/* SPDX-License-Identifier: MIT
 * The machine under the host tests of HAL: physical memory, a TLB, one CPU, and the hooks of each
 * test. */
#ifndef TACH_HAL_TEST_MOCK_H
#define TACH_HAL_TEST_MOCK_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/page.h"
#include "kernel/hal/vm.h"
#include "kernel/hal/x86.h"

/* Fresh memory of that many frames, filled with garbage, and boot information whose ranges leave
 * holes at both ends; nothing is initialised. */
struct bootinfo *mock_memory(uint64_t frames);

/* The loader's work: tables with an identity map, a direct map of 2 MiB pages and a kernel image of
 * 16 pages; then page_init and paging_init, which must not fail. */
struct bootinfo *mock_boot(uint64_t frames);

#define MOCK_IMAGE_PAGES 16u

/* The n-th allocation from now fails (1: the next), and all after it; 0: none does. */
extern uint64_t mock_refuse;
/* Allocations asked for since it was last set to 0. */
extern uint64_t mock_asked;

/* panic jumps here if it is set, else it ends the program. */
extern jmp_buf *mock_panic_to;
extern unsigned mock_klog_lines;

/* Address bits that CPUID tells; 0: it does not. */
extern unsigned mock_address_bits;

extern struct cpu mock_cpu;
extern uint64_t mock_tsc, mock_fs_base, mock_cr8;
/* What the timer is armed for, how often it was, and the watchpoint that is loaded. */
extern uint64_t mock_timer, mock_timer_calls, mock_watch;
/* x86_idle, core_tick and core_idle of a test; unset they are a panic, nothing, false. */
extern void (*mock_idle)(void);
extern void (*mock_tick)(struct thread *t);
extern bool (*mock_core_idle)(void);
extern struct thread *mock_left; /* by core_leave */

/* The trampoline's list: 2 text pages and 1 read-only page of the image, and CPU 0's area. */
#define MOCK_TRAMP_PAGES 7u

/* The CPU remembers va of the present root, as it would after a use of it in this root. */
void mock_touch(vaddr_t va);

/* Kernel to user mode and back, with the root of this space: CR3 as the entry code writes it. */
void mock_exit(const struct space *s);
void mock_entry(void);

/* Memories of the TLB that the present tables contradict. */
unsigned mock_stale(void);

/* A page of the host's, with nothing behind it: whoever reads on ends the test. */
char *mock_last_page(void);

/* Reproducible. */
uint64_t mock_random(uint64_t below);

#endif

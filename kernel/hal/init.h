/* SPDX-License-Identifier: MIT
 * The initialisers that hal_main runs, in its order, where no other header names them. Each returns
 * false if the boot cannot go on. And the stamps that it takes between them. */
#ifndef TACH_HAL_INIT_H
#define TACH_HAL_INIT_H

#include <stdbool.h>
#include <stdint.h>

/* CPUID into hal_config; what the kernel cannot do without. */
bool cpu_identify(void);

/* Boot words into hal_config. After the boot information was checked. */
bool config_read(void);

/* Control registers: protections on, floating point off. After the identity map is gone. */
bool cpu_protect(void);

/* The boot CPU's own pages, segments, interrupt stacks and IDT. */
bool cpu_local(void);

/* System call MSRs, entry and exit. */
bool cpu_syscall(void);

/* True once cpu_this works. */
bool cpu_is_local(void);

/* True while the trace variants of entry and exit are in force. */
extern bool hal_tracing;

/* Whether page faults may go to user handlers by the fast path; it has no stamps. */
extern bool hal_fault_fast;

/* TSC after each initialiser, and how many there were. */
#define HAL_INIT_MAX 16u
extern uint64_t hal_init_stamp[HAL_INIT_MAX];
extern unsigned hal_init_count;
/* TSC at hal_main's first instruction. */
extern uint64_t hal_entry_stamp;

#endif

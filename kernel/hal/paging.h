/* SPDX-License-Identifier: MIT
 * The kernel half of all page tables. It is the loader's, without the identity map; its PML4 slots
 * 256..511 are the template of every kernel root. What is added later lies in slot 511, whose
 * tables all roots share, so it is seen everywhere at once. Called by the initialisers and vm.c. */
#ifndef TACH_HAL_PAGING_H
#define TACH_HAL_PAGING_H

#include "kernel/hal/vm.h"

struct bootinfo;

/* Takes the loader's tables and drops the identity map. EINVAL: they lack the kernel or the direct
 * map. After page_init; CR3 holds the boot root afterwards. */
WARN_UNUSED enum err paging_init(const struct bootinfo *boot);

/* The boot root: the kernel half alone. */
paddr_t paging_boot_root(void);

/* Maps `bytes` of device registers at physical `base`, uncached, for good. Returns the address of
 * the first byte, or 0 when there is no memory or no room, or the CPU has no such addresses. */
void *paging_map_device(paddr_t base, uint64_t bytes);

/* The same for memory of a device whose writes may be combined and come late: a screen's pixels. */
void *paging_map_combining(paddr_t base, uint64_t bytes);

/* Makes the pages [start, end) of the kernel's image read-only, there and in the direct map.
 * EINVAL: not mapped by 4 KiB pages; ENOMEM: no table to split a page of the direct map. */
WARN_UNUSED enum err paging_protect_ro(vaddr_t start, vaddr_t end);

/* Windows (FDS_BASE.., MODULE_BASE..): maps one owned frame at a page of them, in all roots at
 * once, with PROT_*, never writable and executable. EINVAL: not in a window, not aligned or no such
 * rights; EEXIST; ENOMEM: no table (the frame stays the caller's on every error). Interrupts off.
 */
WARN_UNUSED enum err paging_map(vaddr_t at, paddr_t frame, unsigned prot);

/* Takes the page away and gives its frame back to the caller, 0: none was there. Every TLB entry
 * of it is gone then, whatever PCID made it. The tables stay. */
paddr_t paging_unmap(vaddr_t at);

/* Maps the entry area and the kernel stack of CPU `index` at PERCPU_AREA(index), with guards, and
 * fills in struct cpu what does not change: self, index, kernel_stack, kernel_root;
 * current is thread_none. ENOMEM (a boot fails then: nothing is undone). */
WARN_UNUSED enum err percpu_map(unsigned index);

#endif

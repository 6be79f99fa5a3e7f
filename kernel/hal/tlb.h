/* SPDX-License-Identifier: MIT
 * What the CPU remembers of a space, and how it is made to forget. Without PCID only the active
 * space can be remembered, and with isolation the user root's part goes at each exit by itself.
 * With PCID a space has a pair of identifiers, pcid and pcid | CR3_USER_PCID, and both outlive a
 * change of CR3. Own CPU, interrupts off. Called by vm.c. */
#ifndef TACH_HAL_TLB_H
#define TACH_HAL_TLB_H

#include "kernel/hal/vm.h"

/* Gives a new space its PCID, with nothing stale under it, and sets its exit_root. */
void tlb_assign(struct space *s);

/* The same space after isolation was switched: other roots, nothing of before in the TLB. */
void tlb_isolate(struct space *s);

/* Leaves the space if it is the active one (the boot root is loaded), forgets all of it, and takes
 * its PCID back. Its tables may be freed afterwards. */
void tlb_release(struct space *s);

/* Forgets one page and the tables on the way to it, in both roots. Before its frame is freed. */
void tlb_drop(struct space *s, vaddr_t va);

#endif

/* SPDX-License-Identifier: MIT
 * PCIDs and flushes. A PCID belongs to one space at a time, except PCID_SHARED: it serves all
 * spaces for which there was none left, and is flushed at each exit. PCID 0 is the boot root's.
 * INVPCID is there whenever hal_config.pcid is set. */
#include "kernel/hal/tlb.h"

#include "kernel/hal/cpu.h"
#include "kernel/hal/hal.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/x86.h"

#define PCID_SHARED     2047u
#define INVPCID_ADDRESS 0
#define INVPCID_WHOLE   1
#define PCID_WORD(pcid) ((pcid) / 64)
#define PCID_BIT(pcid)  (1ull << (pcid) % 64)

static uint64_t pcid_used[PCID_WORD(PCID_SHARED) + 1];
static uint16_t pcid_next = 1;

static void pcid_flush(uint16_t pcid)
{
    x86_invpcid(INVPCID_WHOLE, pcid, 0);
    x86_invpcid(INVPCID_WHOLE, pcid | CR3_USER_PCID, 0);
}

/* The next free one (it was flushed when it became free), so that a PCID rests as long as possible.
 */
static uint16_t pcid_alloc(void)
{
    for (unsigned tries = 1; tries < PCID_SHARED; tries++) {
        uint16_t pcid = pcid_next;
        pcid_next = pcid_next + 1 == PCID_SHARED ? 1 : (uint16_t)(pcid_next + 1);
        if (!(pcid_used[PCID_WORD(pcid)] & PCID_BIT(pcid))) {
            pcid_used[PCID_WORD(pcid)] |= PCID_BIT(pcid);
            return pcid;
        }
    }
    return PCID_SHARED;
}

/* With isolation off a switch flushes the PCID that it goes to: what was cached under the other
 * rules is gone. */
static uint64_t exit_root(const struct space *s)
{
    uint64_t root = s->kernel_root | s->pcid;

    if (!hal_config.pti)
        return root;
    root |= CR3_USER_BIT | (s->pcid ? CR3_USER_PCID : 0);
    return s->pcid && s->pcid != PCID_SHARED ? root | CR3_NOFLUSH : root;
}

void tlb_assign(struct space *s)
{
    s->pcid = hal_config.pcid || hal_config.hot_pcid ? pcid_alloc() : 0;
    s->exit_root = exit_root(s);
}

void tlb_isolate(struct space *s)
{
    s->exit_root = exit_root(s);
    if (s->pcid)
        pcid_flush(s->pcid);
    else if ((x86_read_cr3() & CR3_FRAME_MASK) == s->kernel_root)
        x86_write_cr3(s->kernel_root);
}

void tlb_release(struct space *s)
{
    if ((x86_read_cr3() & CR3_FRAME_MASK) == s->kernel_root)
        x86_write_cr3(paging_boot_root());
    cpu_this()->mitig_root = 0; /* a root's frame may come back as another space's */
    if (s->pcid) {
        pcid_flush(s->pcid);
        pcid_used[PCID_WORD(s->pcid)] &= ~PCID_BIT(s->pcid);
    }
    s->pcid = 0;
}

void tlb_drop(struct space *s, vaddr_t va)
{
    s->seen = s->seen_write = SEEN_NONE;
    if (s->pcid) {
        x86_invpcid(INVPCID_ADDRESS, s->pcid, va);
        x86_invpcid(INVPCID_ADDRESS, s->pcid | CR3_USER_PCID, va);
    } else if ((x86_read_cr3() & CR3_FRAME_MASK) == s->kernel_root) {
        x86_invlpg(va);
    }
}

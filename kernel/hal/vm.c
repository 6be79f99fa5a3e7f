/* SPDX-License-Identifier: MIT
 * Address spaces. The tables of the user half hang from both roots of the pair, so a change is made
 * once; only PML4 entries are written twice, the kernel root's with NX when isolation is on: a
 * kernel exit that forgets to change the root cannot run user code. A table has one reference and
 * one more for each entry in use, so an empty one is seen and freed at once. A leaf keeps the
 * rights that it may ever get, or a page shared for reading could be made writable by its guest.
 * Called by CORE; interrupts off. */
#include "kernel/hal/vm.h"

#include "kernel/hal/hal.h"
#include "kernel/hal/mem.h"
#include "kernel/hal/page.h"
#include "kernel/hal/paging.h"
#include "kernel/hal/ptwalk.h"
#include "kernel/hal/tlb.h"
#include "kernel/hal/tramp.h"

#include "kernel/abi/msg.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
/* What of a leaf has nothing to do with rights. */
#define LEAF_KEPT        (PT_FRAME | PT_LAZY | PT_FOREIGN | PT_UNCACHED)
#define SPACE_FIND_START 0x100000000ull /* above what programs are linked to */

bool user_range(vaddr_t a, uint64_t bytes)
{
    return a < USER_END && bytes <= USER_END - a;
}

static bool pages_valid(vaddr_t va, uint64_t bytes)
{
    return bytes && (va | bytes) % PAGE_SIZE == 0 && va >= USER_MIN && user_range(va, bytes);
}

/* What W or X implies is said here, once. */
static unsigned prot_complete(unsigned prot)
{
    return prot & (PROT_WRITE | PROT_EXEC) ? prot | PROT_READ : prot;
}

/* Without any right a leaf is not present, but still owned. */
static uint64_t leaf_bits(unsigned prot, unsigned ceiling)
{
    uint64_t leaf = PT_OWNED | (uint64_t)ceiling << PT_CEILING_SHIFT;
    if (prot)
        leaf |= PT_PRESENT | PT_USER | PT_USED_HW;
    if (prot & PROT_WRITE)
        leaf |= PT_WRITE;
    if (!(prot & PROT_EXEC))
        leaf |= PT_NX;
    return leaf;
}

/* Without its frame a lazy leaf keeps the bits, but for that of its presence. */
static uint64_t bits_lazy(uint64_t bits)
{
    return (bits & ~PT_PRESENT) | PT_LAZY;
}

static bool leaf_unfilled(uint64_t leaf)
{
    return (leaf & PT_LAZY) && !(leaf & PT_FRAME);
}

/* An absent leaf has no bit of user mode, unless it is one that is still to be filled. */
static unsigned leaf_prot(uint64_t leaf)
{
    if (!(leaf & PT_USER))
        return PROT_NONE;
    return PROT_READ | (leaf & PT_WRITE ? PROT_WRITE : 0) | (leaf & PT_NX ? 0 : PROT_EXEC);
}

static unsigned leaf_ceiling(uint64_t leaf)
{
    return (unsigned)(leaf >> PT_CEILING_SHIFT) & PROT_ALL;
}

enum err space_init(struct space *s)
{
    paddr_t root = page_alloc_pair();
    if (!root)
        return T_ENOMEM;
    uint64_t *kernel = page_pointer(root), *user = page_pointer(root | PAGE_SIZE);
    const uint64_t *boot = page_pointer(paging_boot_root());
    memcpy(kernel + PT_USER_SLOTS, boot + PT_USER_SLOTS, PAGE_SIZE / 2);
    user[PT_SLOTS - 1] = tramp_entry();
    *s = (struct space){
        .kernel_root = root, .brk = SPACE_FIND_START, .seen = SEEN_NONE, .seen_write = SEEN_NONE};
    tlb_assign(s);
    return OK;
}

void space_isolate(struct space *s)
{
    uint64_t *kernel = page_pointer(s->kernel_root);
    for (unsigned i = 0; i < PT_USER_SLOTS; i++)
        if (kernel[i] & PT_PRESENT)
            kernel[i] = hal_config.pti ? kernel[i] | PT_NX : kernel[i] & ~PT_NX;
    tlb_isolate(s);
}

/* Writes the table entry of va at a level; in both roots if that is the top. */
static void entry_set(const struct space *s, vaddr_t va, uint64_t *path[PT_LEVELS], unsigned level)
{
    uint64_t entry = *path[level];
    if (level != PT_LEVELS - 1)
        return;
    uint64_t *user = page_pointer(s->kernel_root | PAGE_SIZE);
    user[pt_index(va, level)] = entry;
    if (entry && hal_config.pti)
        *path[level] = entry | PT_NX;
}

/* Enters a leaf whose place is empty, with the tables that it needs. All memory is found before
 * anything is changed. ENOMEM. */
static enum err leaf_add(struct space *s, vaddr_t va, uint64_t leaf)
{
    uint64_t *path[PT_LEVELS];
    paddr_t tables[PT_LEVELS] = {0};
    unsigned top = pt_walk(s->kernel_root, va, path);
    for (unsigned level = top; level > 0; level--) {
        tables[level] = page_alloc();
        if (!tables[level]) {
            while (++level <= top)
                page_unref(tables[level]);
            return T_ENOMEM;
        }
    }
    for (unsigned level = top;; level--) {
        *path[level] = level ? tables[level] | PT_TABLE | PT_USER : leaf;
        entry_set(s, va, path, level);
        if (level < PT_LEVELS - 1)
            page_ref(*path[level + 1] & PT_FRAME);
        if (level == 0)
            break;
        path[level - 1] = (uint64_t *)page_pointer(tables[level]) + pt_index(va, level - 1);
    }
    s->pages++;
    return OK;
}

/* Removes an owned leaf and the tables that it leaves empty. Nothing is freed before the CPU has
 * forgotten it: a stale walk would read, and set accessed bits in, somebody else's frame. */
static void leaf_drop(struct space *s, vaddr_t va)
{
    uint64_t *path[PT_LEVELS];
    paddr_t dead[PT_LEVELS];
    unsigned count = 0, level = pt_walk(s->kernel_root, va, path);
    uint64_t leaf = *path[level];
    if (!leaf_unfilled(leaf) && !(leaf & PT_FOREIGN))
        dead[count++] = leaf & PT_FRAME;
    *path[level] = 0;
    while (++level < PT_LEVELS) {
        paddr_t table = *path[level] & PT_FRAME;
        page_unref(table);
        if (page_refs(table) > 1)
            break;
        dead[count++] = table;
        *path[level] = 0;
        entry_set(s, va, path, level);
    }
    tlb_drop(s, va);
    while (count)
        page_unref(dead[--count]);
    s->pages--;
    s->lazy -= (leaf & PT_LAZY) != 0;
}

static void range_drop(struct space *s, vaddr_t va, vaddr_t end)
{
    for (; pt_next(s->kernel_root, &va, end); va += PAGE_SIZE)
        leaf_drop(s, va);
}

static bool range_empty(const struct space *s, vaddr_t va, uint64_t bytes)
{
    return !pt_next(s->kernel_root, &va, va + bytes);
}

/* The owned leaf of va, or 0. */
static uint64_t *leaf_find(const struct space *s, vaddr_t va)
{
    return pt_next(s->kernel_root, &va, va + 1);
}

void space_destroy(struct space *s)
{
    tlb_release(s);
    range_drop(s, USER_MIN, USER_END);
    page_free_pair(s->kernel_root);
    *s = (struct space){.seen = SEEN_NONE, .seen_write = SEEN_NONE};
}

enum err space_map(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    if (!pages_valid(va, bytes) || prot & ~PROT_ALL)
        return T_EINVAL;
    if (!range_empty(s, va, bytes))
        return T_EEXIST;
    if (bytes / PAGE_SIZE > page_free_count())
        return T_ENOMEM; /* before all of it is cleared, interrupts off, in vain */
    uint64_t bits = leaf_bits(prot_complete(prot), PROT_ALL);
    for (vaddr_t at = va; at < va + bytes; at += PAGE_SIZE) {
        paddr_t page = page_alloc();
        if (page && leaf_add(s, at, page | bits) == OK)
            continue;
        if (page)
            page_unref(page);
        range_drop(s, va, at);
        return T_ENOMEM;
    }
    return OK;
}

enum err space_map_lazy(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    if (!pages_valid(va, bytes) || prot & ~PROT_ALL)
        return T_EINVAL;
    if (!range_empty(s, va, bytes))
        return T_EEXIST;
    uint64_t bits = bits_lazy(leaf_bits(prot_complete(prot), PROT_ALL));
    for (vaddr_t at = va; at < va + bytes; at += PAGE_SIZE) {
        if (leaf_add(s, at, bits) == OK) {
            s->lazy++;
            continue;
        }
        range_drop(s, va, at);
        return T_ENOMEM;
    }
    return OK;
}

enum err space_fill(const struct space *s, vaddr_t va, unsigned prot)
{
    if (va < USER_MIN || va >= USER_END)
        return T_EFAULT;
    uint64_t *leaf = leaf_find(s, va & ~(PAGE_SIZE - 1));
    if (!leaf || !leaf_unfilled(*leaf) || prot_complete(prot) & ~leaf_prot(*leaf))
        return T_EFAULT;
    paddr_t page = page_alloc();
    if (!page)
        return T_ENOMEM;
    /* it was absent, so no CPU remembers anything of it; without rights it stays so */
    *leaf |= page | (*leaf & PT_USER ? PT_PRESENT : 0);
    return OK;
}

enum err space_map_frame(struct space *s, vaddr_t va, const struct page_grant *g)
{
    unsigned prot = prot_complete(g->prot), ceiling = prot_complete(g->ceiling);
    uint64_t leaf = g->frame | leaf_bits(prot, ceiling);
    if (!pages_valid(va, PAGE_SIZE) || (prot | ceiling) & ~PROT_ALL || prot & ~ceiling)
        return T_EINVAL;
    if (leaf_find(s, va))
        return T_EEXIST;
    if (!g->foreign && page_refs(g->frame) >= PAGE_REFS_MAX)
        return T_ENOMEM;
    leaf |= (g->foreign ? PT_FOREIGN : 0) | (g->uncached ? PT_UNCACHED : 0);
    enum err e = leaf_add(s, va, leaf);
    if (!e && !g->foreign)
        page_ref(g->frame);
    return e;
}

uint64_t space_leaf(const struct space *s, vaddr_t va, bool user_root)
{
    uint64_t *path[PT_LEVELS];
    unsigned level = pt_walk(s->kernel_root | (user_root ? PAGE_SIZE : 0), va, path);
    return *path[level] & PT_PRESENT ? *path[level] : 0;
}

static bool search(const struct space *s, vaddr_t start, uint64_t bytes, vaddr_t *va)
{
    while (start <= USER_END && bytes <= USER_END - start) {
        vaddr_t at = start;
        if (!pt_next(s->kernel_root, &at, start + bytes)) {
            *va = start;
            return true;
        }
        start = at + PAGE_SIZE;
    }
    return false;
}

enum err space_find(struct space *s, uint64_t bytes, vaddr_t *va)
{
    if (!bytes)
        return T_EINVAL;
    if (bytes > USER_END)
        return T_ENOMEM;
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (!search(s, s->brk, bytes, va) && !search(s, SPACE_FIND_START, bytes, va))
        return T_ENOMEM;
    s->brk = *va + bytes + PAGE_SIZE; /* a hole after each mapping: overruns fault */
    return OK;
}

/* The rights that a share asks for must be there on each page now; and one frame can be counted a
 * limited number of times only. */
static enum err share_check(const struct share *h, unsigned prot)
{
    for (uint64_t done = 0; done < h->bytes; done += PAGE_SIZE) {
        const uint64_t *leaf = leaf_find(h->src, h->from + done);
        if (!leaf)
            return T_EFAULT;
        if (prot & ~leaf_prot(*leaf) || *leaf & PT_FOREIGN)
            return T_EACCES;
        if (leaf_unfilled(*leaf) && space_fill(h->src, h->from + done, PROT_NONE))
            return T_ENOMEM;
        if (prot & PROT_EXEC && leaf_prot(*leaf) & PROT_WRITE)
            return T_EACCES;
    }
    return range_empty(h->dst, h->to, h->bytes) ? OK : T_EEXIST;
}

/* What is code elsewhere is never writable again where it came from. */
static void ceilings_lower(const struct share *h)
{
    for (uint64_t done = 0; done < h->bytes; done += PAGE_SIZE) {
        *leaf_find(h->src, h->from + done) &= ~((uint64_t)PROT_WRITE << PT_CEILING_SHIFT);
        tlb_drop(h->src, h->from + done);
    }
}

enum err space_share(const struct share *h)
{
    if (!pages_valid(h->to, h->bytes) || !pages_valid(h->from, h->bytes) || h->prot & ~PROT_ALL)
        return T_EINVAL;
    unsigned prot = prot_complete(h->prot);
    enum err e = share_check(h, prot);
    if (e)
        return e;
    for (uint64_t done = 0; done < h->bytes; done += PAGE_SIZE) {
        paddr_t page = *leaf_find(h->src, h->from + done) & PT_FRAME;
        if (page_refs(page) < PAGE_REFS_MAX &&
            leaf_add(h->dst, h->to + done, page | leaf_bits(prot, prot)) == OK) {
            page_ref(page);
            continue;
        }
        range_drop(h->dst, h->to, h->to + done);
        return T_ENOMEM;
    }
    if (prot & PROT_EXEC)
        ceilings_lower(h);
    return OK;
}

enum err space_protect(struct space *s, vaddr_t va, uint64_t bytes, unsigned prot)
{
    if (!pages_valid(va, bytes) || prot & ~PROT_ALL)
        return T_EINVAL;
    prot = prot_complete(prot);
    for (vaddr_t at = va; at < va + bytes; at += PAGE_SIZE) {
        const uint64_t *leaf = leaf_find(s, at);
        if (!leaf)
            return T_EFAULT;
        if (prot & ~leaf_ceiling(*leaf))
            return T_EACCES;
    }
    for (vaddr_t at = va; at < va + bytes; at += PAGE_SIZE) {
        uint64_t *leaf = leaf_find(s, at);
        uint64_t bits = leaf_bits(prot, leaf_ceiling(*leaf));
        *leaf = (*leaf & LEAF_KEPT) | (leaf_unfilled(*leaf) ? bits_lazy(bits) : bits);
        tlb_drop(s, at);
    }
    return OK;
}

enum err space_unmap(struct space *s, vaddr_t va, uint64_t bytes)
{
    if (!pages_valid(va, bytes))
        return T_EINVAL;
    range_drop(s, va, va + bytes);
    return OK;
}

uint64_t space_count_wx(const struct space *s)
{
    uint64_t count = 0;
    vaddr_t va = USER_MIN;
    for (uint64_t *leaf; (leaf = pt_next(s->kernel_root, &va, USER_END)) != 0; va += PAGE_SIZE)
        if ((leaf_prot(*leaf) & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC))
            count++;
    return count;
}
